"""Parses the model's text into an `Invoice`, or the values of a project's own schema, validated against the schema sent.

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
from ocr_pipeline.schemas import Amount, DocumentType, Fields, Invoice

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


AmountReply = Annotated[Amount | None, BeforeValidator(_amount)]
DayReply = Annotated[date | None, BeforeValidator(_day)]
TextReply = Annotated[str | None, BeforeValidator(_text)]


class Reply(BaseModel):
    """Every field may be null but none may be absent: with defaults, `{"ok": true}` would be an empty document."""

    model_config = ConfigDict(extra="ignore")


class TaxLineReply(Reply):
    rate: AmountReply
    net_amount: AmountReply
    amount: AmountReply


class LineItemReply(Reply):
    description: TextReply
    quantity: AmountReply
    unit: TextReply
    unit_price: AmountReply
    amount: AmountReply
    product_code: TextReply


class InvoiceReply(Reply):
    document_type: Annotated[DocumentType | None, BeforeValidator(_text)]
    supplier_name: TextReply
    supplier_address: TextReply
    supplier_tax_id: TextReply
    receiver_name: TextReply
    receiver_tax_id: TextReply
    invoice_id: TextReply
    invoice_date: DayReply
    due_date: DayReply
    purchase_order: TextReply
    currency: Annotated[str | None, BeforeValidator(_currency)]
    net_amount: AmountReply
    total_tax_amount: AmountReply
    total_amount: AmountReply
    amount_due: AmountReply
    tax_lines: list[TaxLineReply] = Field(max_length=100)
    line_items: list[LineItemReply] = Field(max_length=2000)


class ReplyError(Exception):
    """An invalid reply. The message names the places and never contains a value."""


def json_text(text: str) -> str:
    """The JSON of a reply, which may be fenced as code."""
    fenced = _FENCED.fullmatch(text)
    return fenced[1] if fenced else text


def read_reply(text: str, reply_model: type[Reply] = InvoiceReply, model: type[Fields] = Invoice) -> Fields:
    """The values in a reply. Numbers stay exact: they never pass through a float. Raises ReplyError.

    Args:
        reply_model: what the reply has to be.
        model: what is made of it.
    """
    try:
        content = json.loads(json_text(text), parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise ReplyError("The reply is no valid JSON.") from None
    try:
        reply = reply_model.model_validate(content)
        return model.model_validate(reply.model_dump())
    except ValidationError as error:
        raise ReplyError(f"The reply breaks the schema: {describe(error)}") from None
