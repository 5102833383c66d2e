"""The scoring stage: labels and extractions in, scores of documents out. Never calls an engine or a model."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ocr_pipeline.document_fields import have_same_fields
from ocr_pipeline.evaluation.scoring.document import Comparer, score_lists
from ocr_pipeline.evaluation.scoring.fields import FieldScore
from ocr_pipeline.evaluation.scoring.line_items import ListName, RowScore
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, Rules
from ocr_pipeline.evaluation.scoring.version import label_version
from ocr_pipeline.evaluation.statistics.counts import RIGHT, Outcome, PrintedReads
from ocr_pipeline.schemas import DocumentFailure, Extraction, Label


class DocumentScores(NamedTuple):
    """Everything that one backend extracted from one document, compared with its label."""

    document_id: str
    dataset: str
    backend: str
    fields: Sequence[FieldScore]
    """One per labelled field, in display order."""
    lists: Mapping[ListName, Sequence[RowScore]]
    """One entry per labelled list."""
    schema: str = "invoice"


class StoredScore(NamedTuple):
    """One field of one document and backend, as the table `field_scores` returns it: a `FieldScore` and where it belongs.

    A tuple, because hundreds of thousands are loaded at once.
    """

    document_id: str
    dataset: str
    backend: str
    field: str
    kind: str
    truth: str | None
    prediction: str | None
    outcome: Outcome
    outcome_strict: Outcome | None = None
    outcome_lenient: Outcome | None = None
    within_0_01: bool | None = None
    within_0_05: bool | None = None
    within_1_percent: bool | None = None
    anls: float | None = None
    anls_match: bool | None = None
    printed_reads: PrintedReads | None = None
    metrics: Mapping[str, float] | None = None

    @property
    def is_right(self) -> bool:
        """Whether the value is correct, or rightly left empty."""
        return self.outcome in RIGHT


def score_backend(
    backend: str,
    labels: Mapping[str, Label],
    extractions: Mapping[str, Extraction | DocumentFailure],
    datasets: Mapping[str, str],
    rules: Rules | Comparer = DEFAULT_RULES,
    *,
    printed_dates: Mapping[str, Mapping[str, str]] | None = None,
) -> list[DocumentScores]:
    """Score every labelled document that this backend was run on. A failed document misses every value of its label.

    Args:
        datasets: the data set of each labelled document.
        rules: or what compares by them, if it is used for several backends.
        printed_dates: the text that a date was taken from, by document and field.
    """
    comparer = rules if isinstance(rules, Comparer) else Comparer(rules)
    rules = comparer.rules
    day_first = {dataset: rules.day_first(dataset) for dataset in set(datasets.values())}
    scores = []
    for document_id, result in extractions.items():
        if document_id not in labels:
            continue
        label, extraction = labels[document_id], result if isinstance(result, Extraction) else None
        if extraction is not None and not have_same_fields(extraction.invoice, label.invoice):
            continue  # it was extracted before the document got another schema, or its schema other fields
        dataset, printed = datasets[document_id], (printed_dates or {}).get(document_id)
        fields = comparer.fields(label, extraction, printed=printed, day_first=day_first[dataset])
        scores.append(
            DocumentScores(
                document_id=document_id,
                dataset=dataset,
                backend=backend,
                fields=fields,
                lists=score_lists(label, extraction, rules),
                schema=label.invoice.NAME,
            )
        )
    return scores


def label_versions(labels: Mapping[str, Label], datasets: Mapping[str, str]) -> dict[str, str]:
    """Version of the labels of every data set. `datasets`: of every document that can be scored."""
    return {
        dataset: label_version({key: labels[key] for key, value in datasets.items() if value == dataset})
        for dataset in sorted(set(datasets.values()))
    }


def labelled_datasets(labels: Mapping[str, Label], datasets: Mapping[str, str]) -> dict[str, str]:
    """Data set of every document that can be scored: its file exists and its label mentions at least one field.

    `datasets`: of every document whose file exists.
    """
    return {key: datasets[key] for key, label in labels.items() if label.labelled_fields and key in datasets}
