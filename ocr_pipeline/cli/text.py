"""Text from outside (file names, labels, values, messages of libraries) made harmless for a terminal."""

from rich.markup import escape

from ocr_pipeline.untrusted import MAX_CHARACTERS, visible


def plain(text: str, *, longest: int = MAX_CHARACTERS) -> str:
    """`text` for a Rich console: no markup, no control characters, one direction of writing, and of bounded length."""
    return escape(visible(text, longest=longest))
