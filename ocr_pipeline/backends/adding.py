"""Adds entries to `backends.yaml` as text, so that comments and formatting of its author stay as they are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ocr_pipeline.backends.config import load_config
from ocr_pipeline.errors import ConfigurationError


@dataclass(frozen=True)
class Service:
    """A kind of service that can be added. `type`: protocol of the server; None: its predictions are imported."""

    title: str
    type: str | None
    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    is_own: bool = False


SERVICES: Mapping[str, Service] = {
    "gemini": Service("Google Gemini", "gemini", "gemini-3.5-flash-lite", api_key_env="GEMINI_API_KEY"),
    "openai": Service("OpenAI", "openai", "gpt-5-mini", api_key_env="OPENAI_API_KEY"),
    "azure": Service("Azure OpenAI", "openai", None, api_key_env="AZURE_OPENAI_API_KEY"),
    "ollama": Service("Ollama", "openai", "qwen3", "http://localhost:11434/v1", is_own=True),
    "vllm": Service("vLLM or another server of your own", "openai", None, "http://localhost:8000/v1", is_own=True),
    "file": Service("Predictions of any other system, imported from a file", None),
}


def backend_entry(name: str, description: str, engine: str | None, extractor: str, options: Mapping[str, str]) -> str:
    """An entry of `backends` as YAML, with the comments that a reader needs; not indented."""
    lines = [f"{name}:", f"  description: {_scalar(description)}"]
    if engine is not None:
        lines.append(f"  engine: {engine}")
    lines.append(
        f"  extractor: {extractor}" + ("" if engine or not options else "        # no engine: it gets the pages")
    )
    if options:
        lines.append(f"  options: {{{', '.join(f'{key}: {_scalar(value)}' for key, value in options.items())}}}")
    return "\n".join(lines) + "\n"


def provider_entry(name: str, service: Service, base_url: str | None, key: str | None, price: str | None) -> str:
    """An entry of `providers` as YAML, not indented. `price`: `0`, or US dollars per million tokens of a model as YAML."""
    lines = [f"{name}:"]
    if name != service.type:
        lines.append(f"  type: {service.type}")
    if base_url:
        lines.append(f"  base_url: {_scalar(base_url)}")
    lines.append(
        f"  api_key_env: {key or 'null'}" + ("   # the variable with the key; never the key itself" if key else "")
    )
    if price == "0":
        lines.append("  price: 0               # a server of your own: --max-cost counts nothing")
    elif price:
        lines.append(f"  prices: {price}   # USD per million tokens")
    return "\n".join(lines) + "\n"


def written_entries(text: str, section: str) -> set[str]:
    """The names of the entries that a section has in the file; some providers exist without one."""
    root = yaml.compose(text, yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = next((value for key, value in pairs if key.value == section), None)
    return {key.value for key, _ in found.value} if isinstance(found, yaml.MappingNode) else set()


def with_entry(text: str, section: str, entry: str) -> str:
    """The text of a configuration with one entry more, at the end of a section; the section is made if missing.

    Raises:
        ConfigurationError: the section is written in one line, or is no mapping.
    """
    root = yaml.compose(text, yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = next(((key, value) for key, value in pairs if key.value == section), None)
    lines = text.splitlines()
    if found is None:
        return text.rstrip("\n") + f"\n\n{section}:\n{_indented(entry, 2)}"
    key, value = found
    if isinstance(value, yaml.ScalarNode) and value.tag == "tag:yaml.org,2002:null":
        place, indent = key.end_mark.line + 1, 2
    elif not isinstance(value, yaml.MappingNode) or value.flow_style:
        raise ConfigurationError(f"`{section}` is written in one line; add this by hand:\n{entry}")
    else:
        place, indent = _last_line(value) + 1, value.value[0][0].start_mark.column
    return "\n".join([*lines[:place], *_indented(entry, indent).splitlines(), *lines[place:]]) + "\n"


def save(path: Path, text: str) -> None:
    """Replace the configuration after checking the new one.

    Raises:
        ConfigurationError: it would be invalid, or cannot be written; the file is as before.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_text(text, "utf-8")
        load_config(new)
        new.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be written: {error.strerror}.") from None
    finally:
        new.unlink(missing_ok=True)


def _last_line(node: yaml.Node) -> int:
    """The last line that belongs to a node. The end of a block is where the next token begins, after all comments."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return max(_last_line(part) for part in node.value[-1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return int(node.end_mark.line) - 1
    return int(node.end_mark.line)


def _indented(entry: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}\n" for line in entry.splitlines())


def _scalar(value: str) -> str:
    """A text as YAML on one line."""
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True).removesuffix("\n...\n").strip()
    )
