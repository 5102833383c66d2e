"""Images of pages, as the document pages show them."""

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from ocr_pipeline.documents.guard import limited
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import open_unchanged
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.processes.budget import OverBudget, WorkerDied
from ocr_pipeline.processes.shared import call_isolated
from ocr_pipeline.processes.worker import Isolated

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
        budget = limits.times(limits.max_seconds).of_pages(len(missing))
        # The file may have changed, been deleted, or be impossible to draw: its page says so.
        with suppress(DocumentError, OSError, OverBudget, WorkerDied):
            call_isolated(_writing(), budget, path, sha256, missing, folder, limits, part)
    return {name for name in names if (folder / name).exists()}


@cache
def _writing() -> Isolated[..., None]:
    return Isolated(_write)


def _write(
    path: Path,
    sha256: str,
    missing: dict[str, tuple[int, int, int]],
    folder: Path,
    limits: Limits,
    part: PageRange | None,
) -> None:
    """In a worker process, which a page that is worse than it looked may end."""
    from PIL import Image

    document = limited(open_unchanged(path, sha256, limits, part), limits)
    for name, (page, rotation, side) in missing.items():
        image = Image.fromarray(document.pages[page - 1].image())
        image.thumbnail((side, side))
        temporary = folder / f".{os.getpid()}-{name}"
        image.rotate(-rotation, expand=True).save(temporary, "WEBP", quality=QUALITY)
        temporary.replace(folder / name)
