"""A JSON schema as the content of a `schema.yaml`. Pydantic models come as the JSON schema that they describe.

JSON schema knows types, `schema.yaml` knows kinds: what a kind is guessed from is in `kind_of`, and each guess is told, so
that a person can correct it. `"x-kind": "money"` in a property says it without guessing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from ocr_pipeline.document_fields import FieldKind
from ocr_pipeline.errors import ConfigurationError

Node = Mapping[str, Any]
"""A part of a JSON schema."""

Tree = dict[str, Any]
"""A part of a `schema.yaml`, or of a JSON schema that is being resolved."""

KIND_KEY = "x-kind"
MAX_DEPTH = 30
"""Of references and nested objects."""
_MONEY_WORDS = (
    "amount price total subtotal net gross tax vat cost fee balance due discount sum salary rent premium charge value"
)
_IDENTIFIER_WORDS = "id number no nr code reference ref iban bic sku barcode serial licence license article"
_NAME_WORDS = "name company supplier vendor seller customer buyer receiver recipient merchant employer author holder"
_MONEY = frozenset(_MONEY_WORDS.split())
_IDENTIFIER = frozenset(_IDENTIFIER_WORDS.split())
_NAME = frozenset(_NAME_WORDS.split())
_ADDRESS = frozenset({"address", "street", "addr"})
_DATE = frozenset(["date", "day", "birthday"])
_TAX_ID = ("tax_id", "vat_id", "vat_number", "tax_number", "vat_no", "vat_reg")


@dataclass
class Converted:
    """The content of a `schema.yaml`, JSON-serialisable, and sentences about what was guessed or left out."""

    content: Tree
    notes: list[str] = field(default_factory=list)


def convert(schema: Node, title: str | None = None) -> Converted:
    """Convert a JSON schema of an object.

    Raises:
        ConfigurationError: it is not the schema of an object, or nothing in it can be converted.
    """
    made = Converted({})
    root = _Resolver(schema).plain(schema)
    if not isinstance(root.get("properties"), Mapping) or not root["properties"]:
        raise ConfigurationError("The JSON schema describes no object with properties.")
    name = title or root.get("title") or "Document"
    made.content = {"title": " ".join(str(name).split())[:100]}
    if description := _line(root.get("description")):
        made.content["description"] = description
    fields: Tree = {}
    lists: Tree = {}
    _add_properties(_Resolver(schema), root, "", fields, lists, made, 0)
    if not fields:
        raise ConfigurationError("The JSON schema has no single-valued property; at least one is needed.")
    made.content["fields"] = fields
    if lists:
        made.content["lists"] = lists
    return made


def snake_case(name: str) -> str:
    """`invoiceNumber` and `Invoice Number` are `invoice_number`; empty for a name without Latin letters."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_").lstrip("0123456789_")


def kind_of(name: str, node: Node) -> tuple[FieldKind, bool]:
    """The kind of a property, and whether it is a guess from its name."""
    given = node.get(KIND_KEY)
    if given is not None:
        if given not in get_args(FieldKind):
            raise ConfigurationError(f"{name}: {KIND_KEY} must be one of {', '.join(get_args(FieldKind))}.")
        kind: FieldKind = given
        return kind, False
    words = set(name.split("_"))
    types = _types(node)
    if "enum" in node or "const" in node:
        return ("boolean", False) if types == {"boolean"} else ("category", False)
    if "boolean" in types:
        return "boolean", False
    if node.get("format") in ("date", "date-time"):
        return "date", False
    if types & {"number", "integer"}:
        return ("money", True) if words & _MONEY and "integer" not in types else ("quantity", True)
    if any(part in name for part in _TAX_ID):
        return "tax_id", True
    guesses: tuple[tuple[FieldKind, frozenset[str]], ...] = (
        ("date", _DATE),
        ("address", _ADDRESS),
        ("identifier", _IDENTIFIER),
        ("name", _NAME),
    )
    return next(((kind, True) for kind, known in guesses if words & known), ("text", True))


