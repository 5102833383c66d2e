"""Which of two backends is better, by how much, and is it luck: every pair on the documents that both were run on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from ocr_pipeline.evaluation.ranking.leaderboard import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.outcomes import Outcomes
from ocr_pipeline.evaluation.statistics.intervals import MIN_DOCUMENTS, Interval
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

HEADLINE = "headline"
"""The rules that scores are made by; other names are stricter or more lenient ones."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two backends on one field of one data set, or on all fields together. A difference is A minus B."""

    dataset: str
    field: str
    rules: str
    backend_a: str
    backend_b: str
    documents: int
    """That both were run on and whose label speaks about the field. A document that failed is one of them."""
    n: int
    """Values that are labelled on these documents."""
    f1_a: float | None
    f1_b: float | None
    difference: float | None
    difference_low: float | None
    """95 % interval of the difference: percentile bootstrap over documents, the same draws for both."""
    difference_high: float | None
    disagree: int
    """Documents in which one has a value right that the other has not."""
    a_better: int
    """Documents in which A has more values right; for a single field, those that only A has right."""
    b_better: int
    test: Literal["mcnemar", "randomization"]
    """A single field: McNemar, exact. All fields: randomization of F1, as the fields of a document go together."""
    p: float
    p_holm: float
    """Corrected by Holm over all that is shown together: the pairs, or for single fields the pairs of all fields."""

    @property
    def significant(self) -> bool:
        """Whether one of the two is better, and not by luck."""
        return bool(self.difference) and self.p_holm < ALPHA

    def swapped(self) -> "Comparison":
        """The same, with B as A."""
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
    """Every pair of backends, all fields together first. Pairs without a common document are left out.

    `rules` only names the result. Fewer than 5 documents with a value give no interval.
    """
    ran = outcomes.ran()
    groups: dict[bytes, tuple[Flags, list[tuple[int, int]]]] = {}
    for a, b in combinations(range(len(outcomes.backends)), 2):
        common = ran[a] & ran[b]
        if common.any():
            groups.setdefault(common.tobytes(), (common, []))[1].append((a, b))
    found: list[Comparison] = []
    for common, pairs in groups.values():  # nearly always one group: all backends on all documents
        found += _compare_pairs(outcomes.only(common), pairs, rules, seed)
    order = {field: number for number, field in enumerate((ALL_FIELDS, *outcomes.fields))}
    found.sort(key=lambda row: (order[row.field], row.backend_a, row.backend_b))
    overall = _corrected([row for row in found if row.field == ALL_FIELDS])
    return overall + _corrected([row for row in found if row.field != ALL_FIELDS])


def compare_under_rules(levels: Mapping[str, Outcomes], *, seed: int = 0) -> list[Comparison]:
    """The comparisons under several rules: the outcomes of one data set by name of the rules, `HEADLINE` among them.

    Under other rules than the headline's, only fields that they change are in the result: the others would be repeated.
    Holm's correction is over the tests of one set of rules.
    """
    headline = levels[HEADLINE]
    found = []
    for rules, outcomes in levels.items():
        changed = {
            field
            for index, field in enumerate(outcomes.fields)
            if rules == HEADLINE or (outcomes.codes[..., index] != headline.codes[..., index]).any()
        }
        if changed:
            rows = compare_backends(outcomes, rules=rules, seed=seed)
            found += [row for row in rows if row.field in changed or row.field == ALL_FIELDS]
    return found


def _compare_pairs(part: Outcomes, pairs: Sequence[tuple[int, int]], rules: str, seed: int) -> list[Comparison]:
    import numpy as np

    used = sorted({backend for pair in pairs for backend in pair})
    place = {backend: number for number, backend in enumerate(used)}
    counts, right, scored = part.counts()[used], part.right()[used], part.codes[used] > 0
    labelled = np.any(scored, axis=0)
    parts = _f1_parts(counts)
    drawn = resampled_sums(parts.transpose(1, 0, 2, 3).reshape(len(part.documents), -1), seed=seed)
    f1_drawn = _f1(drawn.reshape(PAIRED_RESAMPLES, *parts.shape[:1], *parts.shape[2:]))
    sums = parts.sum(axis=1, dtype=np.int64).astype(float)
    f1_of = _f1(sums)
    places = [(place[first], place[second]) for first, second in pairs]
    swapped = swapped_sums(np.concatenate([parts[a, :, -1] - parts[b, :, -1] for a, b in places], axis=1), seed=seed)
    swapped = swapped.reshape(PAIRED_RESAMPLES, len(pairs), 2)

    found = []
    for number, (a, b) in enumerate(places):
        speaks = (parts[a, :, :, 1] + parts[b, :, :, 1] > 0).sum(axis=0)
        values = counts[a, ..., 2].sum(axis=0, dtype=np.int64)
        only_a, only_b = right[a] & ~right[b], right[b] & ~right[a]
        ahead = only_a.sum(axis=1) - only_b.sum(axis=1)
        for index, field in enumerate((*part.fields, ALL_FIELDS)):
            together = field == ALL_FIELDS
            if not together and not np.any(labelled[:, index]):
                continue
            differences = f1_drawn[:, a, index] - f1_drawn[:, b, index]
            enough = speaks[index] >= MIN_DOCUMENTS
            interval: Interval | None = percentile_interval(differences) if enough else None
            if together:
                a_better, b_better = int((ahead > 0).sum()), int((ahead < 0).sum())
                disagree = int(np.any(only_a | only_b, axis=1).sum())
                observed = float(f1_of[a, -1] - f1_of[b, -1])
                under_chance = _f1(sums[a, -1] - swapped[:, number]) - _f1(sums[b, -1] + swapped[:, number])
                p = 1.0 if observed != observed else randomization_p(observed, under_chance)
            else:
                a_better, b_better = int(only_a[:, index].sum()), int(only_b[:, index].sum())
                disagree = a_better + b_better
                p = mcnemar(a_better, b_better)
            f1_a, f1_b = _known(f1_of[a, index]), _known(f1_of[b, index])
            found.append(
                Comparison(
                    dataset=part.dataset,
                    field=field,
                    rules=rules,
                    backend_a=part.backends[used[a]],
                    backend_b=part.backends[used[b]],
                    documents=len(part.documents) if together else int(labelled[:, index].sum()),
                    n=int(values.sum() if together else values[index]),
                    f1_a=f1_a,
                    f1_b=f1_b,
                    difference=None if f1_a is None or f1_b is None else f1_a - f1_b,
                    difference_low=interval[0] if interval else None,
                    difference_high=interval[1] if interval else None,
                    disagree=disagree,
                    a_better=a_better,
                    b_better=b_better,
                    test="randomization" if together else "mcnemar",
                    p=p,
                    p_holm=p,
                )
            )
    return found


