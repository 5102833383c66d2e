"""What is accepted without a look, what is to be looked at, and how accepted documents turned out when they were checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.evaluation.statistics.proof import lower_bound, upper_bound
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.review import AcceptanceRow, ReviewRow

DRAWN = "accepted; drawn for a check"
"""Why an accepted document is to be looked at."""


@dataclass(frozen=True, kw_only=True)
class AcceptedErrors:
    """Documents that were accepted without a label and got one later. Once drawn ones are among them only these count: others
    are not a fair sample of what was accepted.

    `low` and `high`: bounds of their error rate, each one-sided with 95 % confidence.
    """

    dataset: str
    backend: str
    target: float
    checked: int
    wrong: int
    low: float
    high: float

    @property
    def is_above(self) -> bool:
        """Whether more is wrong than was promised, beyond luck."""
        return self.low > self.target

    @property
    def sentence(self) -> str:
        documents = f"{self.checked} accepted document{'s' * (self.checked != 1)} checked later"
        return f"{documents}: {self.wrong} wrong, {self.low:.1%} to {self.high:.1%} with 95 % confidence each way"


@dataclass(frozen=True, kw_only=True)
class ReviewSet:
    """One data set. `rows`: to be looked at first. `proofs`: the chosen one first."""

    dataset: str
    backend: str
    rows: Sequence[ReviewRow]
    proofs: Sequence[AcceptanceRow]
    checked: AcceptedErrors | None

    @property
    def chosen(self) -> AcceptanceRow:
        """What documents are accepted by."""
        return next(row for row in self.proofs if row.is_choice)

    @property
    def waiting(self) -> list[ReviewRow]:
        """Documents without a label that a person should look at, and accepted ones that are drawn for a check."""
        open_rows = [row for row in self.rows if not row.labelled]
        return [row for row in open_rows if row.status != "accepted"] + [row for row in open_rows if row.sampled]

    @property
    def accepted(self) -> int:
        """Accepted documents without a label."""
        return sum(row.status == "accepted" and not row.labelled for row in self.rows)

    @property
    def unlabelled(self) -> int:
        return sum(not row.labelled for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Reviews:
    """The reviews of data sets by name. `notice`: what is out of date."""

    sets: Sequence[ReviewSet]
    notice: str | None


def reviews(reader: Reader, scoring: Scoring, dataset: str | None = None) -> Reviews:
    """What the last run decided. `dataset`: only this one."""
    filters = {} if dataset is None else {"dataset": dataset}
    rows, proofs = tables.review.review(reader, filters), tables.review.acceptances(reader, filters)
    checked = {(row.dataset, row.backend): row for row in _errors(rows, proofs)}
    sets = [
        ReviewSet(
            dataset=row.dataset,
            backend=row.backend,
            rows=[other for other in rows if other.dataset == row.dataset],
            proofs=[other for other in proofs if other.dataset == row.dataset],
            checked=checked.get((row.dataset, row.backend)),
        )
        for row in proofs
        if row.is_choice
    ]
    states = tables.current.states(reader, scoring)
    outdated = any(
        not states.is_current(row.dataset, row.backend, computed_at=row.computed_at) for row in proofs if row.is_choice
    )
    return Reviews(sets=sets, notice=states.notice(dataset, outdated=outdated))


def accepted_errors(reader: Reader) -> list[AcceptedErrors]:
    """How documents that were accepted turned out, by data set with any that were checked."""
    return _errors(tables.review.review(reader, {}), tables.review.acceptances(reader, {}))


def _errors(rows: Sequence[ReviewRow], proofs: Sequence[AcceptanceRow]) -> list[AcceptedErrors]:
    targets = {(row.dataset, row.backend): row.target for row in proofs if row.is_choice}
    by_set: dict[tuple[str, str], list[ReviewRow]] = {}
    for row in rows:
        if row.accepted_right is not None:
            by_set.setdefault((row.dataset, row.backend), []).append(row)
    return [_counted(key, of_set, targets) for key, of_set in by_set.items() if key in targets]


def _counted(
    key: tuple[str, str], rows: Sequence[ReviewRow], targets: Mapping[tuple[str, str], float]
) -> AcceptedErrors:
    drawn = [row for row in rows if row.sampled] or rows
    wrong, checked = sum(not row.accepted_right for row in drawn), len(drawn)
    return AcceptedErrors(
        dataset=key[0],
        backend=key[1],
        target=targets[key],
        checked=checked,
        wrong=wrong,
        low=lower_bound(wrong, checked),
        high=upper_bound(wrong, checked),
    )
