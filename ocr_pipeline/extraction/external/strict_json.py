"""Strict JSON parsing for untrusted files: exact numbers, no duplicate keys."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

Content = Mapping[str, object]
"""A JSON object. Its numbers are `Decimal`, so that amounts stay exact."""


class BadJson(ValueError):
    """Invalid or ambiguous JSON. The message contains nothing of the text."""


def parse(text: str) -> Any:
    """Parse JSON with exact numbers. Raises BadJson, also for duplicate keys and for NaN and infinite numbers."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_no_number,
        )
    except BadJson:
        raise
    except RecursionError:
        raise BadJson("too deeply nested") from None
    except ValueError:
        raise BadJson("not valid JSON") from None


def _without_duplicates(pairs: list[tuple[str, object]]) -> Content:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise BadJson("duplicate key")
    return content


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise BadJson("a number is out of range") from None


def _no_number(_: str) -> None:
    raise BadJson("NaN and Infinity are not JSON")
