"""How one page lies on another of the same layout: an affine transform, found from the small prints of both.

Most pages lie nearly the same way, so that a few steps over the pixels with an edge suffice (`Template`). Where these do not
lead to nearly the same page, the slower and more patient alignment decides (`align`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.uint8]

_STEPS = (
    (96, 1600, 12),
    (192, 3000, 6),
    (288, 5000, 4),
    (576, 8000, 4),
)  # longer side in pixels, pixels with an edge, steps
_STILL = 0.02  # pixels; a step that moves no corner further is the last
_MAX_DISTORTION = 0.3  # of the area


@dataclass(frozen=True)
class Alignment:
    """`transform` takes pixels of the first page to pixels of the second, which has the first one's size."""

    transform: Any
    correlation: float

    def scaled(self, factor: float) -> "Alignment":
        """The same for pages of another resolution: `factor` pixels for each of these."""
        transform = self.transform.copy()
        transform[:, 2] *= factor
        return Alignment(transform, self.correlation)

    def every(self, step: int) -> "Alignment":
        """The same for every second, third, ... pixel of the first page only."""
        transform = self.transform.copy()
        transform[:, :2] *= step
        return Alignment(transform, self.correlation)

    def within(self, part: tuple[slice, slice]) -> "Alignment":
        """The same from the pixels of a part of the first page."""
        transform = self.transform.copy()
        transform[:, 2] += transform[:, :2] @ (part[1].start, part[0].start)
        return Alignment(transform, self.correlation)


@dataclass(frozen=True)
class Pyramid:
    """A page at the sizes at which it is aligned, coarse to fine, and how much smaller each of them is."""

    levels: list[tuple[Any, float]]


