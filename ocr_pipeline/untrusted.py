"""Makes text from documents, labels, models and file names safe to display.

Such text may contain terminal control characters, bidirectional formatting characters, markup, and spreadsheet formulas.
"""

import unicodedata

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of invisible or active characters: controls, bidirectional marks, surrogates."""

FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
"""Pattern of cell contents that spreadsheets execute as a formula (OWASP, CSV Injection)."""

MAX_CHARACTERS = 2_000
"""Longer values are truncated for display."""


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
