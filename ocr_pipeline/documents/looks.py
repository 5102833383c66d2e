"""Looks: what is kept of a document's first page so that near-duplicates are found without opening the file again.

A look is the print of the page without its paper: difference from the local mean, relative to the page's strongest print.
It is made once, when the page is decoded anyway, and kept in the result store, so that a killed run loses none.
"""

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ocr_pipeline.documents.perceptual import grey_of
from ocr_pipeline.store import ResultStore, result_key

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]

STAGE = "look"
VERSION = "look2"
"""Part of the key of every stored look; its number changes with the algorithm."""

LARGE = 1024
"""Longer side in pixels at which two pages are compared: a printed digit is then about ten pixels high."""

SMALL = 576
"""Longer side in pixels at which all pages of a layout are aligned and compared first."""

_LEVELS = 16  # grey levels of the large print, two pixels to a byte
_SURROUNDINGS = 25  # the local mean is that of a square with this part of the longer side
_MIN_CONTRAST = 8.0  # grey levels; what is fainter is noise of the paper


@dataclass(frozen=True)
class Look:
    """The print of a page, deflated: longer sides `SMALL` and `LARGE` at most, of shape (height, width).

    Not as PNG: the large print of a page is packed in a third of the time and unpacked in a quarter, by which all pages of
    a layout are compared.
    """

    small_shape: tuple[int, int]
    small_print: bytes
    large_shape: tuple[int, int]
    large_print: bytes

    def small(self) -> "Image":
        """The print, 0..255."""
        import numpy as np

        return np.frombuffer(zlib.decompress(self.small_print), np.uint8).reshape(self.small_shape)

    def large(self) -> "Image":
        """The print, 0..255 in 16 levels."""
        import numpy as np

        pairs = np.frombuffer(zlib.decompress(self.large_print), np.uint8)
        height, width = self.large_shape
        both = _pairs_of_pixels()[pairs].view(np.uint8)
        return np.asarray(both[: height * width].reshape(self.large_shape), np.uint8)


@cache
def _pairs_of_pixels() -> "npt.NDArray[np.uint16]":
    """The two pixels, 0..255, that a byte stands for."""
    import numpy as np

    pairs = np.arange(256, dtype=np.uint8)
    return (np.stack([pairs >> 4, pairs & 15], axis=1) * np.uint8(255 // (_LEVELS - 1))).view(np.uint16).ravel()


def look_of(page: "Image") -> Look:
    """The look of a page of shape (height, width, 3) or (height, width)."""
    import cv2
    import numpy as np

    grey = resized(grey_of(page), LARGE)
    side = max(grey.shape) // _SURROUNDINGS | 1
    ink = np.maximum(cv2.blur(grey.astype(np.float32), (side, side)) - grey, np.float32(0))
    histogram = np.cumsum(np.bincount(ink[::2, ::2].astype(np.uint8).ravel(), minlength=256))
    strongest = max(float(np.searchsorted(histogram, 0.99 * histogram[-1])), _MIN_CONTRAST)
    levels = np.minimum(cv2.convertScaleAbs(ink, alpha=(_LEVELS - 1) / strongest), np.uint8(_LEVELS - 1))
    flat = np.append(levels, np.zeros(levels.size % 2, np.uint8))
    packed = flat[::2] << 4 | flat[1::2]
    small = resized(np.asarray(levels * np.uint8(255 // (_LEVELS - 1)), np.uint8), SMALL)
    height, width = levels.shape
    return Look(
        (small.shape[0], small.shape[1]), zlib.compress(small.tobytes(), 1), (height, width), zlib.compress(packed, 1)
    )


def resized(grey: "Image", side: int) -> "Image":
    """The image with its longer side at most this many pixels."""
    import cv2
    import numpy as np

    scale = side / max(grey.shape)
    if scale >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


class Looks:
    """The looks of contents, by SHA-256."""

    def __init__(self, store: ResultStore) -> None:
        self._store = store

    def get(self, sha256: str) -> Look | None:
        text = self._store.get(STAGE, result_key(sha256, VERSION))
        if text is None:
            return None
        kept = json.loads(text)
        sizes = [(int(height), int(width)) for height, width in (kept["small_shape"], kept["large_shape"])]
        return Look(sizes[0], base64.b64decode(kept["small"]), sizes[1], base64.b64decode(kept["large"]))

    def put(self, sha256: str, look: Look) -> None:
        small, large = (base64.b64encode(print_).decode() for print_ in (look.small_print, look.large_print))
        kept = {"small_shape": look.small_shape, "small": small, "large_shape": look.large_shape, "large": large}
        self._store.put(STAGE, result_key(sha256, VERSION), json.dumps(kept))

    def of(self, sha256: str, page: Callable[[str], "Image | None"]) -> Look | None:
        """The look of a content; it is made and kept if there is none yet. None if the page can no longer be opened.

        Args:
            page: the first page of a content, of shape (height, width, 3) or (height, width).
        """
        look = self.get(sha256)
        if look is None and (image := page(sha256)) is not None:
            look = look_of(image)
            self.put(sha256, look)
        return look
