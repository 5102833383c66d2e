"""Scores and rules are made by name, and never changed: they are shared, cached and compared."""

import importlib
import pkgutil
from dataclasses import FrozenInstanceError, is_dataclass

import pytest
from pydantic import BaseModel, ValidationError

from ocr_pipeline.evaluation import scoring

CLASSES = {
    f"{module.name}.{name}": value
    for module in pkgutil.iter_modules(scoring.__path__, f"{scoring.__name__}.")
    for name, value in vars(importlib.import_module(module.name)).items()
    if isinstance(value, type)
    and value.__module__ == module.name
    and (is_dataclass(value) or issubclass(value, BaseModel))
}


@pytest.mark.parametrize("name", CLASSES)
def test_no_attribute_can_be_set_or_invented(name: str) -> None:
    made = CLASSES[name].__new__(CLASSES[name])
    public = [attribute for attribute in CLASSES[name].__annotations__ if not attribute.startswith("_")]
    for attribute in (*public, "unknown"):
        with pytest.raises((FrozenInstanceError, ValidationError)):
            setattr(made, attribute, 1)


@pytest.mark.parametrize("name", [name for name in CLASSES if not name.endswith(".Comparator")])
def test_values_are_given_by_name(name: str) -> None:
    with pytest.raises(TypeError, match="positional argument"):
        CLASSES[name](*range(len(CLASSES[name].__annotations__)))
