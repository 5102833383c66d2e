"""Parses the model's text into an `Invoice`, validated against the schema that was sent.

The messages of `ReplyError` and of the validators are sent to the model in a repair and are part of hashed requests: do not
reword them.
"""

import json
import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ocr_pipeline.errors import describe
from ocr_pipeline.models.types import well_formed
from ocr_pipeline.schemas import Amount, DocumentType, Invoice

_AMOUNT = re.compile(r"[-+]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
_FENCED = re.compile(r"\s*```\w*\s(.*)```\s*", re.DOTALL)


def _amount(value: Any) -> Any:
    """A string with a decimal point. Currencies and units are invalid; thousands separators in groups of three are valid."""
    if isinstance(value, str):
        if not value.strip():
            return None
        if not _AMOUNT.fullmatch(value.strip()):
            raise ValueError("must be a number with a decimal point, like 1234.50, or null")
        return Decimal(value.strip().replace(",", ""))
    return value


def _day(value: Any) -> Any:
    if isinstance(value, str):
        if not value.strip():
            return None
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("must be a date as YYYY-MM-DD, or null") from None
    return value


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    printable = "".join(" " if unicodedata.category(character) == "Cc" else character for character in value)
    return " ".join(well_formed(printable).split()) or None


def _currency(value: Any) -> Any:
    text = _text(value)
    if isinstance(text, str) and not re.fullmatch(r"[A-Za-z]{3}", text):
        raise ValueError("must be a three-letter ISO 4217 code, like EUR, or null")
    return text


_Amount = Annotated[Amount | None, BeforeValidator(_amount)]
_Day = Annotated[date | None, BeforeValidator(_day)]
_Text = Annotated[str | None, BeforeValidator(_text)]


class _Reply(BaseModel):
    """Every field may be null but none may be absent: with defaults, `{"ok": true}` would be an empty invoice."""

    model_config = ConfigDict(extra="ignore")


class TaxLineReply(_Reply):
    rate: _Amount
    net_amount: _Amount
    amount: _Amount


class LineItemReply(_Reply):
    description: _Text
    quantity: _Amount
    unit: _Text
    unit_price: _Amount
    amount: _Amount
    product_code: _Text


class InvoiceReply(_Reply):
    document_type: Annotated[DocumentType | None, BeforeValidator(_text)]
    supplier_name: _Text
    supplier_address: _Text
    supplier_tax_id: _Text
    receiver_name: _Text
    receiver_tax_id: _Text
    invoice_id: _Text
    invoice_date: _Day
    due_date: _Day
    purchase_order: _Text
    currency: Annotated[str | None, BeforeValidator(_currency)]
    net_amount: _Amount
    total_tax_amount: _Amount
    total_amount: _Amount
    amount_due: _Amount
    tax_lines: list[TaxLineReply] = Field(max_length=100)
    line_items: list[LineItemReply] = Field(max_length=2000)


class ReplyError(Exception):
    """An invalid reply. The message names the places and never contains a value."""


def read_reply(text: str) -> Invoice:
    """The invoice in a reply. Numbers stay exact: they never pass through a float. Raises ReplyError."""
    fenced = _FENCED.fullmatch(text)
    try:
        content = json.loads(fenced[1] if fenced else text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise ReplyError("The reply is no valid JSON.") from None
    try:
        reply = InvoiceReply.model_validate(content)
        return Invoice.model_validate(reply.model_dump())
    except ValidationError as error:
        raise ReplyError(f"The reply breaks the schema: {describe(error)}") from None
