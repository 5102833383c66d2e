"""The names of the files that belong to a document and lie beside it: labels, transcripts."""

import hashlib
import os
from pathlib import Path

MAX_NAME_BYTES = 255
"""Of a file name, on the usual file systems."""


def beside(document: Path, suffix: str, *, stem: bool = False) -> Path:
    """`invoice.pdf` and `.json` make `invoice.pdf.json`; with `stem`, `invoice.json`.

    A name that would be too long is cut, and gets a hash of the whole name.
    """
    return document.with_name(name_beside(document.stem if stem else document.name, suffix))


def name_beside(text: str, suffix: str) -> str:
    """The name of a file beside the one with this name or stem."""
    if text.isascii() and len(text) + len(suffix) <= MAX_NAME_BYTES:
        return text + suffix
    name = os.fsencode(text)
    if len(name) + len(os.fsencode(suffix)) > MAX_NAME_BYTES:
        digest = hashlib.sha256(name).hexdigest()[:8]
        name = os.fsencode(os.fsdecode(name[:200]).encode("utf-8", "ignore").decode()) + f"-{digest}".encode()
    return os.fsdecode(name) + suffix
