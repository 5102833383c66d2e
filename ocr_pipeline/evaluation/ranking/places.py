"""Evidence scores of backends summed up, per field and over all fields."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.scoring.places import AS_VALUE, PlaceOutcome
from ocr_pipeline.evaluation.statistics.counts import Counts, Outcome, array_of
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1, wilson
from ocr_pipeline.evaluation.statistics.rates import high, low, rate


class StoredPlace(NamedTuple):
    """The evidence of one value as the table `evidence_scores` holds it. `field` is its path."""

    document_id: str
    dataset: str
    backend: str
    field: str
    outcome: PlaceOutcome
    value_outcome: Outcome
    page_right: bool | None


@dataclass(frozen=True, kw_only=True)
class EvidenceSummary:
    """The evidence of one backend for one field of a data set. Columns as in the table `leaderboard_evidence`."""

    dataset: str
    backend: str
    field: str
    documents: int
    n: int
    found: int
    elsewhere: int
    no_box: int
    spurious: int
    precision: float | None
    recall: float | None
    f1: float | None
    f1_low: float | None
    f1_high: float | None
    pages: int
    page_accuracy: float | None
    right_values: int
    right_elsewhere: int
    elsewhere_rate: float | None
    elsewhere_low: float | None
    elsewhere_high: float | None


def summarise_places(places: Iterable[StoredPlace], *, seed: int = 0) -> list[EvidenceSummary]:
    """Sum up every data set and backend: all single values together first, then each field, then each column of the lists."""
    groups: dict[tuple[str, str], dict[str, list[StoredPlace]]] = defaultdict(lambda: defaultdict(list))
    for place in places:
        of_group = groups[place.dataset, place.backend]
        parts = place.field.split(".")
        if len(parts) == 1:
            of_group[ALL_FIELDS].append(place)
        of_group[f"{parts[0]}.{parts[-1]}" if len(parts) > 1 else place.field].append(place)
    summaries = []
    for (dataset, backend), by_field in sorted(groups.items()):
        names = sorted(by_field, key=lambda name: (name != ALL_FIELDS, "." in name))
        summaries += [_summary(dataset, backend, name, by_field[name], seed) for name in names]
    return summaries


def _summary(dataset: str, backend: str, field: str, places: Sequence[StoredPlace], seed: int) -> EvidenceSummary:
    by_document: dict[str, list[Outcome]] = defaultdict(list)
    for place in places:
        by_document[place.document_id].append(AS_VALUE[place.outcome])
    documents = [Counts.of(outcomes) for outcomes in by_document.values()]
    counts, interval = sum(documents, Counts()), bootstrap_f1(array_of(documents), seed=seed)
    pages = [place.page_right for place in places if place.page_right is not None]
    right = [place for place in places if place.value_outcome == "correct" and place.outcome in ("found", "elsewhere")]
    elsewhere = sum(place.outcome == "elsewhere" for place in right)
    bounds = wilson(elsewhere, len(right))
    return EvidenceSummary(
        dataset=dataset,
        backend=backend,
        field=field,
        documents=len(documents),
        n=counts.labelled,
        found=counts.correct,
        elsewhere=counts.wrong,
        no_box=counts.missing,
        spurious=counts.spurious,
        precision=counts.precision,
        recall=counts.recall,
        f1=counts.f1,
        f1_low=low(interval),
        f1_high=high(interval),
        pages=len(pages),
        page_accuracy=rate(sum(pages), len(pages)),
        right_values=len(right),
        right_elsewhere=elsewhere,
        elsewhere_rate=rate(elsewhere, len(right)),
        elsewhere_low=low(bounds),
        elsewhere_high=high(bounds),
    )
