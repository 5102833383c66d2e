"""JSON from outside, taken exactly or not at all."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

Content = Mapping[str, object]
"""A JSON object. Its numbers are `Decimal`, so that amounts stay exact."""


class BadJson(ValueError):
    """A text that is no JSON, or JSON that cannot be taken as it is. The message holds nothing of it."""


def parse(text: str) -> Any:
    """JSON with exact numbers. Raises BadJson, also where a key is there twice or a number is NaN or infinite."""
    try:
        return json.loads(
            text, object_pairs_hook=_no_key_twice, parse_float=_number, parse_int=_number, parse_constant=_no_number
        )
    except BadJson:
        raise
    except RecursionError:
        raise BadJson("too deeply nested") from None
    except ValueError:
        raise BadJson("no valid JSON") from None


def _no_key_twice(pairs: list[tuple[str, object]]) -> Content:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadJson("a key is there twice")
    return found


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise BadJson("a number is out of range") from None


def _no_number(_: str) -> None:
    raise BadJson("NaN and Infinity are no JSON")
