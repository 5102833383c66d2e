"""How alike two pages look: a perceptual hash that finds candidates, and a comparison that decides.

A hash alone cannot do both. Pages of text are white with grey in the same places: two receipts of one shop can be nearer
to each other than a receipt is to its own copy that was turned by half a degree (benchmarks/duplicates.py measures it).
So the hash is compared loosely, which costs nothing, and the few pairs that it leaves are laid over each other.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]

HASH_PREFIX = "dct1-"
"""In front of every hash; another number where the hash of a page changes."""

HASH_BITS = 256
MAX_DISTANCE = 72
"""Bits in which the hashes of candidates may differ. Copies that are turned by 1 degree differ in up to 64."""

LOOKS_THE_SAME = 0.83
"""Similarity from which two pages are the same document. benchmarks/duplicates.py: different receipts of one vendor and
layout reach 0.78, and of 336 copies that were re-encoded, halved, darkened, turned by up to 1 degree or cut by 1 %, 333
are above it."""

SIDE = 1024
"""Pixels of the longer side at which pages are compared: a printed digit is about ten pixels high there."""

_ALIGN_SIDES = (96, 192, 384)
_BLOCK, _SLACK = 48, 3


def perceptual_hash(image: "Image") -> str:
    """`dct1-` and 64 hex digits, from a page of shape (height, width, 3) or (height, width).

    The pHash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), with 256 bits for
    64: the page in grey at 64 x 64 pixels, the 16 x 16 lowest frequencies of its cosine transform, and for each whether
    it is above their median.
    """
    import cv2
    import numpy as np

    small = cv2.resize(_grey(image), (64, 64), interpolation=cv2.INTER_AREA)
    frequencies = cv2.dct(small.astype(np.float32))[:16, :16].ravel()
    frequencies[0] = 0  # the mean brightness, which says nothing
    bits = frequencies > np.median(frequencies[1:])
    return HASH_PREFIX + np.packbits(bits).tobytes().hex()


def comparable(image: "Image") -> "Image":
    """A page made ready for `similarity`: grey, at most `SIDE` pixels on its longer side."""
    return _resized(_grey(image), SIDE)


def similarity(first: "Image", second: "Image") -> float:
    """How far the print of two `comparable` pages is the same, 0..1; 0 where they cannot be laid over each other.

    The second page is laid over the first by an affine transform (ECC: Evangelidis and Psarakis, 2008). Then every block
    with print in it is correlated with its counterpart, a few pixels to each side. The result is the correlation that 98
    of 100 blocks have at least: one line with other digits is enough to tell two receipts apart, and one stain is not.
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
    enough = 0.7 * float(print_a.std())
    found = []
    for y in range(_SLACK, height - _BLOCK - _SLACK, _BLOCK):
        for x in range(_SLACK, width - _BLOCK - _SLACK, _BLOCK):
            around = np.s_[y - _SLACK : y + _BLOCK + _SLACK, x - _SLACK : x + _BLOCK + _SLACK]
            block = print_a[y : y + _BLOCK, x : x + _BLOCK]
            if inside[around].all() and max(block.std(), print_b[around].std()) >= enough > 0:
                found.append(float(cv2.matchTemplate(print_b[around], block, cv2.TM_CCOEFF_NORMED).max()))
    if len(found) < 8:
        return 0.0  # too little print to tell
    return float(np.clip(np.quantile(np.nan_to_num(found), 0.02), 0, 1))


def _align(first: "Image", second: "Image") -> Any | None:
    """The affine transform from pixels of the first page to pixels of the second, from coarse to fine."""
    import cv2
    import numpy as np

    transform = np.eye(2, 3, dtype=np.float32)
    scale = 1.0
    for side in _ALIGN_SIDES:
        a, b = _print(_resized(first, side)), _print(_resized(second, side))
        transform[:, 2] *= a.shape[0] / first.shape[0] / scale
        scale = a.shape[0] / first.shape[0]
        stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4)
        everything = np.full(a.shape, 255, np.uint8)
        try:
            agreement, found = cv2.findTransformECC(a, b, transform, cv2.MOTION_AFFINE, stop, everything, 5)
        except cv2.error:  # it does not converge
            return None
        if agreement < 0.5:
            return None
        transform = np.asarray(found, np.float32)
    transform[:, 2] /= scale
    turned = abs(np.linalg.det(transform[:, :2]) - 1)
    return transform if turned < 0.3 else None


def _print(grey: "Image") -> Any:
    """What is printed, without the paper's own brightness: the difference from the surroundings, slightly smoothed."""
    import cv2
    import numpy as np

    plain = grey.astype(np.float32)
    surroundings = cv2.GaussianBlur(plain, (0, 0), max(grey.shape) / 50)
    return cv2.GaussianBlur(plain - surroundings, (3, 3), 0)


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
