"""What sensors keep between ticks."""

import zlib
from base64 import b64decode, b64encode
from typing import TypeVar

import dagster as dg
from pydantic import BaseModel, ValidationError

LONG, PACKED = 10_000, "zlib:"
"""Characters from which on a cursor is packed, and how that is told."""

Cursor = TypeVar("Cursor", bound=BaseModel)


def load_cursor(text: str | None, empty: Cursor) -> Cursor:
    """The stored cursor, or `empty` if another version wrote it: what the database knows is not launched twice."""
    try:
        return type(empty).model_validate_json(_unpacked(text)) if text else empty
    except (ValidationError, ValueError, zlib.error):
        return empty


def cursor_text(cursor: BaseModel) -> str:
    """A cursor as it is stored: packed if it is long, because it is written again in each tick."""
    text = cursor.model_dump_json()
    if len(text) < LONG:
        return text
    return PACKED + b64encode(zlib.compress(text.encode(), 9)).decode()


def _unpacked(text: str) -> str:
    return zlib.decompress(b64decode(text.removeprefix(PACKED))).decode() if text.startswith(PACKED) else text


def skipped(reason: str, cursor: BaseModel) -> dg.SensorResult:
    """A tick that launches nothing."""
    return dg.SensorResult(skip_reason=reason, cursor=cursor_text(cursor))
