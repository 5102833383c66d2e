"""What was paid for model calls, from the replies that are kept: every one of them, of runs that were killed, too."""

import json
from datetime import date
from pathlib import Path

from ocr_pipeline.config import Config
from ocr_pipeline.models.calls import CALLS, REPLACED, StoredCall, call_cost
from ocr_pipeline.store import ResultStore


def spent_in_month(store: ResultStore, config: Config, day: date) -> float:
    """US dollars of all calls of the month (UTC) of `day`, at the prices of their days.

    Calls whose price is not known count nothing; calls of providers that are configured no more have the bundled prices.
    """
    total = 0.0
    for stage in (CALLS, REPLACED):
        for path in (store.root / stage).glob("*/[!.]*.json"):
            call = _of_month(path, day)
            if call is not None:
                provider = config.providers.get(call.provider)
                total += call_cost(provider, call) or 0.0 if provider else 0.0
    return total


def _of_month(path: Path, day: date) -> StoredCall | None:
    """The call, where it was made in the month of `day`. Files that were written before it are not opened."""
    first = date(day.year, day.month, 1)
    try:
        if date.fromtimestamp(path.stat().st_mtime) < first:
            return None
        call = StoredCall.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        return None
    return call if call.asked_at.date() >= first else None
