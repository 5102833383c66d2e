"""Terminals that cannot show every letter: no command fails because a supplier's name has one."""

import codecs
import sys
import unicodedata

HANDLER = "ocr_pipeline.nearest"

_NEAREST = {
    **dict.fromkeys("\u2013\u2014\u2212\u2010\u2011", "-"),
    **dict.fromkeys("\u2018\u2019\u201a\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u2033", '"'),
    **dict.fromkeys("\u2500\u2501\u2550\u254c\u2574\u2576", "-"),
    **dict.fromkeys("\u2502\u2503\u2551", "|"),
    "\u2026": "...", "\u00d7": "x", "\u2192": "->", "\u2190": "<-", "\u2022": "*", "\u00b7": ".", "✓": "v",
    "✗": "x",
    "∅": "o",
    "\u20ac": "EUR",
    "\u2264": "<=", "\u2265": ">=", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
}  # fmt: skip


def nearest(text: str) -> str:
    """ASCII that looks like a text: `–` becomes `-`, `é` becomes `e`, a corner of a box `+`, the rest `?`."""
    return "".join(map(_ascii, text))


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    if character in _NEAREST:
        return _NEAREST[character]
    if "\u2500" <= character <= "\u257f":
        return "+"
    if "\u2580" <= character <= "\u259f":
        return "#"
    letters = unicodedata.normalize("NFKD", character)
    return "".join(letter for letter in letters if letter.isascii()) or (
        "" if unicodedata.combining(character) else "?"
    )


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return nearest(error.object[error.start : error.end]), error.end


def write_any_text() -> None:
    """Let standard output and error write the nearest letters where their encoding lacks one."""
    codecs.register_error(HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not (stream.encoding or "").lower().startswith("utf"):
            reconfigure(errors=HANDLER)
