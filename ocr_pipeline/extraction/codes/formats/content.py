"""What a code says, whichever format it is in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Value = str | Decimal | date

Kind = Literal["fiscal", "payment", "identifier"]
"""`fiscal` describes the document itself, `payment` an amount to be paid, `identifier` is neither: a number
without context."""


@dataclass(frozen=True)
class TaxRow:
    """One rate of a code's tax summary. `rate` is in percent."""

    rate: Decimal | None = None
    net_amount: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Content:
    """The values of one code.

    `fields` are those of `Invoice`, not validated yet; a value that is missing or unreadable is None. A payment code has
    `amount_due`, never `total_amount`. `details` are named values that have no field: IBAN, reference, serial numbers.
    """

    format: str
    version: str = ""
    kind: Kind
    fields: Mapping[str, Value | None] = field(default_factory=dict)
    tax_lines: Sequence[TaxRow] = ()
    details: Mapping[str, str | None] = field(default_factory=dict)
