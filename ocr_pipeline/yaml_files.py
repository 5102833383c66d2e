"""Loads YAML settings, validates them with a model, and reports mistakes with line numbers."""

import math
import re
from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ocr_pipeline.errors import ConfigurationError, describe

Model = TypeVar("Model", bound=BaseModel)


MAX_DEPTH = 50
MAX_NODES = 100_000
"""Of one file, aliases counted as often as they are used: a few lines of anchors can stand for billions of values."""


class _StrictLoader(yaml.SafeLoader):
    """Rejects duplicate keys, of which YAML silently keeps the last (a copied and not renamed entry would vanish), scalars
    that are not what they are tagged or look like, absurd nesting, and anchors that multiply."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem=f"nested more than {MAX_DEPTH} deep", problem_mark=mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        known: dict[int, int] = {}
        if node is not None and _size(node, known) > MAX_NODES:
            problem = f"anchors and aliases stand for more than {MAX_NODES:,} values"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=_first_too_large(node, known).start_mark)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, AttributeError, OverflowError):  # PyYAML lets what Python's types say through
            kind = node.tag.rpartition(":")[2]
            raise yaml.MarkedYAMLError(problem=f"not a valid {kind}", problem_mark=node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in keys:
                    raise yaml.MarkedYAMLError(problem=f"duplicate key {key.value!r}", problem_mark=key.start_mark)
                keys.add(key.value)
        return super().construct_mapping(node, deep)


@lru_cache(maxsize=16)  # each asset of a run looks at the settings as they are then, which seldom changed
def _parsed(text: str) -> Any:
    return yaml.load(text, _StrictLoader)  # noqa: S506 - a safe loader


def load_yaml(path: Path, model: type[Model]) -> tuple[Model, str]:
    """Load and validate a file. Returns its content, and its text for `line_of`.

    Raises:
        ConfigurationError: the file is missing or invalid; the message names the line.
    """
    try:
        text = path.read_text("utf-8")
        content = deepcopy(_parsed(text))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name} is not UTF-8 text.") from None
    except yaml.reader.ReaderError as error:
        number = text.count("\n", 0, error.position) + 1
        raise ConfigurationError(
            f"{path.name}, line {number}: a control character, which YAML does not allow."
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path.name}{where}: {getattr(error, 'problem', 'not valid YAML')}.") from None
    needed = ", ".join(name for name, field in model.model_fields.items() if field.is_required())
    if content is None and not needed:
        content = {}
    if not isinstance(content, dict):
        what = "is empty" if content is None else "holds no settings"
        raise ConfigurationError(f"{path.name} {what}: it must have {needed}." if needed else f"{path.name} {what}.")
    try:
        settings = model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        said = describe(error)
        if first["type"] == "string_type" and isinstance(first["input"], bool | int | float):
            what = "yes, no, on and off" if isinstance(first["input"], bool) else "numbers"
            said = said.replace("Input should be a valid string", f"must be text; put {what} in quotes")
        said = re.sub(r" or instance of \w+\.$", ".", said)
        raise ConfigurationError(f"{path.name}{line_of(text, first['loc'])}: {said}") from None
    if place := _infinite(settings.model_dump()):
        name = ".".join(map(str, place))
        raise ConfigurationError(f"{path.name}{line_of(text, place)}: {name}: a finite number is required.")
    return settings, text


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many nodes it stands for, each alias counted; beyond the limit it is not counted on."""
    if id(node) not in known:
        known[id(node)] = MAX_NODES + 1  # an anchor that contains itself
        known[id(node)] = min(MAX_NODES + 1, 1 + sum(_size(child, known) for child in _children(node)))
    return known[id(node)]


def _first_too_large(node: yaml.Node, known: dict[int, int]) -> yaml.Node:
    """The innermost node that stands for too many, the first of its kind."""
    met: set[int] = set()
    while id(node) not in met:
        met.add(id(node))
        node = next((child for child in _children(node) if known.get(id(child), 0) > MAX_NODES), node)
    return node


def _children(node: yaml.Node) -> Sequence[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _infinite(value: object, place: tuple[object, ...] = ()) -> tuple[object, ...] | None:
    """Where an infinite number stands, or one that is none."""
    if isinstance(value, float):
        return None if math.isfinite(value) else place
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return next((found for name, child in entries if (found := _infinite(child, (*place, name)))), None)


def line_of(text: str, location: Sequence[object]) -> str:
    """`, line 7` for a location as given by pydantic, or for its nearest parent in the file; "" for the whole file."""
    node, line = yaml.compose(text, yaml.SafeLoader), 0
    for part in location:
        if isinstance(node, yaml.MappingNode):
            entry = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if entry is None:
                continue  # pydantic includes steps that are not in the file, like [key]
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return f", line {line}" if line else ""
