"""Looks: what is kept of a document's first page so that near-duplicates are found without opening the file again.

A look is the print of the page without its paper: difference from the local mean, relative to the page's strongest print.
It is made once, when the page is decoded anyway, and kept in the result store, so that a killed run loses none.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.store import ResultStore, result_key

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]

STAGE = "look"
VERSION = "look1"
"""Part of the key of every stored look; its number changes with the algorithm."""

LARGE = 1024
"""Longer side in pixels at which two pages are compared: a printed digit is then about ten pixels high."""

SMALL = 384
"""Longer side in pixels at which all pages of a layout are aligned and compared first."""

_LEVELS = 16  # grey levels that are kept: 25 kB for a page of text
_SURROUNDINGS = 25  # the local mean is that of a square with this part of the longer side
_MIN_CONTRAST = 8.0  # grey levels; what is fainter is noise of the paper


@dataclass(frozen=True)
class Look:
    """The print of a page as PNG files of shape (height, width), 0..255; longer sides `SMALL` and `LARGE` at most."""

    small_png: bytes
    large_png: bytes

    def small(self) -> "Image":
        return _decoded(self.small_png)

    def large(self) -> "Image":
        return _decoded(self.large_png)


def look_of(page: "Image") -> Look:
    """The look of a page of shape (height, width, 3) or (height, width)."""
    import cv2
    import numpy as np

    grey = resized(page if page.ndim == 2 else np.asarray(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), np.uint8), LARGE)
    side = max(grey.shape) // _SURROUNDINGS | 1
    ink = cv2.blur(grey.astype(np.float32), (side, side)) - grey
    ink = np.clip(ink / max(float(np.percentile(ink, 99)), _MIN_CONTRAST), 0, 1)
    large = (np.round(ink * (_LEVELS - 1)) * (255 // (_LEVELS - 1))).astype(np.uint8)
    return Look(_encoded(resized(large, SMALL)), _encoded(large))


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
        return Look(base64.b64decode(kept["small"]), base64.b64decode(kept["large"]))

    def put(self, sha256: str, look: Look) -> None:
        small, large = (base64.b64encode(png).decode() for png in (look.small_png, look.large_png))
        self._store.put(STAGE, result_key(sha256, VERSION), json.dumps({"small": small, "large": large}))

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


def _encoded(grey: "Image") -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 3])[1])


def _decoded(png: bytes) -> "Image":
    import cv2
    import numpy as np

    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
