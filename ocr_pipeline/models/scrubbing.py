"""Takes an API key out of what a server says: some servers and proxies repeat it, and answers are stored and shown."""

import base64
import re
from collections.abc import Iterator

SHORTEST = 8
"""Characters of the key in a row that count as a part of it. A shorter key (`none`, `ollama`) is no secret."""

_ESCAPE = re.compile(
    r"\\+u([0-9a-fA-F]{4})|\\+x([0-9a-fA-F]{2})|%(?:25)*([0-9a-fA-F]{2})"
    r"|&(?:amp;)*#x([0-9a-fA-F]{2,4});|&(?:amp;)*#(\d{2,5});|\\+(/)"
)
"""Also if it was escaped several times."""
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
"""Of ASCII only: other letters may have another length in lower case."""


def scrub(text: str, key: str | None, mark: str = "***") -> str:
    """The text with a mark for the key and every part of it, plain, escaped (JSON, URL, HTML), in base64 and in hex."""
    if not key or len(key) < SHORTEST:
        return text
    plain = _ESCAPE.sub(_character, text)
    folded = plain.translate(_LOWER)
    if not any(part in (folded if form == "folded" else plain) for part, form in _parts(key)):
        return text
    places = _places(text)
    hidden = [False] * len(plain)
    for part, form in _parts(key):
        where = folded if form == "folded" else plain
        at = where.find(part)
        while at >= 0:
            hidden[at : at + len(part)] = [True] * len(part)
            at = where.find(part, at + 1)
    pieces: list[str] = []
    for index, secret in enumerate(hidden):
        if not secret:
            pieces.append(text[places[index] : places[index + 1]])
        elif not index or not hidden[index - 1]:
            pieces.append(mark)
    return "".join(pieces)


def _parts(key: str) -> Iterator[tuple[str, str]]:
    """Every shortest part of the key in each of its forms: a longer part consists of them. `folded`: in lower case, to be
    looked for in a text in lower case."""
    content = key.encode()
    for start in range(len(key) - SHORTEST + 1):
        yield key[start : start + SHORTEST].translate(_LOWER), "folded"
    for start in range(len(content) - SHORTEST + 1):
        yield content[start : start + SHORTEST].hex(), "folded"
    for lead in range(3):  # base64 depends on how many bytes stand before it
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # The first characters depend on what stands before the key, the last ones on what follows.
            encoded = encode(b"\0" * lead + content).decode().rstrip("=")
            stable = encoded[-(-lead * 8 // 6) : len(encoded) - (1 if (lead + len(content)) % 3 else 0)]
            size = -(-SHORTEST * 8 // 6)
            for start in range(len(stable) - size + 1):
                yield stable[start : start + size], "plain"


def _character(found: re.Match[str]) -> str:
    group, digits = found.lastindex or 0, found[found.lastindex or 0]
    if group == 6:
        return digits
    code = int(digits, 10 if group == 5 else 16)
    return chr(code) if code <= 0x10FFFF else "\ufffd"


def _places(text: str) -> list[int]:
    """Where each character of the text without escapes begins in the original, and the original's end."""
    places: list[int] = []
    at = 0
    for found in _ESCAPE.finditer(text):
        places += range(at, found.start() + 1)
        at = found.end()
    return [*places, *range(at, len(text) + 1)]
