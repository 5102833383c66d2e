"""Ids of documents: from the path alone, or as an earlier version gave them.

The id of a new document is its path reduced to `[a-z0-9_-]`, and 8 hex digits of a hash of the path below `data`: no other
file changes it. The bundled documents of `data/demo` have short ids. `data/document-ids.jsonl` keeps the ids that are
different, one document a line: those of documents that an earlier version knew, and of documents that were moved.
See docs/decisions/0017.
"""

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocr_pipeline.errors import ConfigurationError, describe
from ocr_pipeline.store import write_durably
from ocr_pipeline.untrusted import path_of_printable, printable_path

FILE = "document-ids.jsonl"
MAX_ID_LENGTH = 80
BUNDLED = {
    "cafe-receipt-two-tax-rates.png",
    "design-studio-invoice.pdf",
    "grocery-dot-matrix.jpg",
    "hardware-store-phone-photo.jpg",
    "joinery-invoice-swiss-qr-bill.pdf",
    "office-supplies-credit-note.png",
    "olive-oil-invoice-skewed-scan.jpg",
    "restaurant-faded-thermal.jpg",
    "tapas-bar-crumpled-stained.jpg",
    "wholesale-invoice-two-pages.pdf",
}
"""The files of `data/demo` with short ids."""

_PART = r"(-p\d+(?:-\d+)?)?"
_WITH_HASH = re.compile(rf"(.+?)-(?:[0-9a-f]{{8}}|[0-9a-f]{{16}}){_PART}")


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    path: Annotated[str, Field(min_length=1)]
    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,200}$")]


def document_ids(paths: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """The id of each document.

    Args:
        paths: paths below `data`, as POSIX text: `documents/shop/a.pdf`.
        known: ids by path, from `load_known_ids`.

    Two paths with one slug share 8 hex digits once in four billion pairs; then the later path gets 16.
    """
    ids: dict[str, str] = {}
    taken = set(known.values())
    for path in sorted(paths):
        document_id = known.get(path)
        if document_id is None:
            document_id = next(found for digits in (8, 16, 64) if (found := new_id(path, digits)) not in taken)
            taken.add(document_id)
        ids[path] = document_id
    return ids


def new_id(path: str, digits: int = 8) -> str:
    """The id of a document that no earlier version knew: `documents/My Shop/Bill.pdf` becomes `my-shop-bill-` and a hash."""
    top, *parts = path.split("/")
    if top == "demo" and len(parts) == 1 and parts[0] in BUNDLED and digits == 8:
        return earlier_id((top, *parts))
    name = _slug_of((*(() if top == "documents" else (top,)), *parts))
    return f"{name[:MAX_ID_LENGTH]}-{_digest(path)[:digits]}".lstrip("-")


def earlier_id(parts: tuple[str, ...]) -> str:
    """The id that versions up to November 2026 gave to a file: `("sroie", "X51.jpg")` became `sroie-x51`."""
    name = _slug_of(parts)
    if not name or len(name) > MAX_ID_LENGTH or not _fold(_stem(parts)).isascii():
        return _with_hash(name, parts)
    return name


def earlier_ids(paths: Iterable[str]) -> dict[str, str]:
    """The ids of those versions by path, in the order of the files: the first of two with one slug had no hash."""
    by_id: dict[str, str] = {}
    for path in paths:
        parts = tuple(path.removeprefix("documents/").split("/"))
        document_id = earlier_id(parts)
        by_id[_with_hash(document_id, parts) if document_id in by_id else document_id] = path
    return {path: document_id for document_id, path in by_id.items()}


def short_id(document_id: str) -> str:
    """The id without the hash of the path: what a person types. Not unique."""
    found = _WITH_HASH.fullmatch(document_id)
    return found[1] + (found[2] or "") if found else document_id


def slug(text: str) -> str:
    """`text` in lower case, with everything but letters, digits and `_` replaced by single dashes."""
    return re.sub(r"[^a-z0-9_]+", "-", _fold(text)).strip("-")


def _slug_of(parts: tuple[str, ...]) -> str:
    return slug(_stem(parts))


def _stem(parts: tuple[str, ...]) -> str:
    name = parts[-1]
    dot = name.rfind(".")  # as `PurePath.stem`, which takes most of the time of a hundred thousand ids
    return "-".join((*parts[:-1], name[:dot] if 0 < dot < len(name) - 1 else name))


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _with_hash(name: str, parts: tuple[str, ...]) -> str:
    return f"{name[:MAX_ID_LENGTH]}-{_digest('/'.join(parts))[:8]}".lstrip("-")


def _digest(path: str) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()


def is_recorded(data: Path) -> bool:
    """Whether the ids that an earlier version gave are written down, if only to say that there are none."""
    return (data / FILE).is_file()


def load_known_ids(data: Path) -> dict[str, str]:
    """The ids of `data/document-ids.jsonl` by path below `data`; empty without the file.

    Raises:
        ConfigurationError: the file cannot be read, or a line is invalid or contradicts an earlier one.
    """
    file = data / FILE
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{file} cannot be read: {reason}.") from None
    ids: dict[str, str] = {}
    paths: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        path, document_id = _parsed(line, f"{file.parent.name}/{file.name}, line {number}")
        if ids.setdefault(path, document_id) != document_id or paths.setdefault(document_id, path) != path:
            raise ConfigurationError(
                f"{file.parent.name}/{file.name}, line {number}: an earlier line has another id for this path, or this id for"
                " another path. Delete one of the two lines."
            )
    return ids


def _parsed(line: str, where: str) -> tuple[str, str]:
    try:
        found = _Line.model_validate_json(line)
    except ValidationError as error:
        raise ConfigurationError(f"{where}: {describe(error)} Correct or delete the line.") from None
    parts = PurePosixPath(found.path).parts
    if found.path != "/".join(parts) or parts[0] == "/" or ".." in parts:
        raise ConfigurationError(f"{where}: the path has to lead from `data` to a file. Correct or delete the line.")
    return path_of_printable(found.path), found.id


def remember_ids(data: Path, new: Mapping[str, str], *, without: Collection[str] = ()) -> None:
    """Add ids by path to `data/document-ids.jsonl`; an earlier path of the same id gives way. The file is made if need be.

    Args:
        without: ids that are removed from the file.

    Raises:
        ConfigurationError: the file is invalid.
        WarehouseError: it cannot be written.
    """
    data.mkdir(parents=True, exist_ok=True)
    with FileLock(data / f".{FILE}.lock"):
        before = load_known_ids(data)
        moved = {*new.values(), *without}
        ids = {path: known for path, known in before.items() if known not in moved or new.get(path) == known}
        ids.update(new)
        if ids != before or not is_recorded(data):
            rows = sorted(json.dumps({"path": printable_path(path), "id": ids[path]}) for path in ids)
            write_durably(data / FILE, "".join(f"{row}\n" for row in rows))
