"""Lines that hold name and address with marks between them: `Bei Spiel GmbH · Ecke 12 · 12345 Stadthausen`."""

import re
from functools import lru_cache

from ocr_pipeline.extraction.rules.fields.line_shapes import has_postal_code, not_a_name

_MARK = re.compile(r"\s+[-–—*]\s+|\s*[·•●|]\s*")  # OCR loses the spaces around a dot, not around a dash

_CERTAIN = 3
"""Parts from which a street is enough: towns have no postcode everywhere."""
_MIN_LETTERHEAD = 30


def sender(text: str) -> str:
    """The name in a sender's line; any other text unchanged."""
    return _MARK.split(text)[0] if is_sender_line(text) else text


def sender_parts(text: str) -> list[str]:
    """The parts of a line with marks between them: name, street, town, telephone."""
    return [part.strip(" ,") for part in _MARK.split(text) if part.strip(" ,")]


@lru_cache(maxsize=8192)
def is_sender_line(text: str) -> bool:
    parts = sender_parts(text)
    if len(parts) < 2:
        return False
    shapes = [not_a_name(part) for part in parts]
    return has_postal_code(text) or "town" in shapes or (len(parts) >= _CERTAIN and "street" in shapes[1:])


@lru_cache(maxsize=8192)
def is_letterhead(text: str) -> bool:
    """Whether a line holds name, address, and a telephone, web or mail address: a letterhead in one line."""
    if len(text) < _MIN_LETTERHEAD or not is_sender_line(text):
        return False
    parts = sender_parts(text)
    return len(parts) > _CERTAIN and any(not_a_name(part) in ("phone", "web") or "@" in part for part in parts[1:])


@lru_cache(maxsize=8192)
def address_part(text: str) -> str | None:
    """The street and town of a line of several parts: `Ecke 12, 12345 Stadthausen`; None without both."""
    parts = sender_parts(text) if is_sender_line(text) else []
    shapes = [not_a_name(part) for part in parts]
    street = next((position for position, shape in enumerate(shapes) if shape == "street"), None)
    if street is None:
        return None
    towns = [position for position in range(street + 1, len(parts)) if shapes[position] == "town"]
    return ", ".join(parts[street : towns[0] + 1]) if towns else None