def pyramid(page: "Image", sides: Sequence[int]) -> Pyramid:
    """The page at about these longer sides in pixels: a whole number of its pixels to each of a level's."""
    import cv2

    levels = []
    height, width = page.shape
    for side in sides:
        step = min(max(1, round(max(page.shape) / side)), height, width)
        whole = page[: height // step * step, : width // step * step]
        size = (width // step, height // step)
        levels.append((cv2.GaussianBlur(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), (5, 5), 0), 1 / step))
    return Pyramid(levels)


class Template:
    """A page that others are aligned to.

    Inverse compositional (Baker and Matthews, 2004): what a small move of the template changes is computed once, over the
    pixels with the strongest edges; contrast and brightness of the other page are solved for, too.

    Args:
        patient: longer side in pixels and iterations of each level of `align`, and the change of correlation to stop at,
            for pages that the quick alignment does not bring together.
        levels: of the quick alignment.
        enough: correlation from which the quick alignment is believed. Below, the better one is.
    """

    def __init__(
        self, page: "Image", patient: Sequence[tuple[int, int]], precision: float, levels: int, enough: float
    ) -> None:
        self.page, self._patient, self._precision, self._enough = page, patient, precision, enough
        steps = _STEPS[:levels]
        self._sides = [side for side, _, _ in steps]
        self._levels = [
            _Level(image, pixels, most)
            for (image, _), (_, pixels, most) in zip(pyramid(page, self._sides).levels, steps, strict=True)
        ]

    @cached_property
    def _patient_pyramid(self) -> Pyramid:
        return pyramid(self.page, [side for side, _ in self._patient])

    def align(self, other: "Image") -> Alignment | None:
        """How another page, of the same size, lies on this one; None if it does not."""
        quick = self._quickly(pyramid(other, self._sides))
        if quick is not None and quick.correlation >= self._enough:
            return quick
        patient = pyramid(other, [side for side, _ in self._patient])
        slow = align(self._patient_pyramid, patient, [steps for _, steps in self._patient], self._precision)
        return quick if quick and (slow is None or quick.correlation > slow.correlation) else slow

    def _quickly(self, other: Pyramid) -> Alignment | None:
        import numpy as np

        transform, scale = np.eye(2, 3), 1.0
        for level, (image, factor) in zip(self._levels, other.levels, strict=True):
            transform[:, 2] *= factor / scale
            scale = factor
            if not level.refine(image, transform):
                return None
        correlation = self._levels[-1].correlation(image, transform)
        transform[:, 2] /= scale
        distortion = abs(np.linalg.det(transform[:, :2]) - 1)
        return Alignment(transform.astype(np.float32), correlation) if distortion < _MAX_DISTORTION else None


class _Level:
    """A template at one size: its pixels with the strongest edges, and what moves of the page change there."""

    def __init__(self, image: "Image", pixels: int, steps: int) -> None:
        import cv2
        import numpy as np

        self._image, self._steps = image, steps
        grey = image.astype(np.float32)
        slope_x, slope_y = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
        strength = slope_x**2 + slope_y**2
        edge = max(2, max(image.shape) // 24)  # copies lack their edges
        inner = np.zeros(image.shape, bool)
        inner[edge:-edge, edge:-edge] = True
        sample = strength[::3, ::3][inner[::3, ::3]]
        weakest = float(np.partition(sample, -pixels // 9)[-pixels // 9]) if len(sample) > pixels / 9 + 1 else 0.0
        y, x = np.nonzero(inner & (strength >= max(weakest, 1e-3)))
        self._middle = (image.shape[1] / 2, image.shape[0] / 2)
        unit = max(image.shape) / 2
        u, v = (x - self._middle[0]) / unit, (y - self._middle[1]) / unit
        gx, gy = slope_x[y, x].astype(float) * unit, slope_y[y, x].astype(float) * unit
        changes = np.stack([gx * u, gx * v, gx / unit, gy * u, gy * v, gy / unit, grey[y, x], np.ones(len(x))])
        self._solve = (np.linalg.pinv(changes @ changes.T) @ changes).astype(np.float32)
        self._points = np.stack([x, y, np.ones(len(x))]).astype(np.float32)
        self._unit = unit

    def refine(self, image: "Image", transform: Any) -> bool:
        """Improve a transform in place. False if the pages have nothing in common."""
        import cv2
        import numpy as np

        middle_x, middle_y = self._middle
        for _ in range(self._steps if self._points.shape[1] > 100 else 0):
            at = transform.astype(np.float32) @ self._points
            values = cv2.remap(image, at[:1], at[1:], cv2.INTER_LINEAR).ravel()
            found = (self._solve @ values.astype(np.float32)).tolist()
            if found[6] < 0.05:  # of the template's contrast
                return False
            a, b, c, d, e, f = (value / found[6] for value in found[:6])
            area = (1 + a) * (1 + e) - b * d
            if abs(area - 1) > _MAX_DISTORTION:
                return False
            # The page shows the template moved by this: it is undone.
            inverse = np.array([[1 + e, -b], [-d, 1 + a]]) / area
            offset = np.array([c - a * middle_x - b * middle_y, f - d * middle_x - e * middle_y])
            transform[:, :2] = transform[:, :2] @ inverse
            transform[:, 2] -= transform[:, :2] @ offset
            if max(abs(c), abs(f)) + self._unit * max(abs(a) + abs(b), abs(d) + abs(e)) < _STILL:
                break
        return True

    def correlation(self, image: "Image", transform: Any) -> float:
        """Correlation of the whole prints; what the other page does not cover is paper."""
        import cv2
        import numpy as np

        size = (self._image.shape[1], self._image.shape[0])
        other = cv2.warpAffine(image, transform, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        a, b = (pixels.ravel().astype(np.float32) for pixels in (self._image, other))
        a -= a.mean()
        b -= b.mean()
        return float(a @ b / max(float(np.sqrt((a @ a) * (b @ b))), 1e-6))


def align(first: Pyramid, second: Pyramid, iterations: Sequence[int], precision: float) -> Alignment | None:
    """The affine transform from pixels of the first page to those of the second, of the same size.

    ECC: Evangelidis and Psarakis, 2008.
    """
    import cv2
    import numpy as np

    transform, scale, correlation = np.eye(2, 3, dtype=np.float32), 1.0, 0.0
    for (a, factor), (b, _), most in zip(first.levels, second.levels, iterations, strict=True):
        transform[:, 2] *= factor / scale
        scale = factor
        criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, most, precision)
        mask = np.full(a.shape, 255, np.uint8)
        try:
            correlation, estimate = cv2.findTransformECC(a, b, transform, cv2.MOTION_AFFINE, criteria, mask, 1)
        except cv2.error:  # did not converge
            return None
        if correlation < 0.5:
            return None
        transform = np.asarray(estimate, np.float32)
    transform[:, 2] /= scale
    distortion = abs(np.linalg.det(transform[:, :2]) - 1)
    return Alignment(transform, float(correlation)) if distortion < _MAX_DISTORTION else None


def fitted(page: "Image", shape: tuple[int, ...]) -> "Image":
    """The page at the size of another one."""
    import cv2
    import numpy as np

    if page.shape == shape:
        return page
    smaller = shape[0] < page.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(page, (shape[1], shape[0]), interpolation=how), np.uint8)


def warped(page: Any, alignment: Alignment, shape: tuple[int, ...] | None = None) -> Any:
    """The second page as it lies on the first, or on a part of this shape of it."""
    import cv2

    height, width = (shape or page.shape)[:2]
    return cv2.warpAffine(page, alignment.transform, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
