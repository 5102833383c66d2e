"""Text from outside (file names, keys of label files, messages of libraries) made harmless for a terminal."""

from rich.markup import escape


def plain(text: str) -> str:
    """`text` as it is, for a Rich console: no markup, and no control characters."""
    return escape("".join(character if character.isprintable() or character == "\n" else "�" for character in text))
