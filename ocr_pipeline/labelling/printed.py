"""From printed or typed text to the value of a field, as it is written in a label."""

from collections.abc import Collection, Iterator
from datetime import date

from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.extraction.rules.keyed.values import flag_of
from ocr_pipeline.labelling.form import Field
from ocr_pipeline.values import currencies
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.dates import parse_date

MAX_WORDS = 60
"""Of a text that is searched for an amount or a date."""


def printed_value(
    field: Field,
    text: str,
    known: Collection[str] = (),
    *,
    day_first: bool = True,
    schema: DocumentSchema | None = None,
) -> str | None:
    """The value that a text is, or contains: `Total RM 1,234.50` is the amount 1234.50; None if it contains none.

    Of several amounts or dates, the longest text wins, then the last one.

    Args:
        known: values that backends gave for the field: a date that can be read in two ways is the one among them.
        day_first: the order of other ambiguous dates.
        schema: that the field is of; default that of invoices.
    """
    schema = schema or invoice_schema()
    text = " ".join(text.split())
    if not text:
        return None
    if field.kind in ("money", "quantity"):
        return _first(_amount(part, field, schema) for part in _parts(text))
    if field.kind == "date":
        return _first(_date(part, known, day_first) for part in _parts(text))
    if field.kind == "boolean":
        flag = flag_of(text)
        return None if flag is None else str(flag).lower()
    if field.options:
        return _option(text, field)
    if field.path == "currency":
        return _first(_currency(part) for part in _parts(text))
    return text if field.path not in schema.field_kinds or schema.is_valid(field.path, text) else None


def _first(values: Iterator[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)


def _parts(text: str) -> Iterator[str]:
    """Runs of words, the longest first, of the same length the last one first."""
    words = text.split()[:MAX_WORDS]
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length, -1, -1):
            yield " ".join(words[start : start + length])


def _option(text: str, field: Field) -> str | None:
    """The option that a text is, or that is printed as this text."""
    folded = text.casefold().replace(" ", "_")
    return next(
        (
            option
            for option in field.options
            if folded in {word.casefold().replace(" ", "_") for word in (option, *field.words.get(option, ()))}
        ),
        None,
    )


def _amount(text: str, field: Field, schema: DocumentSchema) -> str | None:
    plain = text.rstrip("%").strip() if field.kind == "quantity" else text
    amount = parse_amount(plain)
    if amount is None or (field.path in schema.field_kinds and not schema.is_valid(field.path, amount)):
        return None
    return f"{amount:f}"


def _date(text: str, known: Collection[str], day_first: bool) -> str | None:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        readings = [parse_date(text, day_first=order) for order in (day_first, not day_first)]
        found = [reading.isoformat() for reading in readings if reading]
        return next((value for value in found if value in known), found[0] if found else None)


def _currency(text: str) -> str | None:
    codes = currencies.codes_of(text)
    if not codes and (amount := _spelling(text)):
        codes = currencies.codes_of(amount)
    return codes[0] if codes else None


def _spelling(text: str) -> str | None:
    """The currency that is glued to an amount: `RM9.00`."""
    from ocr_pipeline.values.amounts import read_amount

    amount = read_amount(text)
    return amount.currency if amount else None
