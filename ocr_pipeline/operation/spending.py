"""Money spent on model calls, from the stored replies; includes replies of runs that were killed."""

from datetime import UTC, datetime, timedelta

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.models.provider import KEY_VARIABLE, Provider
from ocr_pipeline.models.stored import CALLS, REPLACED, StoredCall, call_cost
from ocr_pipeline.store import Entry, ResultStore, unsealed


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """The start of the month (UTC) that contains a moment, and of the next month."""
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def spent_in_month(store: ResultStore, configured: Backends, moment: datetime) -> float:
    """US dollars of all calls since the month (UTC) of `moment` began, at the prices of their days.

    Calls without a known price count as 0. Providers that are no longer configured have the bundled prices.
    """
    return spent_since(store, configured, month_of(moment)[0])


def spent_since(store: ResultStore, configured: Backends, first: datetime) -> float:
    """US dollars of all calls since a moment, as `spent_in_month`."""
    total = 0.0
    for stage in (CALLS, REPLACED):
        for entry in store.entries(stage):
            call = _since(store, entry, first)
            if call is not None and call.kind in KEY_VARIABLE:
                provider = configured.providers.get(call.provider) or Provider(
                    name=call.provider, type=call.kind, base_url=call.endpoint, api_key_env=None
                )
                total += call_cost(provider, call) or 0.0
    return total


def _since(store: ResultStore, entry: Entry, first: datetime) -> StoredCall | None:
    """The call, or None if it was made before `first`. What was written before `first` is not read."""
    if entry.modified < first.timestamp():
        return None
    try:
        call = StoredCall.model_validate_json(unsealed(store.read(entry)) or "")
    except ValueError:
        return None
    return call if call.asked_at >= first else None
