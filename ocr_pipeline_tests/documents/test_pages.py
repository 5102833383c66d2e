import contextlib
import random
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import Document, open_document, read_bytes, sha256_of
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import Word
from ocr_pipeline_tests.documents.hostile import encrypted_pdf, heif_bytes
from ocr_pipeline_tests.files import encoded, image_bytes, pdf_of, text_pdf

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


def opened(content: bytes, **limits: int) -> Document:
    return open_document(content, Limits(**limits))


def pixels(content: bytes) -> npt.NDArray[np.uint8]:
    page = opened(content).pages[0]
    image = page.image()
    assert image.shape == (page.height, page.width, 3)
    assert image.dtype == np.uint8
    return image


def words(content: bytes) -> list[Word]:
    return opened(content).pages[0].text_layer() or []


def reason(content: bytes, **limits: int) -> tuple[str, str]:
    try:
        for page in opened(content, **limits).pages:
            page.image()
    except DocumentError as error:
        return error.reason, str(error)
    pytest.fail("the document was read")


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is as large as this, in a few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


class TestType:
    @pytest.mark.parametrize(
        ("content", "media_type"),
        [
            (image_bytes(format="PNG"), "image/png"),
            (image_bytes(format="JPEG"), "image/jpeg"),
            (image_bytes(format="TIFF"), "image/tiff"),
            (image_bytes(format="WEBP"), "image/webp"),
            (image_bytes(format="GIF"), "image/gif"),
            (image_bytes(format="BMP"), "image/bmp"),
            (heif_bytes(), "image/heic"),
            (text_pdf([[(10, 10, "a")]]), "application/pdf"),
            (b"junk before\n" + text_pdf([[(10, 10, "a")]]), "application/pdf"),
        ],
    )
    def test_is_detected_from_the_content(self, content: bytes, media_type: str) -> None:
        document = opened(content)
        assert document.media_type == media_type
        assert document.sha256 == sha256_of(content)
        assert document.size == len(content)
        assert [page.number for page in document.pages] == [1]

    @pytest.mark.parametrize("content", [b"hello", b"\xff\xd8", b"%!PS-Adobe", b"BMW", b"RIFF1234WAVE"])
    def test_anything_else_is_unsupported(self, content: bytes) -> None:
        assert reason(content)[0] == "unsupported_type"

    def test_empty_content(self) -> None:
        assert reason(b"") == ("empty_file", "The file is empty.")


class TestImage:
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_orientation_rotates_pixels_and_swaps_sizes(self, orientation: int) -> None:
        stored = Image.new("RGB", (60, 40), "white")
        ImageDraw.Draw(stored).rectangle((0, 0, 19, 9), "black")  # top left as stored
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = pixels(encoded(stored, "PNG", exif=exif))
        assert image.shape == ((40, 60, 3) if orientation < 5 else (60, 40, 3))
        # EXIF 2.32, tag Orientation: where the stored row 0 and column 0 are on the page as displayed
        at_bottom, at_right = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
        ys, xs = np.nonzero(image[:, :, 0] == 0)
        assert bool(ys.min() > 0) == at_bottom
        assert bool(xs.min() > 0) == at_right
        assert len(ys) == 200

    @pytest.mark.parametrize("orientation", [0, 9, 65535])
    def test_an_unknown_orientation_is_upright(self, orientation: int) -> None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        assert pixels(image_bytes(60, 40, format="JPEG", exif=exif)).shape == (40, 60, 3)

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
    def test_transparent_is_white(self, mode: str) -> None:
        image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
        image.putpixel((1, 0), (0, 0, 0, 255))
        content = encoded(image.quantize() if mode == "PA" else image.convert(mode), "PNG")
        assert pixels(content).tolist() == [[[255, 255, 255], [0, 0, 0]]]

    def test_a_transparent_colour_is_white(self) -> None:
        assert pixels(encoded(Image.new("RGB", (1, 1), "red"), "PNG", transparency=(255, 0, 0))).tolist() == [
            [[255] * 3]
        ]

    @pytest.mark.parametrize(
        ("image", "colour"),
        [
            (Image.new("L", (8, 8), 100), [100, 100, 100]),
            (Image.new("1", (8, 8), 1), [255, 255, 255]),
            (Image.new("RGB", (8, 8), (10, 200, 30)).quantize(), [10, 200, 30]),
            (Image.new("I;16", (8, 8), 100 * 256 + 7), [100, 100, 100]),
        ],
    )
    def test_every_png_mode_becomes_rgb(self, image: Image.Image, colour: list[int]) -> None:
        assert pixels(encoded(image, "PNG"))[4, 4].tolist() == colour

    @pytest.mark.parametrize(
        ("image", "colour"),
        [(Image.new("L", (16, 16), 100), [100] * 3), (Image.new("CMYK", (16, 16), (0, 255, 255, 0)), [255, 0, 0])],
    )
    def test_every_jpeg_mode_becomes_rgb(self, image: Image.Image, colour: list[int]) -> None:
        assert np.abs(pixels(encoded(image, "JPEG"))[8, 8].astype(int) - colour).max() <= 2

    @pytest.mark.parametrize(("saved", "read"), [((300, 300), 300.0), ((1, 1), None), (None, None)])
    def test_dpi_only_if_the_file_states_it(self, saved: tuple[int, int] | None, read: float | None) -> None:
        content = image_bytes(format="JPEG", dpi=saved) if saved else image_bytes(format="JPEG")
        assert opened(content).pages[0].dpi == read

    def test_an_image_has_no_text_layer(self) -> None:
        assert opened(image_bytes()).pages[0].text_layer() is None

    def test_truncated_pixels_fail_when_they_are_decoded(self) -> None:
        content = encoded(Image.effect_noise((200, 200), 90), "PNG")
        assert reason(content[:-5000])[0] == "unreadable"

    def test_an_image_without_area(self) -> None:
        assert reason(png_header(0, 10))[0] == "unreadable"

    def test_a_truncated_header_is_unreadable(self) -> None:
        assert reason(image_bytes()[:20])[0] == "unreadable"


