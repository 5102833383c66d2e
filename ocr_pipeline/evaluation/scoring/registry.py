"""A project's own field kinds and metrics: `module:name` in `evaluation.yaml`, instead of a fork.

A kind is a `Comparator` and decides what is correct. A metric is a function (truth, prediction) -> bool or float that stands
beside the outcome; its mean over the labelled values is on the leaderboard.
"""

import hashlib
import importlib
import inspect
from collections.abc import Callable
from decimal import Decimal
from typing import cast, get_args

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.scoring.comparators import COMPARATORS, Comparator, FieldValue
from ocr_pipeline.schemas import FieldKind

Metric = Callable[[FieldValue, FieldValue], bool | float]
"""(truth, prediction), both not empty. A missing or spurious value counts as 0."""

_OPTIONS = {Decimal: {"within", "within_percent"}, str: {"similarity", "edits"}}
_BUILT_IN_OPTIONS: dict[str, set[str]] = {
    "date": {"days"},
    "name": {"similarity"},
    "address": {"similarity"},
    "text": {"similarity"},
    "identifier": {"edits"},
    "tax_id": {"edits"},
    "category": set(),
    "boolean": set(),
}


def register_kind(name: str, comparator: object) -> None:
    """Add a field kind, for all projects of this process.

    Raises:
        ConfigurationError: the name is that of a built-in kind, or it is not a `Comparator`.
    """
    if name in get_args(FieldKind):
        raise ConfigurationError(f"{name} is a built-in kind; choose another name.")
    if not isinstance(comparator, Comparator):
        raise ConfigurationError(f"the kind {name} is not a Comparator.")
    COMPARATORS[name] = comparator


def options_of(kind: str) -> set[str]:
    """Options of `evaluation.yaml` that apply to a kind."""
    return _BUILT_IN_OPTIONS.get(kind, _OPTIONS.get(COMPARATORS[kind].value_type, {"days"}))


def load_metric(reference: str) -> Metric:
    """Import the function that a reference names."""
    metric = load(reference)
    if not callable(metric):
        raise ConfigurationError(f"{reference} is not a function.")
    return cast(Metric, metric)


def load(reference: str) -> object:
    """Import what a reference `package.module:name` names.

    Raises:
        ConfigurationError: it cannot be imported.
    """
    module, separator, name = reference.partition(":")
    if not separator:
        raise ConfigurationError(f"{reference} is not package.module:name.")
    try:
        return cast(object, getattr(importlib.import_module(module), name))
    except Exception as error:  # noqa: BLE001 - whatever a user's own module raises while it is imported
        raise ConfigurationError(f"{reference} cannot be imported: {error}.") from None


def source_hash(reference: str) -> str:
    """Hash of the source of a reference's module: scores become stale when it changes."""
    source = inspect.getsource(importlib.import_module(reference.partition(":")[0]))
    return hashlib.sha256(source.encode()).hexdigest()[:12]
