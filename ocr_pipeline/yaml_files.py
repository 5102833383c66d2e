"""Loads YAML settings, validates them with a model, and reports mistakes with line numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ocr_pipeline.errors import ConfigurationError, describe

Model = TypeVar("Model", bound=BaseModel)


class _NoRepeatedKeys(yaml.SafeLoader):
    """Rejects duplicate keys. YAML silently keeps the last one, so a copied and not renamed entry would vanish."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in keys:
                    raise yaml.MarkedYAMLError(problem=f"duplicate key {key.value!r}", problem_mark=key.start_mark)
                keys.add(key.value)
        return super().construct_mapping(node, deep)


def load_yaml(path: Path, model: type[Model]) -> tuple[Model, str]:
    """Load and validate a file. Returns its content, and its text for `line_of`.

    Raises:
        ConfigurationError: the file is missing or invalid; the message names the line.
    """
    try:
        text = path.read_text("utf-8")
        content = yaml.load(text, _NoRepeatedKeys)  # noqa: S506 - a safe loader
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name} is not UTF-8 text.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path.name}{where}: {getattr(error, 'problem', 'not valid YAML')}.") from None
    try:
        return model.model_validate(content), text
    except ValidationError as error:
        line = line_of(text, error.errors(include_input=False)[0]["loc"])
        raise ConfigurationError(f"{path.name}{line}: {describe(error)}") from None


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