class TestLimits:
    @pytest.mark.parametrize(("width", "height"), [(10_000, 10_000), (100_000, 100_000), (2**31 - 1, 1)])
    def test_a_bomb_is_rejected_by_its_header_without_a_warning(self, width: int, height: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            why, message = reason(png_header(width, height))
        assert why == "too_large"
        assert message == f"A page of {width:,} x {height:,} pixels exceeds the limit of 50,000,000 pixels."

    def test_the_limit_on_pixels_is_ours_alone(self) -> None:
        small = image_bytes(8, 8, format="JPEG")
        size = small.index(b"\xff\xc0") + 5  # in the frame header, height before width
        content = small[:size] + struct.pack(">HH", 20_000, 20_000) + small[size + 4 :]
        assert opened(content, max_page_pixels=400_000_000).pages[0].width == 20_000
        assert reason(content)[0] == "too_large"

    def test_a_pdf_page_has_a_limit_on_pixels(self) -> None:
        assert reason(text_pdf([[]], media_box=(0, 0, 14_000, 14_000)))[0] == "too_large"

    def test_too_many_pages(self) -> None:
        content = text_pdf([[(10, 10, "a")]] * 4)
        assert len(opened(content, max_pages=4).pages) == 4
        assert reason(content, max_pages=3) == ("too_many_pages", "The PDF has 4 pages; the limit is 3.")

    def test_a_large_file_is_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "sparse.png"
        with path.open("wb") as file:
            file.truncate(2**40)  # a terabyte of nothing: reading it would not end well
        with pytest.raises(DocumentError, match=r"has 1,099,511,627,776 bytes; the limit is 50,000,000") as error:
            read_bytes(path, Limits())
        assert error.value.reason == "too_large"

    def test_a_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentError, match="The file does not exist") as error:
            read_bytes(tmp_path / "none.png", Limits())
        assert error.value.reason == "missing_file"
        with pytest.raises(DocumentError, match="cannot be read: Is a directory") as error:
            read_bytes(tmp_path, Limits())
        assert error.value.reason == "unreadable"


def form_pdf() -> bytes:
    """A text field that is filled in: its value is drawn by the widget, not by the page."""
    drawing = "BT /F1 12 Tf 2 5 Td (12.50) Tj ET"
    return pdf_of(
        [
            "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>",
            "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Annots [6 0 R] >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            "<< /Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /F1 4 0 R >> >> "
            f"/Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
            "<< /Type /Annot /Subtype /Widget /FT /Tx /T (total) /V (12.50) /F 4 /Rect [50 50 150 70] "
            "/AP << /N 5 0 R >> /P 3 0 R >>",
        ]
    )


