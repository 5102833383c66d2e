"""What sensors keep between ticks."""

from typing import TypeVar

import dagster as dg
from pydantic import BaseModel, ValidationError

Cursor = TypeVar("Cursor", bound=BaseModel)


def load_cursor(text: str | None, empty: Cursor) -> Cursor:
    """The stored cursor, or `empty` if another version wrote it: what the database knows is not launched twice."""
    try:
        return type(empty).model_validate_json(text) if text else empty
    except ValidationError:
        return empty


def skipped(reason: str, cursor: BaseModel) -> dg.SensorResult:
    """A tick that launches nothing."""
    return dg.SensorResult(skip_reason=reason, cursor=cursor.model_dump_json())
