"""The table `model_calls`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NamedTuple

from ocr_pipeline.models.types import CallFacts
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.common import NewRow, NewRows, described


@dataclass(frozen=True, kw_only=True)
class CallRow:
    """A row of `model_calls`."""

    document_id: str
    backend: str
    position: Annotated[int, "Order within the cell, from 0."]
    call_key: Annotated[str, "Address of the request and the reply in the result store."]
    purpose: Annotated[str, "extract or repair."]
    provider: Annotated[str, "Provider of the model."]
    model: Annotated[str, "Model, as requested."]
    model_version: Annotated[str | None, "Model, as reported by the server."]
    finish: Annotated[str, "complete, truncated, blocked or empty."]
    asked_at: Annotated[datetime, "When the model was called (UTC)."]
    seconds: Annotated[float, "Seconds of the attempt that was answered; of a batch, from submission to collection."]
    attempts: Annotated[int, "Number of attempts."]
    batch: Annotated[bool, "Whether the call was part of a batch."]
    from_store: Annotated[bool, "Whether an earlier run or another cell paid for it."]
    input_tokens: Annotated[int | None, "Input tokens, cached ones included; NULL: not reported."]
    cached_tokens: Annotated[int | None, "Input tokens that were cached."]
    output_tokens: Annotated[int | None, "Output tokens."]
    thought_tokens: Annotated[int | None, "Tokens of the model's reasoning."]
    cost_usd: Annotated[float | None, "Cost in USD; NULL: the price is unknown."]
    repeat: Annotated[int, "Which time the document was asked about, from 1."]


class LastCall(NamedTuple):
    """The last model call of a backend (UTC)."""

    backend: str
    asked_at: datetime


def last_calls(reader: Reader) -> list[LastCall]:
    """The last model call of every backend."""
    return reader.select(
        LastCall, "SELECT backend, max(asked_at) AS asked_at FROM model_calls GROUP BY backend ORDER BY backend"
    )


def add_calls(tables: NewRows, key: NewRow, calls: Iterable[CallFacts]) -> None:
    """Add the rows of the model calls of one cell."""
    for position, call in enumerate(calls):
        usage = {f"{name}_tokens": count for name, count in call.usage.model_dump().items()} if call.usage else {}
        usage["thought_tokens"] = usage.pop("thoughts_tokens", None)
        facts = call.model_dump(exclude={"usage", "asked_at"})
        asked_at = call.asked_at.replace(tzinfo=None).isoformat(sep=" ")
        tables["model_calls"].append({**key, "position": position, **facts, "asked_at": asked_at, **usage})


COLUMNS = {
    "model_calls": described(CallRow),
}
