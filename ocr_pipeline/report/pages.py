"""Images of pages, as the document pages show them."""

import os
from pathlib import Path

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import open_unchanged
from ocr_pipeline.errors import DocumentError

MAX_SIDE = 1600
"""Pixels: sharp enough to read small print when zoomed in, some 150 kB."""
THUMBNAIL_SIDE = 96
"""Pixels of the first page in the list of documents, shown at half of it on screens with two pixels to the point."""
QUALITY = 80


def image_name(sha256: str, page: int, rotation: int) -> str:
    """File name of a page that is rotated clockwise by `rotation` degrees."""
    return f"{sha256[:20]}-{page}" + (f"-{rotation}" if rotation else "") + ".webp"


def thumbnail_name(sha256: str) -> str:
    """File name of the small image of a first page."""
    return f"{sha256[:20]}-small.webp"


def write_images(
    path: Path,
    sha256: str,
    rotations: dict[int, int],
    folder: Path,
    limits: Limits,
    part: PageRange | None = None,
    *,
    drawn: bool = False,
) -> set[str]:
    """Write the missing page images of a document and a thumbnail of its first page; returns the names of all that exist.

    Args:
        rotations: by page, the degrees clockwise by which it is shown rotated.
        part: its pages of the file, if it is a part of one.
        drawn: its pages are drawn from its values, which a newer version may read differently: they are written again.
    """
    names = {image_name(sha256, page, rotation): (page, rotation, MAX_SIDE) for page, rotation in rotations.items()}
    first = min(rotations)
    names[thumbnail_name(sha256)] = (first, rotations[first], THUMBNAIL_SIDE)
    missing = {name: place for name, place in names.items() if drawn or not (folder / name).exists()}
    if missing:
        from PIL import Image

        try:
            document = open_unchanged(path, sha256, limits, part)
            for name, (page, rotation, side) in missing.items():
                image = Image.fromarray(document.pages[page - 1].image())
                image.thumbnail((side, side))
                temporary = folder / f".{os.getpid()}-{name}"
                image.rotate(-rotation, expand=True).save(temporary, "WEBP", quality=QUALITY)
                temporary.replace(folder / name)
        except (DocumentError, OSError):
            pass  # the file changed or was deleted: its page says so
    return {name for name in names if (folder / name).exists()}
