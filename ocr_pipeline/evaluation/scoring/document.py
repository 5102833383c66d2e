"""One document: its label compared with what a backend extracted."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from ocr_pipeline.evaluation.scoring.comparators import FieldValue
from ocr_pipeline.evaluation.scoring.fields import FieldScore, compare_field, read_printed
from ocr_pipeline.evaluation.scoring.line_items import ListName, RowScore, entries_of, score_list
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, Rules
from ocr_pipeline.schemas import Extraction, Label


def score_document(
    label: Label,
    extraction: Extraction | None,
    rules: Rules = DEFAULT_RULES,
    *,
    printed: Mapping[str, str] | None = None,
    day_first: bool | None = None,
) -> list[FieldScore]:
    """Score every labelled single-valued field, in display order. Fields that the label does not mention are left out.

    `extraction` is None for a failed document: every value of its label is missing, so that a backend cannot gain by
    failing. `printed` is the text that a date was taken from, by field, and `day_first` the order of the data set.
    """
    predicted = type(label.invoice)() if extraction is None else extraction.invoice
    rules = rules.of(label.invoice)
    unreadable = {} if extraction is None else extraction.unreadable
    scores = []
    for field in label.labelled_fields:
        truth = getattr(label.invoice, field)
        score = compare_field(
            rules.kind_of(field),
            truth,
            getattr(predicted, field),
            _alternatives(label, field),
            field=field,
            tolerance=rules.tolerance_of(field),
            alternatives_from=rules.alternatives_from(field),
            metrics=rules.metrics_of(field),
            unreadable=unreadable.get(field),
        )
        if printed and score.kind == "date" and score.prediction is not None and field in printed:
            truth_date = date.fromisoformat(score.truth) if score.truth else None
            reads = read_printed(printed[field], truth_date, day_first=day_first)
            score = replace(score, printed=printed[field], printed_reads=reads)
        scores.append(score)
    return scores


def score_lists(
    label: Label, extraction: Extraction | None, rules: Rules = DEFAULT_RULES
) -> dict[ListName, list[RowScore]]:
    """Score the lists of which the label has at least one row; all rows of a failed document are missing."""
    predicted = type(label.invoice)() if extraction is None else extraction.invoice
    rules = rules.of(label.invoice)
    return {
        name: score_list(name, truth, entries_of(predicted, name), rules, columns)
        for name, columns in label.invoice.LISTS.items()
        if (truth := entries_of(label.invoice, name))
    }


def _alternatives(label: Label, field: str) -> list[FieldValue]:
    """Parse alternatives with the model of the values, as they are written like its values; an empty one accepts nothing."""
    model = type(label.invoice)
    values = [getattr(model.model_validate({field: text}), field) for text in label.alternatives.get(field, [])]
    return [value for value in values if value is not None]