class _Resolver:
    """Follows references inside one schema, and takes optional and single alternatives apart."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def plain(self, node: Any, depth: int = 0) -> Tree:
        """The node without `$ref`, `allOf` and alternatives that are null."""
        if depth > MAX_DEPTH:
            raise ConfigurationError(f"The JSON schema refers to itself, or is nested more than {MAX_DEPTH} deep.")
        if not isinstance(node, Mapping):
            return {}
        found = dict(node)
        if isinstance(reference := found.pop("$ref", None), str):
            return self.plain({**self._at(reference), **found}, depth + 1)
        for key in ("allOf", "anyOf", "oneOf"):
            options = [entry for entry in found.pop(key, []) if not _is_null(entry)]
            resolved = [self.plain(entry, depth + 1) for entry in options]
            if key == "allOf" or len(resolved) == 1:
                for entry in resolved:
                    found = {**entry, **found}
            elif resolved:
                found = {**_merged(resolved), **found}
        return found

    def _at(self, reference: str) -> Node:
        node: Any = self._root
        if not reference.startswith("#/"):
            raise ConfigurationError(
                f"The reference {reference} is outside the file; only references inside it are followed."
            )
        for part in reference[2:].split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, Mapping) or part not in node:
                raise ConfigurationError(f"The reference {reference} leads nowhere.")
            node = node[part]
        return node if isinstance(node, Mapping) else {}


def _is_null(node: object) -> bool:
    return isinstance(node, Mapping) and node.get("type") == "null"


def _merged(options: list[Tree]) -> Tree:
    """Alternatives as one node: their types together. A decimal is a number or a text, as pydantic writes it."""
    types = sorted(set().union(*map(_types, options)))
    best = next((entry for entry in options if _types(entry) & {"object", "array"}), options[0])
    return {**best, "type": types}


def _types(node: Node) -> set[str]:
    given = node.get("type", [])
    return {given} if isinstance(given, str) else {entry for entry in given if isinstance(entry, str)} - {"null"}


def _add_properties(
    resolver: _Resolver,
    node: Node,
    prefix: str,
    fields: Tree,
    lists: Tree,
    made: Converted,
    depth: int,
) -> None:
    if depth > MAX_DEPTH:
        raise ConfigurationError(f"The JSON schema refers to itself, or is nested more than {MAX_DEPTH} deep.")
    required = set(node.get("required", [])) if depth == 0 else set()
    for original, child in node["properties"].items():
        name = prefix + snake_case(str(original))
        if name == prefix:
            raise ConfigurationError(f"{original}: names need Latin letters; use a-z, 0-9 and _.")
        if name in fields or name in lists:
            raise ConfigurationError(f"{original}: a second property would be named {name}.")
        entry = resolver.plain(child)
        if "array" in _types(entry) or "items" in entry:
            _add_list(resolver, name, entry, lists, made)
        elif isinstance(entry.get("properties"), Mapping):
            _add_properties(resolver, entry, f"{name}_", fields, lists, made, depth + 1)
        elif _types(entry) == {"object"}:
            made.notes.append(f"{name} is left out: an object without properties.")
        else:
            fields[name] = _field(name, snake_case(str(original)), entry, made, required=original in required)
        if prefix + str(original) != name and name in {**fields, **lists}:
            made.notes.append(f"{prefix + str(original)} is named {name}.")


def _add_list(resolver: _Resolver, name: str, node: Node, lists: Tree, made: Converted) -> None:
    row = resolver.plain(node.get("items", {}))
    columns: Tree = {}
    properties = row.get("properties")
    if isinstance(properties, Mapping):
        for column, own, child in _leaves(resolver, properties, "", made, name):
            columns[column] = _field(f"{name}.{column}", own, child, made, required=False)
    else:
        columns["value"] = _field(f"{name}.value", name, row, made, required=False)
    if not columns:
        made.notes.append(f"{name} is left out: its rows have no columns.")
        return
    entry: Tree = {}
    if description := _line(node.get("description")):
        entry["description"] = description
    lists[name] = {**entry, "columns": columns}


def _leaves(
    resolver: _Resolver, properties: Node, prefix: str, made: Converted, of_list: str, depth: int = 0
) -> Iterator[tuple[str, str, Node]]:
    """Column, own name and node of the single values of a row and of objects inside it; lists inside rows are left out."""
    if depth > MAX_DEPTH:
        raise ConfigurationError(f"The JSON schema refers to itself, or is nested more than {MAX_DEPTH} deep.")
    for original, child in properties.items():
        name = prefix + snake_case(str(original))
        node = resolver.plain(child)
        if "array" in _types(node) or "items" in node:
            made.notes.append(f"{of_list}.{name} is left out: a list inside the rows of a list.")
        elif isinstance(node.get("properties"), Mapping):
            yield from _leaves(resolver, node["properties"], f"{name}_", made, of_list, depth + 1)
        elif name:
            yield name, snake_case(str(original)), node


def _field(path: str, own: str, node: Node, made: Converted, *, required: bool) -> Tree:
    """A field. `own`: its name without those of the objects around it, which says what it is."""
    kind, guessed = kind_of(own, node)
    if guessed and kind != "text":
        made.notes.append(f"{path}: kind {kind}, guessed from its name and type.")
    entry: Tree = {"kind": kind}
    if description := _line(node.get("description")):
        entry["description"] = description
    if required:
        entry["required"] = True
    if kind == "category" and (options := node.get("enum", [node["const"]] if "const" in node else [])):
        entry["options"] = [str(option) for option in options if option is not None]
    pattern = node.get("pattern")
    if isinstance(pattern, str) and kind not in ("money", "quantity", "date", "boolean"):
        if (ours := _pattern(pattern)) is None:
            made.notes.append(f"{path}: its pattern is left out, it is not a regular expression of Python.")
        else:
            entry["pattern"] = ours
    if kind in ("money", "quantity"):
        for ours, theirs in (("minimum", "minimum"), ("maximum", "maximum")):
            if isinstance(limit := node.get(theirs), int | float) and not isinstance(limit, bool):
                entry[ours] = int(limit) if limit == int(limit) else limit
    return entry


def _pattern(text: str) -> str | None:
    """Ours has to match the whole value, that of a JSON schema any part of it. None: Python does not understand it."""
    whole = re.fullmatch(r"\^([^|]*[^|\\])\$", text, re.DOTALL)
    ours = whole.group(1) if whole else f"(?s:.*)(?:{text})(?s:.*)"
    try:
        re.compile(ours)
    except (re.error, RecursionError, OverflowError):
        return None
    return ours


def _line(text: object) -> str:
    return " ".join(text.split()) if isinstance(text, str) else ""
