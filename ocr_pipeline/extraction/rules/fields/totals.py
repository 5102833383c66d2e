"""Chooses net amount, tax, total and amount due so that they fit their labels and each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product, starmap

from ocr_pipeline.extraction.rules.candidates import Candidate, Choice, Ranked, choose, rank
from ocr_pipeline.extraction.rules.fields.total_weights import DUE_WEIGHTS, NET_WEIGHTS, TAX_WEIGHTS, TOTAL_WEIGHTS

_CONTRADICTORY = -0.9
_PROVEN = 0.8
"""What a net amount, tax and total gain that rates or labelled charges prove together."""
_TOTAL_AT_LEAST = 0.5
_NET_AT_LEAST = 1.0
_TAX_AT_LEAST = 1.2
_DUE_AT_LEAST = 1.2
_CONSIDERED = 6
"""Candidates of each field that are combined, the best ones."""
_CALLED_NET = 0.9
_MAX_UNEXPLAINED = Decimal("0.1")
"""Share of the total that a charge without a known label may come to."""
_CENT_ROUNDING = Decimal("0.02")
"""The error of a sum of amounts that were each rounded to the cent."""

Amount = Ranked[Decimal]


@dataclass(frozen=True)
class _Combination:
    """A net amount, tax and total that may belong together; None if the document does not say.

    `rounding`: how much the total may differ from net + tax; the coin if cash is rounded to a coin. `charges`: what may stand
    between them beside that.
    """

    net: Amount | None
    tax: Amount | None
    total: Amount | None
    rounding: Decimal
    charges: frozenset[Decimal]

    @property
    def fits(self) -> bool | None:
        """Whether net + tax = total, or None if one is missing."""
        if self.net is None or self.tax is None or self.total is None:
            return None
        missing = self.total.value - self.net.value - self.tax.value
        return any(abs(missing - charge) <= self.rounding for charge in self.charges)

    @property
    def is_proven(self) -> bool:
        """Whether the three parts are those of sums of the document."""
        parts = ((self.net, "net_of_sum"), (self.tax, "tax_of_sum"), (self.total, "total_of_sum"))
        return all(entry is not None and bool(entry.candidate.features.get(name)) for entry, name in parts)

    @property
    def score(self) -> float:
        # The total counts four times: a net amount and tax that fit must not outvote a clearly labelled total.
        shares = ((self.net, 0.5), (self.tax, 0.5), (self.total, 2.0))
        score = sum(share * entry.score for entry, share in shares if entry)
        if self.fits is not None:
            return score + (_PROVEN if self.is_proven else 0.0) if self.fits else score + _CONTRADICTORY
        most = abs(self.total.value) if self.total else Decimal("Infinity")
        too_large = any(entry and abs(entry.value) > most for entry in (self.net, self.tax))
        return score + (_CONTRADICTORY if too_large else 0.0)


FIELDS = ("net_amount", "total_tax_amount", "total_amount", "amount_due")
"""What `choose_amounts` chooses."""


def choose_amounts(
    candidates: Sequence[Candidate[Decimal]],
    cash_step: Decimal | None,
    charges: frozenset[Decimal] = frozenset({Decimal(0)}),
) -> dict[str, Choice[Decimal]]:
    """Pick the best combination: each amount by its own features, and a penalty if net + tax is not the total.

    `cash_step` is the smallest coin that the region rounds totals to, if it does; `charges` are what may stand between net +
    tax and the total, 0 included.
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
            [charges],
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
    if chosen.tax is None and chosen.net.candidate.features.get("net_of_sum"):
        return chosen
    if _is_sum_of_items(chosen):
        return chosen
    names = ("left_net",) if chosen.tax else ("left_net", "left_excl")
    called_net = any(chosen.net.candidate.features.get(name, 0.0) >= _CALLED_NET for name in names)
    return chosen if called_net else replace(chosen, net=None)


def _is_sum_of_items(chosen: _Combination) -> bool:
    """Whether the net amount is the subtotal of the items, and little is unexplained between net + tax and the total."""
    if chosen.net is None or chosen.tax is None or chosen.total is None:
        return False
    features = chosen.net.candidate.features
    unexplained = chosen.total.value - chosen.net.value - chosen.tax.value
    summed = bool(features.get("sum_of_items") or features.get("sum_of_column")) and features.get("left_subtotal", 0.0)
    return summed >= _CALLED_NET and 0 < unexplained <= _MAX_UNEXPLAINED * chosen.total.value


def _completed(chosen: _Combination, nets: Sequence[Amount], taxes: Sequence[Amount]) -> _Combination:
    """Fill in a net amount or tax without a clear label if the other two determine it and it is printed."""
    if chosen.total and chosen.tax and not chosen.net:
        return replace(chosen, net=_printed(chosen.total.value - chosen.tax.value, nets, "total - tax"))
    if chosen.total and chosen.net and not chosen.tax:
        return replace(chosen, tax=_printed(chosen.total.value - chosen.net.value, taxes, "total - net"))
    return chosen


def _printed(value: Decimal, ranked: Sequence[Amount], reason: str) -> Amount | None:
    amount = next((entry for entry in ranked if entry.value == value > 0), None)
    return replace(amount, reason=reason) if amount else None
