"""Which of two backends is better, by how much, and whether it is luck: every pair on the documents that both ran on."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS, Outcomes
from ocr_pipeline.evaluation.ranking.outcomes import HEADLINE as HEADLINE
from ocr_pipeline.evaluation.statistics.counts import PARTS, f1_terms, quotient
from ocr_pipeline.evaluation.statistics.intervals import MIN_DOCUMENTS
from ocr_pipeline.evaluation.statistics.rates import high, low
from ocr_pipeline.evaluation.statistics.significance import (
    ALPHA,
    PAIRED_RESAMPLES,
    holm,
    mcnemar,
    percentile_interval,
    randomization_p,
    resampled_sums,
    swapped_sums,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ocr_pipeline.evaluation.ranking.outcomes import Flags
    from ocr_pipeline.evaluation.statistics.significance import Floats


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two backends on one field of one data set, or on all fields together. A difference is A minus B. Columns as in the table
    `comparisons`.

    p is corrected within the question that was asked: `p_holm` for "which of all backends differ?" (all pairs on this field),
    `p_fields` for "how do these two differ?" (all fields of this pair; all fields together are one test).
    """

    dataset: str
    field: str
    rules: str
    backend_a: str
    backend_b: str
    documents: int
    n: int
    f1_a: float | None
    f1_b: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    disagree: int
    a_better: int
    b_better: int
    test: Literal["mcnemar", "randomization"]
    p: float
    p_holm: float
    p_fields: float

    @property
    def significant(self) -> bool:
        """Whether one of the two is better beyond luck, when all pairs are looked at."""
        return bool(self.difference) and self.p_holm < ALPHA

    def swapped(self) -> "Comparison":
        """Exchange A and B."""
        return replace(
            self,
            backend_a=self.backend_b,
            backend_b=self.backend_a,
            f1_a=self.f1_b,
            f1_b=self.f1_a,
            difference=_minus(self.difference),
            difference_low=_minus(self.difference_high),
            difference_high=_minus(self.difference_low),
            a_better=self.b_better,
            b_better=self.a_better,
        )


def _minus(value: float | None) -> float | None:
    return None if value is None else 0.0 - value


def compare_backends(outcomes: Outcomes, *, rules: str = HEADLINE, seed: int = 0) -> list[Comparison]:
    """Compare every pair of backends, all fields together first. Pairs without a common document are left out.

    `rules` only names the result. Fewer than 5 documents with a value give no interval.
    """
    ran = outcomes.ran()
    groups: dict[bytes, tuple[Flags, list[tuple[int, int]]]] = {}
    for a, b in combinations(range(len(outcomes.backends)), 2):
        common = ran[a] & ran[b]
        if common.any():
            groups.setdefault(common.tobytes(), (common, []))[1].append((a, b))
    rows: list[Comparison] = []
    for common, pairs in groups.values():  # usually one group: all backends on all documents
        rows += _compare_pairs(outcomes.only(common), pairs, rules, seed)
    order = {field: number for number, field in enumerate((ALL_FIELDS, *outcomes.fields))}
    rows.sort(key=lambda row: (order[row.field], row.backend_a, row.backend_b))
    return _corrected(rows)


def compare_under_rules(levels: Mapping[str, Outcomes], *, seed: int = 0) -> list[Comparison]:
    """Compare under several rules. `levels`: the outcomes of one data set by name of the rules, including `HEADLINE`.

    Of other rules than the headline's, only the fields that they change are returned: the rest would be repeated. Holm's
    correction covers the tests of one set of rules.
    """
    headline = levels[HEADLINE]
    comparisons = []
    for rules, outcomes in levels.items():
        changed = {
            field
            for index, field in enumerate(outcomes.fields)
            if rules == HEADLINE or (outcomes.codes[..., index] != headline.codes[..., index]).any()
        }
        if changed:
            rows = compare_backends(outcomes, rules=rules, seed=seed)
            comparisons += [row for row in rows if row.field in changed or row.field == ALL_FIELDS]
    return comparisons


class _Resampled(NamedTuple):
    """Arrays over the backends of `_compare_pairs`; the last field is all of them together."""

    terms: "NDArray[np.int64]"
    """(backends, documents, fields, 2): numerator and denominator of F1."""
    sums: "Floats"
    """(backends, fields, 2): their sums over the documents."""
    f1: "Floats"
    """(backends, fields)."""
    f1_drawn: "Floats"
    """(resamples, backends, fields): F1 of documents drawn with replacement."""
    swapped: "Floats"
    """(resamples, pairs, 2): what A loses and B gains if the two change places in documents drawn by a coin."""


