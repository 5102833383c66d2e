"""The perceptual hash of a page. It finds candidates for duplicates; `same_print` decides.

A hash alone is not enough. Pages of text are white with grey in the same places: two receipts of the same shop can have closer
hashes than a receipt and a copy of it rotated by half a degree (measured by benchmarks/duplicates.py). The hash therefore only
preselects, with a generous threshold.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]

HASH_PREFIX = "dct1-"
"""Prefix of all hashes; its number changes with the algorithm."""

HASH_BITS = 256
MAX_DISTANCE = 72
"""Hash bits in which candidates may differ. Copies rotated by 1 degree differ in up to 64."""


def perceptual_hash(image: "Image") -> str:
    """`dct1-` and 64 hex digits, from a page of shape (height, width, 3) or (height, width).

    The pHash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), with 256 instead of 64
    bits: the 16 x 16 lowest frequencies of the cosine transform of the grey page at 64 x 64 pixels; a bit is set if its
    frequency is above the median.
    """
    import cv2
    import numpy as np

    small = cv2.resize(grey_of(image), (64, 64), interpolation=cv2.INTER_AREA)
    frequencies = cv2.dct(small.astype(np.float32))[:16, :16].ravel()
    frequencies[0] = 0  # mean brightness, carries no information
    bits = frequencies > np.median(frequencies[1:])
    return HASH_PREFIX + np.packbits(bits).tobytes().hex()


def grey_of(image: "Image") -> "Image":
    """A page of shape (height, width, 3) or (height, width) in grey."""
    import cv2
    import numpy as np

    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
