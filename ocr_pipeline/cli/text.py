"""Text from outside (file names, labels, values, messages of libraries) made harmless for a terminal."""

from rich.markup import escape

from ocr_pipeline.untrusted import LONGEST, visible


def plain(text: str, *, longest: int = LONGEST) -> str:
    """`text` for a Rich console: no markup, no control characters, one direction of writing, and of bounded length."""
    return escape(visible(text, longest=longest))
