"""Sums that the amounts of an e-invoice must satisfy: BR-CO-10 to BR-CO-17 of EN 16931; national formats have others.

Tolerances are those of the official rules: sums are exact to the cent, the EXTENDED profile of Factur-X allows 0.01 for each
amount that was added up (BR-FXEXT-CO), and the tax of a rate may be off by less than 1 because it may be rounded line by line.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ocr_pipeline.documents.einvoice import xml

CENT = Decimal("0.01")
RATE_TOLERANCE = Decimal("0.99")
"""BR-CO-17: the difference must be less than 1."""


@dataclass(frozen=True)
class Check:
    """A sum that was checked. `says`: a sentence about it if it does not hold; `fields`: the fields in it."""

    rule: str
    says: str
    fields: tuple[str, ...]
    stated: Decimal
    computed: Decimal
    tolerance: Decimal = Decimal(0)

    @property
    def holds(self) -> bool:
        difference = abs(self.stated - self.computed.quantize(CENT, ROUND_HALF_UP))
        return difference <= max(self.tolerance, CENT / 2)

    @property
    def sentence(self) -> str:
        """One sentence without amounts: `BR-CO-15: the total is not net amount plus tax.`"""
        return f"{self.rule}: {self.says}."


@dataclass(frozen=True)
class Parts:
    """What the totals are made of: net amounts of lines (BT-131), allowances (BT-92) and charges (BT-99) of the document."""

    lines: Sequence[Decimal] = ()
    allowances: Sequence[Decimal] = ()
    charges: Sequence[Decimal] = ()


@dataclass
class _Checks:
    checks: list[Check] = field(default_factory=list)

    def add(
        self, rule: str, says: str, fields: Sequence[str], stated: Any, computed: Any, tolerance: Decimal = Decimal(0)
    ) -> None:
        """Nothing is checked if an amount is missing or no number."""
        if isinstance(stated, Decimal) and isinstance(computed, Decimal):
            self.checks.append(Check(rule, says, tuple(fields), stated, computed, tolerance))


def decimals(elements: Iterable[Any]) -> list[Decimal]:
    """The numbers in these elements; others are left out."""
    return [value for element in elements if isinstance(value := xml.decimal(xml.joined(element)), Decimal)]


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def en16931(
    fields: dict[str, Any],
    sums: dict[str, Decimal],
    parts: Parts,
    *,
    extended: bool = False,
    has_prepayments: bool = True,
) -> list[Check]:
    """BR-CO-10 to BR-CO-17, as far as the amounts are there.

    Args:
        fields: our fields. sums: BT-106 to BT-108, BT-113, BT-114.
        extended: the profile is EXTENDED, which tolerates rounding.
        has_prepayments: the profile knows BT-113 and BT-114; MINIMUM does not.
    """
    checks = _Checks()
    zero = Decimal(0)
    net, tax, gross = (fields.get(name) for name in ("net_amount", "total_tax_amount", "total_amount"))
    allowances, charges = sums.get("BT-107", zero), sums.get("BT-108", zero)

    def slack(*amounts: Sequence[Decimal]) -> Decimal:
        return CENT * sum(len(group) for group in amounts) if extended else zero

    lines = total(parts.lines) if parts.lines else None
    checks.add(
        "BR-CO-10",
        "the sum of line amounts is not that of the lines",
        (),
        sums.get("BT-106"),
        lines,
        slack(parts.lines),
    )
    for rule, name, term, amounts in (
        ("BR-CO-11", "allowances", "BT-107", parts.allowances),
        ("BR-CO-12", "charges", "BT-108", parts.charges),
    ):
        stated, says = sums.get(term), f"the sum of {name} is not that of the {name} listed"
        listed = abs(total(amounts)) if amounts else None  # ZUGFeRD 1 has both signs
        checks.add(rule, says, (), stated and abs(stated), listed, slack(amounts))
    base = lines if lines is not None else sums.get("BT-106")
    base = None if base is None else base - allowances + charges
    says = "the net amount is not the sum of the lines less allowances plus charges"
    rounded = slack(parts.lines, parts.allowances, parts.charges)
    checks.add("BR-CO-13", says, ("net_amount",), net, base, rounded)
    checks.checks += _taxes(fields)
    names = ("net_amount", "total_tax_amount", "total_amount")
    both = net + tax if isinstance(net, Decimal) and isinstance(tax, Decimal) else None
    checks.add("BR-CO-15", "the total is not net amount plus tax", names, gross, both, rounded)
    if has_prepayments and isinstance(gross, Decimal):
        due = gross - sums.get("BT-113", zero) + sums.get("BT-114", zero)
        says = "the amount due is not the total less prepayments plus rounding"
        checks.add("BR-CO-16", says, ("total_amount", "amount_due"), fields.get("amount_due"), due)
    return checks.checks


def _taxes(fields: dict[str, Any]) -> Iterator[Check]:
    """BR-CO-14 about the sum of the taxes, BR-CO-17 about each of them."""
    rows = fields.get("tax_lines") or []
    amounts = [amount for row in rows if isinstance(amount := row.get("amount"), Decimal)]
    stated = fields.get("total_tax_amount")
    if isinstance(stated, Decimal) and amounts and len(amounts) == len(rows):
        says = "the total tax is not the sum of the taxes"
        yield Check("BR-CO-14", says, ("total_tax_amount",), stated, total(amounts))
    yield from rates("BR-CO-17", rows, RATE_TOLERANCE)


def rates(rule: str, rows: Sequence[dict[str, Any]], tolerance: Decimal) -> Iterator[Check]:
    """Each tax is base x rate."""
    for number, row in enumerate(rows):
        rate, base, amount = (row.get(name) for name in ("rate", "net_amount", "amount"))
        if isinstance(rate, Decimal) and isinstance(base, Decimal) and isinstance(amount, Decimal):
            where = tuple(f"tax_lines.{number}.{name}" for name in ("rate", "net_amount", "amount"))
            says = f"a tax is not base x rate ({rate.normalize():f} %)"
            yield Check(rule, says, where, amount, base * rate / 100, tolerance)
