"""Makes text from documents, labels, models and file names safe to display.

Such text may contain terminal control characters, bidirectional formatting characters, markup, and spreadsheet formulas.
"""

import os
import re
import unicodedata

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of invisible or active characters: controls, bidirectional marks, surrogates."""

FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
"""Pattern of cell contents that spreadsheets execute as a formula (OWASP, CSV Injection)."""

MAX_CHARACTERS = 2_000
"""Longer values are truncated for display."""


_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def printable_path(path: str) -> str:
    """A path as it is stored and shown: bytes that are not UTF-8, and control characters, as `\xe9`.

    `path_of_printable` gives the path back.
    """
    if path.isascii() and path.isprintable() and "\\x" not in path:
        return path
    text = "".join(
        f"\\x{ord(character) & 0xFF:02x}" if "\udc80" <= character <= "\udcff" or character < " " else character
        for character in re.sub(r"\\(?=x[0-9a-f]{2})", r"\\x5c", path)
    )
    return text.replace("\x7f", "\\x7f")


def path_of_printable(text: str) -> str:
    """The path that `printable_path` was given."""
    if "\\x" not in text:
        return text
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), os.fsencode(text)))


def visible(text: str, *, longest: int | None = MAX_CHARACTERS) -> str:
    """`text` with invisible and active characters replaced by their code: `⟨U+202E⟩`. Line breaks are kept.

    Text longer than `longest` is truncated; a note at the end gives the number of omitted characters.
    """
    cut = text if longest is None else text[:longest]
    shown = "".join(
        character
        if character == "\n" or unicodedata.category(character) not in INVISIBLE
        else f"⟨U+{ord(character):04X}⟩"
        for character in cut
    )
    return shown if len(cut) == len(text) else f"{shown}… ({len(text) - len(cut):,} more characters)"
