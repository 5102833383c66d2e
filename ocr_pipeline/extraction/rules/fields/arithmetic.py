"""Sums and differences of labelled amounts: per relation, the values that fit it.

Arithmetic is the best evidence on a receipt: cash less change is what was paid, even if OCR misread the total.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import combinations, pairwise, product

from ocr_pipeline.extraction.rules.fields.labelled_amounts import MAX_ROUNDING, TOTALS, LabelledAmount

_CENT = Decimal("0.01")
_NOTHING = Decimal(0)
_SAME_COLUMN = 0.035
"""Amounts of one column end within this distance, in page widths."""
_MAX_COLUMN_LENGTH = 200
_MAX_TERMS = 12
"""Amounts of each kind that are combined, which bounds the time for pages full of taxes."""
_TAX_ROUNDING = Decimal("0.02")
_MIN_ITEMS = 2

Relations = Mapping[str, frozenset[Decimal]]


def relations(
    amounts: Sequence[LabelledAmount],
    rates: set[Decimal],
    cash_step: Decimal | None,
    item_amounts: Sequence[Decimal] = (),
) -> Relations:
    """Name of a relation -> values that fit it. `rates` in percent; `cash_step` is the smallest coin, if any."""
    rounded, unrounded = _around_rounding(amounts)
    coined, uncoined = _rounded_to_coin(amounts, cash_step)
    sums, parts = _sums_of_totals(amounts)
    nets = {amount.value for amount in amounts if amount.is_of_tax_row("net")}
    taxes = {amount.value for amount in amounts if amount.is_of_tax_row("tax")}
    all_nets, all_taxes = sum(nets, _NOTHING), sum(taxes, _NOTHING)
    several_rates = len(nets) > 1
    values_of = {
        "cash_less_change": _cash_less_change(amounts),
        "net_plus_tax": _net_plus_tax(amounts) | ({all_nets + all_taxes} if several_rates else set()),
        "net_plus_its_tax": {
            net + tax for net, tax in product(_nets(amounts), _values(amounts, "tax")) if _fit(net, tax, rates)
        },
        "sum_of_nets": {all_nets} if several_rates else set(),
        "sum_of_taxes": {all_taxes} if several_rates else set(),
        "one_of_tax_rows": (nets | taxes) - {all_nets, all_taxes},
        "after_rounding": rounded | _coin_totals(amounts, cash_step),
        "before_rounding": unrounded | uncoined,
        "rounded_to_coin": coined,
        "sum_of_totals": sums,
        "part_of_totals": parts,
        "tax_of_other": _taxes_of_others(amounts, rates),
        "sum_of_column": _sums_of_columns(amounts),
        "sum_of_items": {sum(item_amounts, _NOTHING)} if len(item_amounts) >= _MIN_ITEMS else set(),
        "less_deductions": _less_deductions(amounts)[0],
        "before_deductions": _less_deductions(amounts)[1],
        "with_previous": _with_previous(amounts),
        "part_of_tax": _parts_of_tax(amounts),
        "total_less_tax": _totals_less(amounts, rates, "tax"),
        "total_less_net": _totals_less(amounts, rates, "net"),
    }
    return {name: frozenset(values) for name, values in values_of.items()}


def _values(amounts: Sequence[LabelledAmount], *classes: str) -> list[Decimal]:
    """Distinct values that carry one of the labels, in reading order."""
    return list(dict.fromkeys(amount.value for amount in amounts if amount.says(*classes)))[:_MAX_TERMS]


def _cash_less_change(amounts: Sequence[LabelledAmount]) -> set[Decimal]:
    """What was given less what was returned. One of the two, or both right below the difference, may lack a known label."""
    paid, change = _values(amounts, "cash", "card"), _values(amounts, "change")
    known = {abs(cash) - abs(back) for cash, back in product(paid, change) if abs(cash) >= abs(back)}
    if paid and change:
        return known
    for position, (cash, back) in enumerate(pairwise(amounts)):
        said = cash.says("cash"), back.says("change")
        fits = cash.number.row < back.number.row and 0 < abs(back.value) < cash.value
        if fits and (said[0] or not (paid or cash.labels.left)) and (said[1] or not change):
            above = amounts[:position] if any(said) else amounts[max(position - 1, 0) : position]
            known |= {cash.value - abs(back.value)} & {
                amount.value for amount in above if any(said) or not back.labels.left
            }
    return known


def _net_plus_tax(amounts: Sequence[LabelledAmount]) -> set[Decimal]:
    """Net and tax, with service charge and rounding if they are printed."""
    nets, taxes = _nets(amounts), _values(amounts, "tax")
    services = [_NOTHING, *_values(amounts, "service_charge", "surcharge")]
    roundings = [_NOTHING, *_values(amounts, "rounding")]
    return {sum(terms, _NOTHING) for terms in product(nets, taxes, services, roundings) if terms[1] < terms[0]}


def _totals_less(amounts: Sequence[LabelledAmount], rates: set[Decimal], part: str) -> set[Decimal]:
    """Totals without the tax (or net) amount, if one of the rates confirms that both belong together."""
    known = _values(amounts, "tax") if part == "tax" else _nets(amounts)
    pairs = [(total - amount, amount) for total, amount in product(_values(amounts, *TOTALS), known)]
    return {rest for rest, amount in pairs if _fit(*((rest, amount) if part == "tax" else (amount, rest)), rates)}


def _less_deductions(amounts: Sequence[LabelledAmount]) -> tuple[set[Decimal], set[Decimal]]:
    """What is left of a total after tax withheld or payments made in advance, and those totals."""
    held = [abs(value) for value in _values(amounts, "withholding", "prepaid") if value]
    totals = [value for value in _values(amounts, *TOTALS, "incl") if value]
    known = {amount.value for amount in amounts}
    pairs = [(total - part, total) for total, part in product(totals, held) if total - part in known and part < total]
    whole = {total for _, total in pairs}
    return {rest for rest, _ in pairs} - whole, whole


def _with_previous(amounts: Sequence[LabelledAmount]) -> set[Decimal]:
    """Sums of a total and what earlier invoices left open."""
    previous = [value for value in _values(amounts, "previous_balance") if value]
    totals = [value for value in _values(amounts, *TOTALS) if value]
    known = {amount.value for amount in amounts}
    return {total + value for total, value in product(totals, previous)} & known


def _parts_of_tax(amounts: Sequence[LabelledAmount]) -> set[Decimal]:
    """Taxes that are printed beside their sum."""
    taxes = [value for value in _values(amounts, "tax") if value]
    return {part for pair in combinations(taxes, 2) if sum(pair) in taxes for part in pair}


def _nets(amounts: Sequence[LabelledAmount]) -> list[Decimal]:
    return _values(amounts, "subtotal", "net", "net_total", "excl")


def _fit(net: Decimal, tax: Decimal, rates: set[Decimal]) -> bool:
    """Whether one of the rates makes the tax out of the net amount."""
    return net > tax > 0 and any(abs(net * rate / 100 - tax) <= _TAX_ROUNDING for rate in rates)


def _around_rounding(amounts: Sequence[LabelledAmount]) -> tuple[set[Decimal], set[Decimal]]:
    """Values below a rounding that differ by it from a total above it, and those totals."""
    rounded: set[Decimal] = set()
    unrounded: set[Decimal] = set()
    for position, amount in enumerate(amounts):
        step = amount.value
        if amount.says("rounding") and 0 < abs(step) <= MAX_ROUNDING:
            below = {other.value for other in amounts[position + 1 :]}
            for total in _values(amounts[:position], *TOTALS, "incl", "subtotal"):
                if after := below & {total + step, total - step}:
                    rounded |= after
                    unrounded.add(total)
    return rounded, unrounded


def _rounded_to_coin(amounts: Sequence[LabelledAmount], step: Decimal | None) -> tuple[set[Decimal], set[Decimal]]:
    """Printed values that a total becomes when it is paid in cash, and the totals that become another printed total."""
    if step is None:
        return set(), set()
    uneven = [value for value in _values(amounts, *TOTALS, "incl") if value % step]
    even = {amount.value: amount.says(*TOTALS) for amount in amounts if amount.value % step == 0}
    pairs = [(total, value) for total in uneven for value in even if abs(value - total) <= step / 2]
    return {value for _, value in pairs}, {total for total, value in pairs if even[value]}


def _coin_totals(amounts: Sequence[LabelledAmount], step: Decimal | None) -> set[Decimal]:
    """Labelled totals that are a labelled total above them, rounded to the coin: what is between them may be misread."""
    if step is None:
        return set()
    totals = [amount.value for amount in amounts if amount.says(*TOTALS) and not amount.says("tax", "excl")]
    pairs = combinations(totals[-_MAX_TERMS:], 2)
    return {after for before, after in pairs if before % step and not after % step and abs(after - before) <= step / 2}


def _sums_of_totals(amounts: Sequence[LabelledAmount]) -> tuple[set[Decimal], set[Decimal]]:
    """Sums of two totals printed one after the other, standard-rated and zero-rated goods, and their parts.

    Parts are given only for a sum that is printed as the grand total.
    """
    totals = [amount.value for amount in amounts if amount.says("total") and not amount.says("tax")]
    pairs = list(pairwise(totals))
    grand = {abs(value) for value in _values(amounts, "grand_total")}
    parts = {part for pair in pairs if abs(sum(pair)) in grand for part in pair}
    return {sum(pair, _NOTHING) for pair in pairs}, parts


def _taxes_of_others(amounts: Sequence[LabelledAmount], rates: set[Decimal]) -> set[Decimal]:
    """Values that are the tax contained in, or due on, another amount."""
    values = {amount.value for amount in amounts if amount.value > 1}
    contained = {(value * rate / (100 + rate)).quantize(_CENT) for value, rate in product(values, rates)}
    return contained | {(value * rate / 100).quantize(_CENT) for value, rate in product(values, rates)}


def _sums_of_columns(amounts: Sequence[LabelledAmount]) -> set[Decimal]:
    """Amounts that are the sum of two or more amounts above them in their column, from the nearest on."""
    return {amount.value for position, amount in enumerate(amounts) if is_column_sum(amount, amounts[:position])}


def is_column_sum(amount: LabelledAmount, above: Sequence[LabelledAmount]) -> bool:
    """Whether an amount is the sum of two or more amounts above it in its column, from the nearest on."""
    target, running, terms = amount.value, _NOTHING, 0
    for other in reversed(above[-_MAX_COLUMN_LENGTH:]):
        if other.value == target or abs(other.number.span.x1 - amount.number.span.x1) > _SAME_COLUMN:
            continue
        running += other.value
        terms += 1
        if running == target and terms > 1:
            return bool(target)
        if abs(running) > abs(target):
            return False
    return False
