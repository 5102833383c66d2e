"""Chooses net amount, tax, total and amount due so that they fit their labels and each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from ocr_pipeline.extraction.rules.candidates import Candidate, Ranked, rank

# What each fact is worth for each field. Found by hand on labelled receipts and invoices.
TOTAL_WEIGHTS = {
    "left_grand_total": 3.0,
    "left_total": 1.6,
    "clean_total": 1.2,
    "clean_total_incl": 0.6,
    "left_due": 1.2,
    "left_card": 0.6,
    "left_cash": 0.3,
    "left_incl": 1.0,
    "left_excl": -2.0,
    "left_tax": -1.5,
    "left_net": -1.2,
    "left_change": -1.5,
    "left_rounding": -1.0,
    "left_discount": -1.0,
    "left_saving": -1.5,
    "left_prepaid": -2.0,
    "left_service_charge": -1.5,
    "left_tax_summary": -0.5,
    "above_grand_total": 1.5,
    "above_total": 0.4,
    "above_tax": -0.6,
    "above_unit_price": -0.6,
    "above_tax_summary": -0.3,
    "cash_less_change": 2.0,
    "net_plus_tax": 1.2,
    "after_rounding": 0.5,
    "sum_of_column": 0.8,
    "sum_of_totals": 2.0,
    "tax_of_other": -1.5,
    "large_print": 1.0,
    "times_printed": 0.8,
    "low_on_page": 0.2,
    "largest": 0.5,
    "share_of_largest": 0.5,
    "zero": -6.0,
    "negative": -2.0,
    "repaired": -0.4,
    "corrected": -0.6,
}
NET_WEIGHTS = {
    "left_net": 2.5,
    "left_excl": 2.0,
    "left_subtotal": 1.2,
    "left_total": 0.3,
    "above_net": 1.2,
    "left_incl": -2.0,
    "left_tax": -1.0,
    "left_rounding": -2.0,
    "left_discount": -2.0,
    "left_cash": -2.0,
    "left_card": -2.0,
    "left_change": -2.0,
    "left_prepaid": -2.0,
    "left_quantity": -0.5,
    "left_due": -1.0,
    "clean_total": -0.5,
    "zero": -2.0,
    "low_on_page": 0.2,
    "corrected": -3.0,
}
TAX_WEIGHTS = {
    "left_tax": 2.2,
    "above_tax": 1.2,
    "tax_of_other": 0.8,
    "left_total": 0.3,
    "left_grand_total": -1.0,
    "left_subtotal": -1.0,
    "left_incl": -1.0,
    "left_excl": -2.0,
    "left_net": -1.5,
    "left_cash": -2.0,
    "left_card": -2.0,
    "left_change": -2.0,
    "left_rounding": -2.0,
    "left_discount": -2.0,
    "left_prepaid": -2.0,
    "left_due": -2.0,
    "above_net": -1.0,
    "zero": -0.5,
    "low_on_page": 0.2,
    "corrected": -3.0,
}
DUE_WEIGHTS = {"left_due": 2.0, "left_prepaid": -3.0, "left_tax": -2.0, "low_on_page": 0.2, "corrected": -3.0}

_CONSISTENT = 1.0
_CONTRADICTORY = -0.5
_NET_AT_LEAST = 1.0
_TAX_AT_LEAST = 1.2
_DUE_AT_LEAST = 1.2
_TOTAL_AT_LEAST = 0.5
_CONSIDERED = 6


@dataclass(frozen=True)
class Totals:
    """The chosen amounts; None where the document does not say."""

    net_amount: Ranked[Decimal] | None
    total_tax_amount: Ranked[Decimal] | None
    total_amount: Ranked[Decimal] | None
    amount_due: Ranked[Decimal] | None
    ranked: dict[str, list[Ranked[Decimal]]]
    """All candidates of each field by score."""


def choose(candidates: Sequence[Candidate[Decimal]]) -> Totals:
    """Pick the best combination: each amount by its own facts, and a bonus where net + tax = total."""
    ranked = {
        "net_amount": rank(candidates, NET_WEIGHTS),
        "total_tax_amount": rank(candidates, TAX_WEIGHTS),
        "total_amount": rank(candidates, TOTAL_WEIGHTS),
        "amount_due": rank(candidates, DUE_WEIGHTS),
    }
    totals = [entry for entry in ranked["total_amount"][:_CONSIDERED] if entry.score >= _TOTAL_AT_LEAST]
    nets = [entry for entry in ranked["net_amount"][:_CONSIDERED] if entry.score >= _NET_AT_LEAST]
    taxes = [entry for entry in ranked["total_tax_amount"][:_CONSIDERED] if entry.score >= _TAX_AT_LEAST]
    best = max(
        product([*nets, None], [*taxes, None], totals or [None]),
        key=lambda combination: _fit(*combination),
    )
    due = ranked["amount_due"][0] if ranked["amount_due"] and ranked["amount_due"][0].score >= _DUE_AT_LEAST else None
    return Totals(*best, due, ranked)


def _fit(net: Ranked[Decimal] | None, tax: Ranked[Decimal] | None, total: Ranked[Decimal] | None) -> float:
    # The total counts double: a fit of net and tax must not outvote a clearly labelled total.
    score = sum(entry.score for entry in (net, tax) if entry is not None) * 0.5 + (2 * total.score if total else 0.0)
    if net and tax and total:
        gap = abs(net.candidate.value + tax.candidate.value - total.candidate.value)
        score += _CONSISTENT if gap <= Decimal("0.05") else _CONTRADICTORY
    elif total and any(entry and abs(entry.candidate.value) > abs(total.candidate.value) for entry in (net, tax)):
        score += _CONTRADICTORY
    return score
