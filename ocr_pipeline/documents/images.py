"""Pages of image files, decoded by Pillow (HEIF by its libheif plugin, WebP pixels by OpenCV).

A TIFF has one page per frame. Animations (GIF, WebP, PNG) and HEIF collections have one page, as image viewers show them: the
first frame or the primary picture.
"""

import importlib
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ocr_pipeline.documents.limits import Limits, check_pixels
from ocr_pipeline.documents.media_types import MediaType
from ocr_pipeline.errors import DocumentError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image
    from PIL.ImageFile import ImageFile

_PILLOW_PLUGINS: dict[MediaType, tuple[str, str]] = {
    "image/jpeg": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "image/png": ("PIL.PngImagePlugin", "PngImageFile"),
    "image/tiff": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "image/webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "image/heic": ("pillow_heif", "HeifImageFile"),
    "image/heif": ("pillow_heif", "HeifImageFile"),
    "image/gif": ("PIL.GifImagePlugin", "GifImageFile"),
    "image/bmp": ("PIL.BmpImagePlugin", "BmpImageFile"),
}
_PNG_CHUNKS_WITH_EXIF = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")
# Tags of TIFF 6.0 and EXIF 2.32
_NEW_SUBFILE_TYPE, _PHOTOMETRIC, _ORIENTATION, _X_RESOLUTION, _RESOLUTION_UNIT = 254, 262, 274, 282, 296
_REDUCED_OR_MASK = 0b101  # in NewSubfileType: a thumbnail or the transparency mask of another page
_BAND_PIXELS = 1_000_000

_ToRgb = Callable[["Image.Image"], "npt.NDArray[np.uint8]"]


@dataclass(frozen=True)
class ImagePage:
    """A page of an image file. `frame` is the frame index in the file, `number` the page number."""

    content: bytes = field(repr=False)
    media_type: MediaType
    frame: int
    number: int
    width: int
    height: int
    dpi: float | None

    def image(self) -> "npt.NDArray[np.uint8]":
        with _pillow_errors():
            pixels = _rgb(_decoded(self.content, self.media_type, self.frame))
            if pixels.shape != (self.height, self.width, 3):
                raise DocumentError("unreadable", "Corrupt image: decoded size differs from the header.")
            return pixels

    def text_layer(self) -> None:
        return None

    def compared_text(self) -> None:
        return None


def open_image(content: bytes, media_type: MediaType, limits: Limits) -> list[ImagePage]:
    """The pages of an image file, not decoded yet. Raises DocumentError."""
    with _pillow_errors(), _header(content, media_type) as image:
        if media_type == "image/tiff":
            return list(_tiff_pages(content, image, limits))
        width, height = image.size
        check_pixels(width, height, limits)  # before the EXIF data, which in a PNG may follow the pixels
        exif = _exif(content, media_type, image)
        if exif.get(_ORIENTATION) in (5, 6, 7, 8):  # these swap the axes
            width, height = height, width
        return [ImagePage(content, media_type, 0, 1, width, height, _dpi(image, exif))]


def _tiff_pages(content: bytes, image: Any, limits: Limits) -> Iterator[ImagePage]:
    number = 0
    for frame in range(limits.max_pages + 1):  # never `n_frames`: it walks all frames of the file
        try:
            image.seek(frame)
        except EOFError:
            return
        if frame == limits.max_pages:
            raise DocumentError("too_many_pages", f"The TIFF has more than {limits.max_pages:,} pages, the limit.")
        if number and image.tag_v2.get(_NEW_SUBFILE_TYPE, 0) & _REDUCED_OR_MASK:
            continue
        number += 1
        width, height = image.size  # upright: this plugin alone applies the orientation itself
        check_pixels(width, height, limits)
        yield ImagePage(content, "image/tiff", frame, number, width, height, _dpi(image, {}))


def _header(content: bytes, media_type: MediaType) -> "ImageFile":
    """Parse the header. Not with `Image.open`, which has its own limit; ours is checked before decoding."""
    warnings.filterwarnings("ignore", module=r"PIL\.")  # they name no file; the result says what matters
    module, name = _PILLOW_PLUGINS[media_type]
    return getattr(importlib.import_module(module), name)(BytesIO(content))  # type: ignore[no-any-return]


def _exif(content: bytes, media_type: MediaType, image: "ImageFile") -> Any:
    if media_type == "image/png" and not any(chunk in content for chunk in _PNG_CHUNKS_WITH_EXIF):
        return {}  # Pillow would decode all pixels to search for such a chunk after them
    return image.getexif()


