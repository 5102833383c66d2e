import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline_tests.files import encoded, image_bytes


def frames(format: str, colours: list[str], **save: Any) -> bytes:
    first, *others = [Image.new("RGB", (8 + index, 8), colour) for index, colour in enumerate(colours)]
    return encoded(first, format, save_all=True, append_images=others, **save)


def middle(content: bytes) -> list[int]:
    image = open_document(content, Limits()).pages[0].image()
    return [int(value) for value in image[image.shape[0] // 2, image.shape[1] // 2]]


def test_a_tiff_has_a_page_per_frame() -> None:
    document = open_document(frames("TIFF", ["red", "lime", "blue"]), Limits())
    assert [(page.number, page.width, page.height) for page in document.pages] == [(1, 8, 8), (2, 9, 8), (3, 10, 8)]
    assert [page.image()[0, 0].tolist() for page in document.pages] == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


@pytest.mark.parametrize(("format", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {})])
def test_an_animation_is_its_first_frame(format: str, options: dict[str, Any]) -> None:
    pictures = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    content = encoded(pictures[0], format, save_all=True, append_images=pictures[1:], **options)
    assert len(open_document(content, Limits()).pages) == 1
    assert middle(content) == [255, 0, 0]


def test_a_heif_file_is_its_primary_picture() -> None:
    heif = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "black"))
    heif.add_from_pillow(Image.new("RGB", (96, 64), "white"))
    buffer = BytesIO()
    heif.save(buffer, primary_index=1)
    (page,) = open_document(buffer.getvalue(), Limits()).pages
    assert page.width == 96
    assert page.image().min() > 250


@pytest.mark.parametrize("format", ["TIFF", "WEBP", "HEIF", "JPEG"])
def test_the_orientation_is_applied_once(format: str) -> None:
    pillow_heif.register_heif_opener()
    stored = Image.new("RGB", (96, 64), "white")
    stored.paste("black", (0, 0, 32, 32))  # top left as stored, top right as displayed
    exif = Image.Exif()
    exif[274] = 6
    (page,) = open_document(encoded(stored, format, exif=exif.tobytes()), Limits()).pages
    image = page.image()
    assert image.shape == (page.height, page.width, 3) == (96, 64, 3)
    assert image[10, 54].max() < 20
    assert image[10, 10].min() > 235


@pytest.mark.parametrize(("unit", "dpi"), [(2, 118.0), (3, 118 * 2.54), (1, None)])
def test_the_dpi_of_a_tiff_has_a_unit(unit: int, dpi: float | None) -> None:
    content = image_bytes(format="TIFF", tiffinfo={282: 118.0, 283: 118.0, 296: unit})
    result = open_document(content, Limits()).pages[0].dpi
    assert result == (pytest.approx(dpi) if dpi else None)


@pytest.mark.parametrize("format", ["BMP", "PNG", "JPEG"])
def test_dpi_is_kept(format: str) -> None:
    assert open_document(image_bytes(format=format, dpi=(300, 300)), Limits()).pages[0].dpi == pytest.approx(
        300, abs=0.1
    )


@pytest.mark.parametrize(
    ("image", "colour"),
    [
        (Image.new("1", (8, 8), 1), [255, 255, 255]),
        (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), [255, 0, 0]),
        (Image.new("LAB", (8, 8), (255, 128, 128)), [255, 255, 255]),
        (Image.new("I;16", (8, 8), 100 * 256), [100, 100, 100]),
        (Image.new("RGBA", (8, 8), (0, 0, 0, 0)), [255, 255, 255]),
        (Image.new("RGB", (8, 8), (10, 200, 30)).quantize(), [10, 200, 30]),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_every_mode_of_a_tiff_becomes_rgb(image: Image.Image, colour: list[int]) -> None:
    assert np.abs(np.array(middle(encoded(image, "TIFF"))) - colour).max() <= 1


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("format", ["TIFF", "PNG"])
def test_grey_of_more_than_8_bits_is_scaled_by_its_own_range(bits: int, format: str) -> None:
    white = 2**bits - 1
    samples = np.array([[0, white // 2, white]], np.uint16)
    page = open_document(encoded(Image.fromarray(samples), format), Limits()).pages[0]
    assert np.abs(page.image()[0, :, 0].astype(int) - [0, 127, 255]).max() <= 1


def test_float_samples_are_scaled() -> None:
    samples = np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)
    page = open_document(encoded(Image.fromarray(samples), "TIFF"), Limits()).pages[0]
    assert page.image()[0, :, 0].tolist() == [0, 127, 255, 255]


@pytest.mark.parametrize("format", ["WEBP", "HEIF"])
def test_transparent_becomes_white(format: str) -> None:
    pillow_heif.register_heif_opener()
    assert min(middle(encoded(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), format))) > 250


def test_what_pillow_thinks_of_a_file_is_not_on_standard_error(tmp_path: Path) -> None:
    """It warns without a name, once for each place in its code: nobody could tell which file is meant."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "cut.png"
    path.write_bytes(image_bytes(exif=exif.tobytes()[:20]))
    program = (
        "import sys; from pathlib import Path; from ocr_pipeline.documents.images import open_image; "
        "from ocr_pipeline.documents.limits import Limits; "
        "print(len(open_image(Path(sys.argv[1]).read_bytes(), 'image/png', Limits())))"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("1\n", "")
