"""Visual similarity of pages: a perceptual hash finds candidates, a comparison of aligned pages decides.

A hash alone is not enough. Pages of text are white with grey in the same places: two receipts of the same shop can have closer
hashes than a receipt and a copy of it rotated by half a degree (measured by benchmarks/duplicates.py). The hash therefore only
preselects, with a generous threshold.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]

HASH_PREFIX = "dct1-"
"""Prefix of all hashes; its number changes with the algorithm."""

HASH_BITS = 256
MAX_DISTANCE = 72
"""Hash bits in which candidates may differ. Copies rotated by 1 degree differ in up to 64."""

MIN_SIMILARITY = 0.83
"""Pages at least this similar are duplicates. benchmarks/duplicates.py: different receipts of the same vendor and layout reach
0.78; of 336 copies that were re-encoded, halved, darkened, rotated by up to 1 degree or cropped by 1 %, 333 exceed it."""

SIDE = 1024
"""Longer side in pixels at which pages are compared: a printed digit is then about ten pixels high."""

_ALIGN_SIDES = (96, 192, 384)
_BLOCK, _SLACK = 48, 3


def perceptual_hash(image: "Image") -> str:
    """`dct1-` and 64 hex digits, from a page of shape (height, width, 3) or (height, width).

    The pHash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), with 256 instead of 64
    bits: the 16 x 16 lowest frequencies of the cosine transform of the grey page at 64 x 64 pixels; a bit is set if its
    frequency is above the median.
    """
    import cv2
    import numpy as np

    small = cv2.resize(_grey(image), (64, 64), interpolation=cv2.INTER_AREA)
    frequencies = cv2.dct(small.astype(np.float32))[:16, :16].ravel()
    frequencies[0] = 0  # mean brightness, carries no information
    bits = frequencies > np.median(frequencies[1:])
    return HASH_PREFIX + np.packbits(bits).tobytes().hex()


def comparable(image: "Image") -> "Image":
    """Prepare a page for `similarity`: grey, longer side at most `SIDE` pixels."""
    return _resized(_grey(image), SIDE)


def similarity(first: "Image", second: "Image") -> float:
    """Similarity of the print of two `comparable` pages, 0..1; 0 if they cannot be aligned.

    The second page is aligned to the first by an affine transform (ECC: Evangelidis and Psarakis, 2008). Each block with print
    is then correlated with its counterpart, allowing for a few pixels of shift. The result is the 2nd percentile of the block
    correlations: one line with different digits distinguishes two receipts, a single stain does not.
    """
    import cv2
    import numpy as np

    height, width = first.shape
    second = np.asarray(cv2.resize(second, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    transform = _align(first, second)
    if transform is None:
        return 0.0
    print_a, print_b = _print(first), _print(second)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    print_b = cv2.warpAffine(print_b, transform, (width, height), flags=flags)
    inside = cv2.warpAffine(np.ones_like(print_a), transform, (width, height), flags=flags) > 0.99
    min_contrast = 0.7 * float(print_a.std())
    correlations = []
    for y in range(_SLACK, height - _BLOCK - _SLACK, _BLOCK):
        for x in range(_SLACK, width - _BLOCK - _SLACK, _BLOCK):
            around = np.s_[y - _SLACK : y + _BLOCK + _SLACK, x - _SLACK : x + _BLOCK + _SLACK]
            block = print_a[y : y + _BLOCK, x : x + _BLOCK]
            if inside[around].all() and max(block.std(), print_b[around].std()) >= min_contrast > 0:
                correlations.append(float(cv2.matchTemplate(print_b[around], block, cv2.TM_CCOEFF_NORMED).max()))
    if len(correlations) < 8:
        return 0.0  # too little print to compare
    return float(np.clip(np.quantile(np.nan_to_num(correlations), 0.02), 0, 1))


def _align(first: "Image", second: "Image") -> Any | None:
    """The affine transform from pixels of the first page to pixels of the second, estimated coarse to fine."""
    import cv2
    import numpy as np

    transform = np.eye(2, 3, dtype=np.float32)
    scale = 1.0
    for side in _ALIGN_SIDES:
        a, b = _print(_resized(first, side)), _print(_resized(second, side))
        transform[:, 2] *= a.shape[0] / first.shape[0] / scale
        scale = a.shape[0] / first.shape[0]
        criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4)
        mask = np.full(a.shape, 255, np.uint8)
        try:
            correlation, estimate = cv2.findTransformECC(a, b, transform, cv2.MOTION_AFFINE, criteria, mask, 5)
        except cv2.error:  # did not converge
            return None
        if correlation < 0.5:
            return None
        transform = np.asarray(estimate, np.float32)
    transform[:, 2] /= scale
    distortion = abs(np.linalg.det(transform[:, :2]) - 1)
    return transform if distortion < 0.3 else None


def _print(grey: "Image") -> Any:
    """The print without the brightness of the paper: difference from the local mean, slightly smoothed."""
    import cv2
    import numpy as np

    pixels = grey.astype(np.float32)
    surroundings = cv2.GaussianBlur(pixels, (0, 0), max(grey.shape) / 50)
    return cv2.GaussianBlur(pixels - surroundings, (3, 3), 0)


def _grey(image: "Image") -> "Image":
    import cv2
    import numpy as np

    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def _resized(grey: "Image", side: int) -> "Image":
    import cv2
    import numpy as np

    scale = side / max(grey.shape)
    if scale >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