def _compare_pairs(part: Outcomes, pairs: Sequence[tuple[int, int]], rules: str, seed: int) -> list[Comparison]:
    import numpy as np

    used = sorted({backend for pair in pairs for backend in pair})
    place = {backend: number for number, backend in enumerate(used)}
    places = [(place[first], place[second]) for first, second in pairs]
    counts, right, scored = part.counts()[used], part.right()[used], part.codes[used] > 0
    labelled = np.any(scored, axis=0)
    resampled = _resample(counts, places, seed)
    comparisons = []
    for number, (a, b) in enumerate(places):
        row_of = partial(
            Comparison,
            dataset=part.dataset,
            rules=rules,
            backend_a=part.backends[used[a]],
            backend_b=part.backends[used[b]],
        )
        values = counts[a, ..., PARTS.index("labelled")].sum(axis=0, dtype=np.int64)
        only_a, only_b = right[a] & ~right[b], right[b] & ~right[a]
        for index, field in enumerate(part.fields):
            if not np.any(labelled[:, index]):
                continue
            a_better, b_better = int(only_a[:, index].sum()), int(only_b[:, index].sum())
            p = mcnemar(a_better, b_better)
            comparisons.append(
                row_of(
                    field=field,
                    documents=int(labelled[:, index].sum()),
                    n=int(values[index]),
                    **_f1_columns(resampled, a, b, index),
                    disagree=a_better + b_better,
                    a_better=a_better,
                    b_better=b_better,
                    test="mcnemar",
                    p=p,
                    p_holm=p,
                    p_fields=p,
                )
            )
        ahead = only_a.sum(axis=1) - only_b.sum(axis=1)
        p = _randomization(resampled, number, a, b)
        comparisons.append(
            row_of(
                field=ALL_FIELDS,
                documents=len(part.documents),
                n=int(values.sum()),
                **_f1_columns(resampled, a, b, -1),
                disagree=int(np.any(only_a | only_b, axis=1).sum()),
                a_better=int((ahead > 0).sum()),
                b_better=int((ahead < 0).sum()),
                test="randomization",
                p=p,
                p_holm=p,
                p_fields=p,
            )
        )
    return comparisons


def _resample(counts: "NDArray[np.int8]", places: Sequence[tuple[int, int]], seed: int) -> _Resampled:
    """Draw the samples of all backends and pairs at once. `counts`: (backends, documents, fields, 3)."""
    import numpy as np

    terms = _f1_terms(counts)
    backends, documents, fields, _ = terms.shape
    drawn = resampled_sums(terms.transpose(1, 0, 2, 3).reshape(documents, -1), seed=seed)
    sums = terms.sum(axis=1, dtype=np.int64).astype(float)
    swapped = swapped_sums(np.concatenate([terms[a, :, -1] - terms[b, :, -1] for a, b in places], axis=1), seed=seed)
    return _Resampled(
        terms=terms,
        sums=sums,
        f1=quotient(sums),
        f1_drawn=quotient(drawn.reshape(PAIRED_RESAMPLES, backends, fields, 2)),
        swapped=swapped.reshape(PAIRED_RESAMPLES, len(places), 2),
    )


class _F1Columns(TypedDict):
    f1_a: float | None
    f1_b: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None


def _f1_columns(resampled: _Resampled, a: int, b: int, index: int) -> _F1Columns:
    """F1 of both, and the difference with its interval. `index`: of the field."""
    f1_a, f1_b = _known(resampled.f1[a, index]), _known(resampled.f1[b, index])
    with_value = int((resampled.terms[a, :, index, 1] + resampled.terms[b, :, index, 1] > 0).sum())
    differences = resampled.f1_drawn[:, a, index] - resampled.f1_drawn[:, b, index]
    interval = percentile_interval(differences) if with_value >= MIN_DOCUMENTS else None
    return {
        "f1_a": f1_a,
        "f1_b": f1_b,
        "difference": None if f1_a is None or f1_b is None else f1_a - f1_b,
        "difference_low": low(interval),
        "difference_high": high(interval),
    }


def _randomization(resampled: _Resampled, number: int, a: int, b: int) -> float:
    """p of the pair `number` over all fields together."""
    observed = float(resampled.f1[a, -1] - resampled.f1[b, -1])
    if observed != observed:
        return 1.0
    sums, swapped = resampled.sums, resampled.swapped[:, number]
    return randomization_p(observed, quotient(sums[a, -1] - swapped) - quotient(sums[b, -1] + swapped))


def _f1_terms(counts: "NDArray[np.int8]") -> "NDArray[np.int64]":
    """Numerator and denominator of F1 per backend, document and field; the last field is all of them together."""
    import numpy as np

    terms = f1_terms(counts)
    return np.concatenate([terms, terms.sum(axis=2, keepdims=True)], axis=2)


def _known(value: "np.float64") -> float | None:
    return None if value != value else float(value)


def _corrected(rows: Sequence[Comparison]) -> list[Comparison]:
    """Correct each p within both families that it belongs to."""
    over_pairs = _by_family(rows, lambda row: row.field)
    over_fields = _by_family(rows, lambda row: (row.backend_a, row.backend_b, row.field == ALL_FIELDS))
    return [
        replace(row, p_holm=pairs, p_fields=fields)
        for row, pairs, fields in zip(rows, over_pairs, over_fields, strict=True)
    ]


def _by_family(rows: Sequence[Comparison], family_of: Callable[[Comparison], Hashable]) -> list[float]:
    """Holm's correction of each row within its family, in the order of the rows."""
    families: dict[Hashable, list[int]] = {}
    for number, row in enumerate(rows):
        families.setdefault(family_of(row), []).append(number)
    corrected = [1.0] * len(rows)
    for members in families.values():
        for number, p in zip(members, holm([rows[number].p for number in members]), strict=True):
            corrected[number] = p
    return corrected