class TestPdf:
    def test_every_page_has_its_size_at_200_dpi(self) -> None:
        document = opened(text_pdf([[(10, 10, "a")]] * 3, media_box=(0, 0, 360, 72)))
        assert [(page.number, page.width, page.height, page.dpi) for page in document.pages] == [
            (number, 1000, 200, 200) for number in (1, 2, 3)
        ]

    @pytest.mark.parametrize("side", [100, 100.1, 300, 595.276, 612, 841.89])
    def test_the_size_is_that_of_the_rendered_image(self, side: float) -> None:
        pixels(text_pdf([[(10, 10, "a")]], media_box=(0, 0, side, side)))

    def test_pillow_pages_are_rendered_in_their_colours(self) -> None:
        first, second = Image.new("RGB", (72, 36), (200, 30, 40)), Image.new("RGB", (36, 72), (30, 40, 200))
        content = encoded(first, "PDF", save_all=True, append_images=[second], resolution=72)
        images = [page.image() for page in opened(content).pages]
        assert [image.shape for image in images] == [(100, 200, 3), (200, 100, 3)]
        for image, colour in zip(images, ((200, 30, 40), (30, 40, 200)), strict=True):
            assert np.abs(image[50, 50].astype(int) - colour).max() <= 6

    def test_filled_form_fields_are_rendered(self) -> None:
        image = pixels(form_pdf())
        height, width = image.shape[:2]
        ys, xs = np.nonzero(image.min(axis=2) < 128)
        assert len(ys) > 100
        assert 50 / 300 < xs.min() / width < xs.max() / width < 150 / 300
        assert 130 / 200 < ys.min() / height < ys.max() / height < 150 / 200

    def test_a_scan_has_no_text_layer(self) -> None:
        assert opened(encoded(Image.new("RGB", (72, 72)), "PDF")).pages[0].text_layer() is None

    def test_an_encrypted_file(self) -> None:
        assert reason(encrypted_pdf()) == ("encrypted", "The PDF is encrypted; save it without a password.")

    def test_no_pages(self) -> None:
        for before in (encrypted_pdf(), b"%PDF-1.7"):  # PDFium keeps the error of the file before
            reason(before)
            assert reason(text_pdf([])) == ("no_pages", "The PDF has no pages.")

    @pytest.mark.parametrize(
        "content", [b"%PDF-1.7", text_pdf([[(10, 10, "a")]])[:60], b"%PDF-1.4\n%%EOF\n" + b"\0" * 999]
    )
    def test_a_corrupt_file(self, content: bytes) -> None:
        assert reason(content)[0] == "unreadable"

    def test_a_corrupt_page(self) -> None:
        content = text_pdf([[(10, 10, "a")]]).replace(b"/Kids [4 0 R]", b"/Kids [9 0 R]")
        assert reason(content)[0] == "unreadable"


TEXT = [(60.0, 160.0, "Top"), (60.0, 100.0, "Invoice 4711"), (150.0, 60.0, "EUR 12.50")]


