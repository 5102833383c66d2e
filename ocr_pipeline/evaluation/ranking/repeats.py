"""How far the scores of a backend vary if its model is asked again, and what that says about a lead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.scoring.repeats import RepeatScore
from ocr_pipeline.evaluation.statistics.counts import Counts

_ROUNDING = 1e-9
"""Of differences that are equal on paper."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """One field of one backend over several answers about the same documents. Columns as in the table `repeat_spread`.

    `f1_first` is the F1 of the answer that is scored everywhere else, on the documents that were asked about repeatedly.
    """

    dataset: str
    backend: str
    field: str
    repeats: int
    documents: int
    differing: int
    f1_first: float | None
    f1_mean: float | None
    f1_min: float | None
    f1_max: float | None

    @property
    def width(self) -> float:
        """F1 of the best answers minus F1 of the worst."""
        return (self.f1_max or 0.0) - (self.f1_min or 0.0)

    @property
    def share_differing(self) -> float:
        return self.differing / self.documents


def spreads(scores: Iterable[RepeatScore]) -> list[Spread]:
    """Sum up repeats by data set, backend and field, all fields together first.

    Only documents with the highest number of answers of their backend count, so that every answer is judged on the same ones.
    """
    groups: dict[tuple[str, str], list[RepeatScore]] = defaultdict(list)
    for score in scores:
        groups[score.dataset, score.backend].append(score)
    return [row for (dataset, backend), of in sorted(groups.items()) for row in _of_backend(dataset, backend, of)]


def _of_backend(dataset: str, backend: str, scores: Sequence[RepeatScore]) -> list[Spread]:
    answers: dict[str, set[int]] = defaultdict(set)
    for score in scores:
        answers[score.document_id].add(score.repeat)
    repeats = max(len(numbers) for numbers in answers.values())
    kept = [score for score in scores if len(answers[score.document_id]) == repeats]
    fields = dict.fromkeys(score.field for score in kept)
    by_field = {ALL_FIELDS: [score for score in kept if score.in_all]}
    by_field |= {field: [score for score in kept if score.field == field] for field in fields}
    rows = []
    for field, of_field in by_field.items():
        f1 = _f1_by_repeat(of_field)
        known = [value for value in f1.values() if value is not None]
        rows.append(
            Spread(
                dataset=dataset,
                backend=backend,
                field=field,
                repeats=repeats,
                documents=len({score.document_id for score in of_field}),
                differing=len({score.document_id for score in of_field if score.differs}),
                f1_first=f1.get(1),
                f1_mean=fmean(known) if known else None,
                f1_min=min(known, default=None),
                f1_max=max(known, default=None),
            )
        )
    return [row for row in rows if row.documents]


def _f1_by_repeat(scores: Sequence[RepeatScore]) -> dict[int, float | None]:
    counts: dict[int, Counts] = defaultdict(Counts)
    for score in scores:
        counts[score.repeat] += score.counts
    return {repeat: of_repeat.f1 for repeat, of_repeat in counts.items()}


def within_noise(
    difference: float | None, backends: Sequence[str], spread_of: Mapping[str, Spread]
) -> tuple[str, float] | None:
    """The backend whose own answers differ at least as much in F1 as two backends do, and by how much; None: the difference
    is larger than that.

    Args:
        difference: in F1, 0..1.
        spread_of: of the same data set and field, by backend. Backends without repeats have none.
    """
    widths = [(spread_of[name].width, name) for name in backends if name in spread_of]
    if difference is None or not difference or not widths:
        return None
    width, name = max(widths)
    return (name, width) if abs(difference) <= width + _ROUNDING else None
