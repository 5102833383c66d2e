"""Settings in YAML: read, validated by a model, and every mistake named with its line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ocr_pipeline.errors import ConfigurationError, describe

Model = TypeVar("Model", bound=BaseModel)


class _NoRepeatedKeys(yaml.SafeLoader):
    """YAML keeps the last of two equal keys: an entry that was copied and not renamed would vanish without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"{key.value!r} is there twice", problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_yaml(path: Path, model: type[Model]) -> tuple[Model, str]:
    """The validated content of a file, and its text: with it, `line_of` finds a place again.

    Raises:
        ConfigurationError: the file is missing or wrong; the message names the place.
    """
    try:
        text = path.read_text("utf-8")
        content = yaml.load(text, _NoRepeatedKeys)  # noqa: S506 - a safe loader
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name} is not text in UTF-8.") from None
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
    """`, line 7`: where the place stands in the file, or the nearest place around it; nothing for the whole file."""
    node, line = yaml.compose(text, yaml.SafeLoader), 0
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if found is None:
                continue  # pydantic names steps that are not in the file, like [key]
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return f", line {line}" if line else ""
