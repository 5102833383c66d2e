"""Claims of runs: which backends and documents a run works on, so that others work on the rest at the same time."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from uuid import uuid4

from ocr_pipeline.coordination.locks import CLAIM, PostgresLocks

POLL_SECONDS = 1.0
_REGISTER = "claims"
"""The lock under which claims are compared and made."""


@contextmanager
def claimed(
    locks: PostgresLocks,
    components: Collection[str] | None,
    documents: Collection[str] | None,
    on_wait: Callable[[str | None, float], None],
    every: float,
) -> Iterator[None]:
    """Claim cells for a `with` block, after waiting for all who have claimed some of them.

    Args:
        components: backends and engines; None: all.
        documents: None: all.
        on_wait: gets the holder in words and the seconds so far, at once and every `every` seconds.
    """
    name, began, said = f"{CLAIM}{uuid4()}", time.monotonic(), float("-inf")
    while (holder := _try(locks, name, components, documents)) is not None:
        now = time.monotonic()
        if now - said >= every:
            on_wait(holder or None, now - began)
            said = now
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        locks.session.rows("DELETE FROM coordination_claims WHERE claim = %s", [name])
        locks.drop(name)


def _try(
    locks: PostgresLocks, name: str, components: Collection[str] | None, documents: Collection[str] | None
) -> str | None:
    """Make a claim. If others have one of its cells: who, or an empty text."""
    with locks.held(_REGISTER):
        for other, its_components, its_documents in locks.session.rows("SELECT * FROM coordination_claims"):
            holder = locks.holder(other)
            if holder is None and locks.try_take(
                other
            ):  # its process was killed, or has lost its connection and will stop
                locks.session.rows("DELETE FROM coordination_claims WHERE claim = %s", [other])
                locks.drop(other)
            elif _meet(components, its_components) and _meet(documents, its_documents):
                return holder or ""
        locks.session.rows(
            "INSERT INTO coordination_claims VALUES (%s, %s, %s)",
            [name, *(None if part is None else sorted(part) for part in (components, documents))],
        )
        locks.take(name)
    return None


def _meet(one: Collection[str] | None, other: Collection[str] | None) -> bool:
    return one is None or other is None or not set(one).isdisjoint(other)
