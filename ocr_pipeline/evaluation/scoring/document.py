"""One document: its label compared with what a backend extracted."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from ocr_pipeline.document_fields import Fields
from ocr_pipeline.evaluation.scoring.comparators import FieldValue
from ocr_pipeline.evaluation.scoring.fields import FieldScore, compare_field, read_printed
from ocr_pipeline.evaluation.scoring.line_items import ListName, RowScore, entries_of, score_list
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, Rules
from ocr_pipeline.schemas import Extraction, Label


class Comparer:
    """Compares the fields of many documents by the same rules.

    Equal pairs of label and value have the same score, compared once: most pairs of a data set repeat, over documents and
    even more over backends. So the scores of a data set are few objects, which `warehouse` stores as such.
    """

    def __init__(self, rules: Rules = DEFAULT_RULES) -> None:
        self.rules = rules
        self._fields: dict[type[Fields], dict[str, _Field]] = {}

    def fields(
        self,
        label: Label,
        extraction: Extraction | None,
        *,
        printed: Mapping[str, str] | None = None,
        day_first: bool | None = None,
    ) -> list[FieldScore]:
        """Score a document as `score_document` does."""
        model = type(label.invoice)
        if model not in self._fields:
            rules = self.rules.of(label.invoice)
            self._fields[model] = {name: _Field(model, name, rules) for name in model.KINDS}
        fields = self._fields[model]
        truth = vars(label.invoice)
        predicted = vars(model() if extraction is None else extraction.invoice)
        unreadable = {} if extraction is None else extraction.unreadable
        special = {*label.alternatives, *unreadable, *(printed or ())}
        scores = []
        for name in label.labelled_fields:
            field = fields[name]
            key: _Key = (truth[name], predicted[name])
            if name in special:
                accepted, given = tuple(label.alternatives.get(name, ())), unreadable.get(name)
                key = (*key, accepted, given, printed.get(name) if printed else None, day_first)
            score = field.known.get(key)
            if score is None:
                score = field.known[key] = field.compare(*key)
            scores.append(score)
        return scores


_Key = tuple[Any, ...]
"""The arguments of `_Field.compare`."""


class _Field:
    """A field of a schema, how it is compared, and the scores of it that are known."""

    def __init__(self, model: type[Fields], name: str, rules: Rules) -> None:
        self.known: dict[_Key, FieldScore] = {}
        self._model, self._name = model, name
        self._compare = partial(
            compare_field,
            rules.kind_of(name),
            field=name,
            tolerance=rules.tolerance_of(name),
            alternatives_from=rules.alternatives_from(name),
            metrics=rules.metrics_of(name),
        )

    def compare(
        self,
        truth: FieldValue | None,
        value: FieldValue | None,
        alternatives: Sequence[str] = (),
        unreadable: str | None = None,
        printed: str | None = None,
        day_first: bool | None = None,
    ) -> FieldScore:
        accepted = self._accepted(alternatives) if alternatives else ()
        score = self._compare(truth, value, accepted, unreadable=unreadable)
        if printed is None or score.kind != "date" or score.prediction is None:
            return score
        truth_date = date.fromisoformat(score.truth) if score.truth else None
        reads = read_printed(printed, truth_date, day_first=day_first)
        return score._replace(printed=printed, printed_reads=reads)

    def _accepted(self, alternatives: Sequence[str]) -> list[FieldValue]:
        """Parse alternatives with the model of the values, as they are written like its values; an empty one accepts
        nothing."""
        values = [getattr(self._model.model_validate({self._name: text}), self._name) for text in alternatives]
        return [value for value in values if value is not None]


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
    return Comparer(rules).fields(label, extraction, printed=printed, day_first=day_first)


def score_lists(
    label: Label, extraction: Extraction | None, rules: Rules = DEFAULT_RULES
) -> dict[ListName, list[RowScore]]:
    """Score the lists of which the label has at least one row; all rows of a failed document are missing."""
    labelled = {name: entries for name in label.invoice.LISTS if (entries := entries_of(label.invoice, name))}
    if not labelled:
        return {}
    predicted = type(label.invoice)() if extraction is None else extraction.invoice
    rules, columns = rules.of(label.invoice), label.invoice.LISTS
    return {
        name: score_list(name, truth, entries_of(predicted, name), rules, columns[name])
        for name, truth in labelled.items()
    }