class TestTextLayer:
    def test_words_in_reading_order_with_lines(self) -> None:
        result = words(text_pdf([TEXT]))
        assert [(word.text, word.line) for word in result] == [
            ("Top", 0),
            ("Invoice", 1),
            ("4711", 1),
            ("EUR", 2),
            ("12.50", 2),
        ]
        assert {(word.page, word.confidence) for word in result} == {(1, None)}

    @pytest.mark.parametrize("rotate", [0, 90, 180, 270])
    @pytest.mark.parametrize("crop_box", [None, (50, 40, 250, 190)])
    def test_boxes_lie_on_the_ink_of_the_displayed_page(
        self, rotate: int, crop_box: tuple[float, float, float, float] | None
    ) -> None:
        content = text_pdf([TEXT], rotate=rotate, crop_box=crop_box)
        layer = opened(content).pages[0].compared_text()
        assert layer is not None
        assert layer.rotation == (360 - rotate) % 360, "the text is upright in the file"
        displayed = pixels(content).min(axis=2) < 128
        assert (displayed.shape[1] > displayed.shape[0]) == (rotate in (0, 180))
        ink = np.rot90(displayed, -layer.rotation // 90).copy()
        height, width = ink.shape
        result = layer.words
        assert len(result) == 5
        for word in result:
            x0, y0, x1, y1 = word.box
            top, bottom, left, right = round(y0 * height), round(y1 * height), round(x0 * width), round(x1 * width)
            inside = ink[top:bottom, left:right]
            assert inside.sum() > 100, word
            # the box fits: the ink reaches at least 4/5 of its length along the line
            along = inside.any(axis=0)
            assert np.ptp(np.nonzero(along)[0]) > 0.8 * len(along), word
            ink[top:bottom, left:right] = False
        assert ink.sum() == 0  # nothing is outside the boxes

    def test_text_outside_the_crop_box_is_dropped(self) -> None:
        result = words(text_pdf([[*TEXT, (5.0, 5.0, "Hidden")]], crop_box=(50, 40, 250, 190)))
        assert [word.text for word in result] == ["Top", "Invoice", "4711", "EUR", "12.50"]

    def test_a_word_over_the_edge_is_clipped(self) -> None:
        (word,) = words(text_pdf([[(280.0, 100.0, "Overflowing")]]))
        assert word.box[2] == 1.0

    def test_umlauts_and_the_euro_sign(self) -> None:
        assert [word.text for word in words(text_pdf([[(20, 100, "Müller & Söhne 5 €")]]))] == [
            "Müller",
            "&",
            "Söhne",
            "5",
            "€",
        ]

    def test_the_bundled_invoice_has_a_text_layer(self) -> None:
        (page,) = opened((DEMO / "design-studio-invoice.pdf").read_bytes()).pages
        result = page.text_layer() or []
        assert len(result) > 100
        assert [word.line for word in result] == sorted(word.line for word in result)
        ink = page.image().min(axis=2) < 128
        for word in result:
            x0, y0, x1, y1 = word.box
            assert ink[int(y0 * page.height) : int(y1 * page.height), int(x0 * page.width) : int(x1 * page.width)].any()

    def test_pages_have_their_own_words(self) -> None:
        pages = opened(text_pdf([[(20, 20, "one")], [], [(20, 20, "three")]])).pages
        layers = [page.text_layer() for page in pages]
        assert layers[1] is None
        result = [word for layer in layers for word in layer or []]
        assert [(word.text, word.page, word.line) for word in result] == [("one", 1, 0), ("three", 3, 0)]


SEEDS = [
    image_bytes(9, 7),
    image_bytes(9, 7, format="JPEG", dpi=(72, 72)),
    encoded(Image.effect_noise((24, 18), 90), "PNG"),
    encoded(Image.new("P", (9, 9)), "PNG", transparency=0),
    text_pdf([TEXT]),
    form_pdf(),
]


@settings(max_examples=150, deadline=None)
@given(seed=st.sampled_from(SEEDS), random=st.randoms(use_true_random=False), changes=st.integers(1, 12))
def test_damaged_files_fail_with_a_reason_or_open(seed: bytes, random: random.Random, changes: int) -> None:
    content = bytearray(seed)
    for _ in range(changes):
        position = random.randrange(len(content))
        content[position : position + random.randrange(3)] = random.randbytes(random.randrange(3))
    with contextlib.suppress(DocumentError):
        for page in opened(bytes(content), max_page_pixels=1_000_000).pages:
            assert page.image().shape == (page.height, page.width, 3)
            page.text_layer()


def test_the_content_is_in_no_repr() -> None:
    for content in (image_bytes(), text_pdf([TEXT])):
        assert len(repr(opened(content))) < 500


def test_a_part_of_a_file_is_a_document_of_its_own() -> None:
    content = text_pdf([[(20, 150, name)] for name in ("one", "two", "three")])
    whole, part = opened(content), open_document(content, Limits(), PageRange(2, 3))
    assert [page.number for page in part.pages] == [1, 2]
    assert [[(word.text, word.page) for word in page.text_layer() or ()] for page in part.pages] == [
        [("two", 1)],
        [("three", 2)],
    ]
    assert np.array_equal(part.pages[0].image(), whole.pages[1].image())
    hashes = {open_document(content, Limits(), PageRange(*pages)).sha256 for pages in ((1, 1), (2, 3), (1, 3))}
    assert len(hashes | {whole.sha256}) == 4, "the pages are a part of the identity"


def test_a_part_beyond_the_end_of_its_file() -> None:
    with pytest.raises(DocumentError, match="The file ends at page 1"):
        open_document(text_pdf([[(20, 150, "one")]]), Limits(), PageRange(2, 2))
