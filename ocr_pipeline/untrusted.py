"""Text from documents, labels, models and file names, made harmless for where it is shown.

It may hold control characters that a terminal obeys, marks that turn the direction of writing, markup, and formulas that a
spreadsheet carries out.
"""

import unicodedata

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that nobody sees, or that do something: controls, marks of direction, halves of characters."""

FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
"""What a cell of a spreadsheet begins with that is carried out instead of shown (OWASP, CSV Injection), as a pattern."""

LONGEST = 2_000
"""Characters of one value that are shown; the rest is counted."""


def visible(text: str, *, longest: int | None = LONGEST) -> str:
    """`text` in one direction and without characters that do something; each of them becomes its code: `⟨U+202E⟩`.

    Line breaks stay. What is longer than `longest` is cut, and the end says by how much.
    """
    cut = text if longest is None else text[:longest]
    shown = "".join(
        character
        if character == "\n" or unicodedata.category(character) not in INVISIBLE
        else f"⟨U+{ord(character):04X}⟩"
        for character in cut
    )
    return shown if len(cut) == len(text) else f"{shown}… ({len(text) - len(cut):,} more characters)"
