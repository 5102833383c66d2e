"""Chooses net amount, tax, total and amount due so that they fit their labels and each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product, starmap

from ocr_pipeline.extraction.rules.candidates import Candidate, Choice, Ranked, choose, rank

# The weight of each feature for each field, tuned by hand on labelled receipts and invoices.
TOTAL_WEIGHTS = {
    "left_grand_total": 3.0,
    "left_net_total": 2.0,
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
    "left_count": 0.2,
    "left_carried": -2.0,
    "left_tax_summary": -0.5,
    "above_grand_total": 1.5,
    "above_total": 0.4,
    "above_tax": -0.6,
    "above_unit_price": -0.6,
    "above_tax_summary": -0.3,
    "cash_less_change": 2.0,
    "net_plus_tax": 1.2,
    "after_rounding": 1.5,
    "before_rounding": -0.8,
    "rounded_to_coin": 1.0,
    "last_total": 0.4,
    "sum_of_column": 0.8,
    "sum_of_totals": 3.0,
    "part_of_totals": -2.0,
    "tax_of_other": -3.0,
    "large_print": 1.0,
    "times_printed": 0.8,
    "low_on_page": 0.2,
    "largest": 0.5,
    "share_of_largest": 0.5,
    "zero": -6.0,
    "zero_total": 7.0,
    "negative": -1.0,
    "other_scale": -1.5,
    "sum_of_items": 0.3,
    "repaired": -0.4,
    "corrected": -0.6,
    "corrected_by_items": 1.5,
    "corrected_net": -9.0,
    "corrected_tax": -9.0,
}
NET_WEIGHTS = {
    "left_net": 2.5,
    "left_net_total": 1.5,
    "left_excl": 2.0,
    "left_subtotal": 1.2,
    "left_total": 0.3,
    "above_net": 1.2,
    "sum_of_column": 0.8,
    "sum_of_nets": 2.5,
    "left_incl": -2.0,
    "left_tax": -1.0,
    "left_rounding": -2.0,
    "left_discount": -2.0,
    "left_cash": -2.0,
    "left_card": -2.0,
    "left_change": -2.0,
    "left_prepaid": -2.0,
    "left_count": -0.5,
    "one_of_tax_rows": -4.0,
    "left_due": -1.0,
    "clean_total": -0.5,
    "zero": -2.0,
    "zero_total": 3.0,
    "low_on_page": 0.2,
    "other_scale": -1.5,
    "corrected": -9.0,
    "corrected_tax": -9.0,
}
TAX_WEIGHTS = {
    "left_tax": 2.2,
    "above_tax": 1.2,
    "tax_of_other": 0.8,
    "sum_of_taxes": 2.5,
    "one_of_tax_rows": -4.0,
    "sum_of_column": 0.8,
    "left_total": 0.3,
    "left_grand_total": -1.0,
    "left_subtotal": -1.0,
    "left_incl": -0.2,
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
    "share_of_largest": -1.5,
    "zero": -0.5,
    "low_on_page": 0.2,
    "other_scale": -1.5,
    "corrected": -9.0,
    "corrected_net": -9.0,
}
DUE_WEIGHTS = {
    "left_due": 2.0,
    "other_scale": -1.5,
    "after_rounding": 1.5,
    "left_prepaid": -3.0,
    "left_tax": -2.0,
    "low_on_page": 0.2,
    "corrected": -9.0,
    "corrected_net": -9.0,
    "corrected_tax": -9.0,
}

_CONTRADICTORY = -0.9
_TOTAL_AT_LEAST = 0.5
_NET_AT_LEAST = 1.0
_TAX_AT_LEAST = 1.2
_DUE_AT_LEAST = 1.2
_CONSIDERED = 6
"""Candidates of each field that are combined, the best ones."""
_CALLED_NET = 0.9
_CENT_ROUNDING = Decimal("0.02")
"""The error of a sum of amounts that were each rounded to the cent."""

Amount = Ranked[Decimal]


@dataclass(frozen=True)
class _Combination:
    """A net amount, tax and total that may belong together; None if the document does not say.

    `rounding`: how much the total may differ from net + tax; the coin if cash is rounded to a coin.
    """

    net: Amount | None
    tax: Amount | None
    total: Amount | None
    rounding: Decimal

    @property
    def fits(self) -> bool | None:
        """Whether net + tax = total, or None if one is missing."""
        if self.net is None or self.tax is None or self.total is None:
            return None
        return abs(self.net.value + self.tax.value - self.total.value) <= self.rounding

    @property
    def score(self) -> float:
        # The total counts four times: a net amount and tax that fit must not outvote a clearly labelled total.
        shares = ((self.net, 0.5), (self.tax, 0.5), (self.total, 2.0))
        score = sum(share * entry.score for entry, share in shares if entry)
        if self.fits is not None:
            return score if self.fits else score + _CONTRADICTORY
        most = abs(self.total.value) if self.total else Decimal("Infinity")
        too_large = any(entry and abs(entry.value) > most for entry in (self.net, self.tax))
        return score + (_CONTRADICTORY if too_large else 0.0)


def choose_amounts(candidates: Sequence[Candidate[Decimal]], cash_step: Decimal | None) -> dict[str, Choice[Decimal]]:
    """Pick the best combination: each amount by its own features, and a penalty if net + tax is not the total.

    `cash_step` is the smallest coin that the region rounds totals to, if it does.
    """
    nets, taxes = rank(candidates, NET_WEIGHTS), rank(candidates, TAX_WEIGHTS)
    totals = rank(candidates, TOTAL_WEIGHTS)
    no_amount: list[Amount | None] = [None]
    combinations = starmap(
        _Combination,
        product(
            _good(nets, _NET_AT_LEAST) + no_amount,
            _good(taxes, _TAX_AT_LEAST) + no_amount,
            _good(totals, _TOTAL_AT_LEAST) or no_amount,
            [cash_step or _CENT_ROUNDING],
        ),
    )
    best = max(combinations, key=lambda combination: combination.score)
    best = _completed(_without_partial_net(best), nets, taxes)
    return {
        "net_amount": Choice(nets, best.net),
        "total_tax_amount": Choice(taxes, best.tax),
        "total_amount": Choice(totals, best.total),
        "amount_due": choose(candidates, DUE_WEIGHTS, _DUE_AT_LEAST),
    }


def _good(ranked: Sequence[Amount], at_least: float) -> list[Amount | None]:
    return [entry for entry in ranked[:_CONSIDERED] if entry.score >= at_least]


def _without_partial_net(chosen: _Combination) -> _Combination:
    """Drop a net amount that does not fit a tax, or has no tax, and is not labelled as net.

    It may be the part of one tax rate, the goods without the service charge, or a plain subtotal.
    """
    if chosen.net is None or chosen.fits or (chosen.tax and chosen.fits is None):
        return chosen
    names = ("left_net",) if chosen.tax else ("left_net", "left_excl")
    called_net = any(chosen.net.candidate.features.get(name, 0.0) >= _CALLED_NET for name in names)
    return chosen if called_net else replace(chosen, net=None)


def _completed(chosen: _Combination, nets: Sequence[Amount], taxes: Sequence[Amount]) -> _Combination:
    """Fill in a net amount or tax without a clear label if the other two determine it and it is printed."""
    if chosen.total and chosen.tax and chosen.tax.value and not chosen.net:
        return replace(chosen, net=_printed(chosen.total.value - chosen.tax.value, nets, "total - tax"))
    if chosen.total and chosen.net and not chosen.tax:
        return replace(chosen, tax=_printed(chosen.total.value - chosen.net.value, taxes, "total - net"))
    return chosen


def _printed(value: Decimal, ranked: Sequence[Amount], reason: str) -> Amount | None:
    amount = next((entry for entry in ranked if entry.value == value > 0), None)
    return replace(amount, reason=reason) if amount else None