def _f1_parts(counts: "NDArray[np.int8]") -> "NDArray[np.int16]":
    """Numerator and denominator of F1 per backend, document and field; the last field is all of them together."""
    import numpy as np

    wide = counts.astype(np.int16)
    parts = np.stack([2 * wide[..., 0], wide[..., 1] + wide[..., 2]], axis=-1)
    return np.concatenate([parts, parts.sum(axis=2, keepdims=True, dtype=np.int16)], axis=2)


def _f1(sums: "Floats") -> "Floats":
    import numpy as np

    with np.errstate(invalid="ignore"):
        quotients: Floats = sums[..., 0] / sums[..., 1]
    return quotients


def _known(value: "np.float64") -> float | None:
    return None if value != value else float(value)


def _corrected(family: Sequence[Comparison]) -> list[Comparison]:
    corrected = holm([row.p for row in family])
    return [replace(row, p_holm=p) for row, p in zip(family, corrected, strict=True)]


# ---- rule sensitivity ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RuleSensitivity:
    """Who is best at a field under one set of rules, whether that is luck, and whether it is so under the headline's."""

    dataset: str
    field: str
    rules: str
    best: str | None
    """The backend that wins most of its pairs; None where it does not even beat the next one."""
    second: str
    difference: float
    """F1 of the best minus F1 of the second, on the documents that both were run on."""
    p_holm: float
    significant: bool
    winner_changes: bool
    """The best is another one than under the headline's rules."""
    significance_changes: bool
    """The lead of the best is significant here and not under the headline's rules, or the other way round."""


def rule_sensitivity(comparisons: Iterable[Comparison]) -> list[RuleSensitivity]:
    """Does it depend on the rules who is best? One row per data set, field and rules, those of the headline first.

    Source: the reading of SROIE predictions where two systems differ in `total` by exact cents (p = 0.0008) and do not
    within 1 % (p = 0.46).
    """
    groups: dict[tuple[str, str], dict[str, list[Comparison]]] = {}
    for row in comparisons:
        if row.difference is not None:
            groups.setdefault((row.dataset, row.field), {}).setdefault(row.rules, []).append(row)
    found = []
    for by_rules in groups.values():
        if HEADLINE not in by_rules:
            continue
        headline = _lead(by_rules[HEADLINE])
        for rules in (HEADLINE, *(name for name in by_rules if name != HEADLINE)):
            lead = _lead(by_rules[rules])
            best = lead.backend_a if lead.difference else None
            found.append(
                RuleSensitivity(
                    dataset=lead.dataset,
                    field=lead.field,
                    rules=rules,
                    best=best,
                    second=lead.backend_b,
                    difference=lead.difference or 0.0,
                    p_holm=lead.p_holm,
                    significant=lead.significant,
                    winner_changes=best != (headline.backend_a if headline.difference else None),
                    significance_changes=lead.significant != headline.significant,
                )
            )
    return found


def _lead(rows: Sequence[Comparison]) -> Comparison:
    """The comparison of the best backend with the next one, the best as A. Best: most pairs won, then by how much."""
    standing: dict[str, tuple[int, float]] = {}
    for row in (*rows, *(row.swapped() for row in rows)):
        wins, ahead = standing.get(row.backend_a, (0, 0.0))
        by = row.difference or 0.0
        standing[row.backend_a] = (wins + (by > 0), ahead + by)
    ranked = sorted(standing, key=lambda name: (standing[name], name), reverse=True)
    for best, other in combinations(ranked, 2):
        for row in rows:
            if {row.backend_a, row.backend_b} == {best, other}:
                lead = row if row.backend_a == best else row.swapped()
                return lead if (lead.difference or 0.0) >= 0 else lead.swapped()
    raise ValueError("no comparison")
