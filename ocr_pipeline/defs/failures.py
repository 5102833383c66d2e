"""How failures appear in the UI: one sentence instead of a stack of frames."""

import inspect
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import dagster as dg

from ocr_pipeline.errors import BudgetError, ConfigurationError, OcrPipelineError, WarehouseError
from ocr_pipeline.machine import refusal_in, sentence_of

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")

ERROR = "error"
"""Metadata of a failure: the class of the error."""


def readable_failure(compute: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """Turn an error of this package, raised by an asset or a check, into a failure with its sentence as description."""
    if inspect.isgeneratorfunction(compute):

        @wraps(compute)
        def yielded(*args: Any, **kwargs: Any) -> Generator[Any, None, None]:
            with _readable():
                yield from compute(*args, **kwargs)

        return cast("Callable[Parameters, Returned]", yielded)

    @wraps(compute)
    def computed(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        with _readable():
            return compute(*args, **kwargs)

    return computed


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except OcrPipelineError as error:
        raise dg.Failure(str(error), metadata={ERROR: type(error).__name__}) from None
    except Exception as error:
        said = sentence_of(error)
        if said is None:
            raise
        raise dg.Failure(str(said), metadata={ERROR: type(said).__name__}) from None


_KINDS = {kind.__name__: kind for kind in (WarehouseError, ConfigurationError, BudgetError)}
"""Errors that leave a run with their own class."""


def cause_of(result: dg.ExecuteInProcessResult) -> OcrPipelineError | KeyboardInterrupt:
    """The first cause of a failed run as an error with one sentence. The run's log has the details."""
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        if data.user_failure_data and data.user_failure_data.description:
            kind = data.user_failure_data.metadata.get(ERROR)
            return _KINDS.get(str(kind.value) if kind else "", OcrPipelineError)(data.user_failure_data.description)
        error = data.error
        # What a worker process raised comes with its traceback there as its cause.
        while error is not None and error.cause is not None and error.cause.cls_name != "_RemoteTraceback":
            error = error.cause
        if error is not None:
            if error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt"):
                return KeyboardInterrupt()
            return refusal_in(f"{error.cls_name}: {error.message}") or OcrPipelineError(
                f"The run {result.run_id[:8]} failed: {error.message.strip().splitlines()[0][:300]}"
            )
    return OcrPipelineError(f"The run {result.run_id[:8]} failed; its log in the Dagster UI has the cause.")
