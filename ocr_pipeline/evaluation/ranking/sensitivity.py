"""Whether the best backend depends on the scoring rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from ocr_pipeline.evaluation.ranking.pairwise import HEADLINE, Comparison


@dataclass(frozen=True, kw_only=True)
class RuleSensitivity:
    """The best backend for a field under one set of rules, whether its lead is luck, and whether the headline's rules agree.
    Columns as in the table `rule_sensitivity`."""

    dataset: str
    field: str
    rules: str
    best: str | None
    second: str
    difference: float
    p_holm: float
    significant: bool
    winner_changes: bool
    significance_changes: bool


def rule_sensitivity(comparisons: Iterable[Comparison]) -> list[RuleSensitivity]:
    """Find out whether the best backend depends on the rules. One row per data set, field and rules, the headline's first.

    Motivation: SROIE predictions in which two systems differ in `total` by exact cents (p = 0.0008), but not within 1 %
    (p = 0.46).
    """
    groups: dict[tuple[str, str], dict[str, list[Comparison]]] = {}
    for row in comparisons:
        if row.difference is not None:
            groups.setdefault((row.dataset, row.field), {}).setdefault(row.rules, []).append(row)
    rows = []
    for by_rules in groups.values():
        if HEADLINE not in by_rules:
            continue
        headline = _lead(by_rules[HEADLINE])
        for rules in (HEADLINE, *(name for name in by_rules if name != HEADLINE)):
            lead = _lead(by_rules[rules])
            best = lead.backend_a if lead.difference else None
            rows.append(
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
    return rows


def _lead(rows: Sequence[Comparison]) -> Comparison:
    """Comparison of the best backend (as A) with the next one. Best: most pairs won, then the sum of its leads."""
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