def _dpi(image: "ImageFile", exif: Any) -> float | None:
    """Horizontal pixels per inch, if the file gives a plausible value in an absolute unit."""
    if "dpi" in image.info:
        dpi = float(image.info["dpi"][0])
    else:
        unit = {2: 1.0, 3: 2.54}.get(exif.get(_RESOLUTION_UNIT, 2), math.nan)
        dpi = float(exif.get(_X_RESOLUTION, math.nan)) * unit
    return dpi if 1 < dpi < 100_000 else None


def _decoded(content: bytes, media_type: MediaType, frame: int) -> "Image.Image":
    """The pixels, upright. libheif applies HEIF's own rotation; HEIF's EXIF orientation is ignored."""
    from PIL import ImageOps

    if media_type == "image/webp":
        image = _decoded_webp(content)
    else:
        image = _header(content, media_type)
        if frame:  # TIFF only: the first picture of a HEIF file is not always the primary one
            image.seek(frame)
        image.load()
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _decoded_webp(content: bytes) -> "Image.Image":
    """Uses OpenCV, which holds one copy of the pixels; Pillow holds four."""
    import cv2
    import numpy as np
    from PIL import Image

    info = _header(content, "image/webp").info  # only the header: Pillow's decoder holds the canvas twice
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise DocumentError("unreadable", "Corrupt image: the pixels cannot be decoded.")
    order = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
    image = Image.fromarray(cv2.cvtColor(pixels, order, dst=pixels))
    image.info = info
    return image


def _rgb(image: "Image.Image") -> "npt.NDArray[np.uint8]":
    """Convert any mode to RGB on white, band by band: converting the whole image would copy it each time."""
    import numpy as np

    convert: _ToRgb = _on_white
    if image.mode[0] in "IF":  # I;16, I, F: 16 or 32 bit grey, which Pillow would clip
        convert = _grey_to_rgb(image)
    elif image.mode == "LAB":
        convert = _lab_to_rgb()
    result = np.empty((image.height, image.width, 3), np.uint8)
    for top, band in _bands(image):
        result[top : top + band.height] = convert(band)
    return result


def _bands(image: "Image.Image") -> Iterator[tuple[int, "Image.Image"]]:
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _on_white(band: "Image.Image") -> "npt.NDArray[np.uint8]":
    import numpy as np
    from PIL import Image

    if band.has_transparency_data:  # transparent is white paper, not black
        band = band.convert("RGBA")
        band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band)
    return np.asarray(band if band.mode == "RGB" else band.convert("RGB"))


def _lab_to_rgb() -> _ToRgb:
    import numpy as np
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
    return lambda band: np.asarray(ImageCms.applyTransform(band, transform))


def _grey_to_rgb(image: "Image.Image") -> _ToRgb:
    """Scales samples from minimum to maximum: 16-bit files often hold 10, 12 or 14 bits, and 32-bit samples have no range.

    A 16-bit image of one value keeps its brightness.
    """
    import numpy as np

    low, high = _range(image)
    scale = 255 / (high - low) if high > low else 0.0
    if not scale and image.mode.startswith("I;16"):
        low, scale = 0.0, 1 / 256
    zero_is_white = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0

    def convert(band: "Image.Image") -> "npt.NDArray[np.uint8]":
        grey = np.clip((np.asarray(band, np.float32) - low) * scale, 0, 255)
        grey = np.nan_to_num(255 - grey if zero_is_white else grey, nan=255).astype(np.uint8)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)

    return convert


def _range(image: "Image.Image") -> tuple[float, float]:
    import numpy as np

    low, high = math.inf, -math.inf
    for _, band in _bands(image):
        samples = np.asarray(band)
        samples = samples[np.isfinite(samples)]
        if samples.size:
            low, high = min(low, float(samples.min())), max(high, float(samples.max()))
    return low, high


@contextmanager
def _pillow_errors() -> Iterator[None]:
    """Convert exceptions of Pillow and its plugins to DocumentError."""
    from PIL import Image

    try:
        yield
    except (DocumentError, MemoryError):
        raise
    except Image.DecompressionBombError:  # Pillow's own limit, checked for some formats
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise DocumentError("too_large", f"A page exceeds Pillow's limit of {limit:,} pixels.") from None
    except Exception as error:  # noqa: BLE001 - Pillow reports corrupt files with arbitrary exceptions
        message = f"Corrupt or unsupported image: {type(error).__name__}."
        raise DocumentError("unreadable", message) from None
