"""What a model that looks at a document gets: its own bytes where they will do, else its pages as JPEG."""

from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.extraction.llm import media
from ocr_pipeline.extraction.llm.media import media_of
from ocr_pipeline.models.types import TOKENS_PER_PAGE, Media, ModelRequest
from ocr_pipeline_tests.files import encoded, image_bytes, text_pdf


def sent(content: bytes, *, pdf: bool = True) -> list[Media]:
    return media_of(open_document(content, Limits()), pdf=pdf)


def size_of(part: Media) -> tuple[int, int]:
    return Image.open(BytesIO(part.content)).size


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_a_photo_goes_as_it_is(format: str) -> None:
    content = image_bytes(format=format)
    assert [(part.content, part.media_type) for part in sent(content)] == [(content, f"image/{format.lower()}")]


@pytest.mark.parametrize("format", ["TIFF", "GIF", "BMP", "WEBP"])
def test_what_few_models_read_is_drawn(format: str) -> None:
    [part] = sent(image_bytes(60, 30, format=format))
    assert (part.media_type, size_of(part)) == ("image/jpeg", (60, 30))


def test_a_photo_that_is_stored_sideways_is_turned() -> None:
    image = Image.new("RGB", (60, 30), "white")
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = 6
    [part] = sent(encoded(image, "JPEG", exif=exif))
    assert size_of(part) == (30, 60)


def test_every_frame_of_a_tiff_is_a_page() -> None:
    frames = [Image.new("RGB", (40 + number, 30), "white") for number in range(3)]
    parts = sent(encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert [size_of(part) for part in parts] == [(40, 30), (41, 30), (42, 30)]


def test_a_pdf_goes_as_it_is_or_as_its_pages() -> None:
    content = text_pdf([[(20, 150, "one")], [(20, 150, "two")]])
    [whole] = sent(content)
    assert (whole.content, whole.media_type, whole.pages) == (content, "application/pdf", 2)
    pages = sent(content, pdf=False)
    assert [part.media_type for part in pages] == ["image/jpeg"] * 2
    assert pages[0].sha256 != pages[1].sha256


def test_a_page_is_drawn_no_larger_than_a_model_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_SIDE", 100)
    [part] = sent(image_bytes(400, 200, format="BMP"))
    assert size_of(part) == (100, 50)


def test_what_is_too_large_as_it_is_goes_as_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(Image.effect_noise((300, 300), 100).convert("RGB"), "PNG")
    monkeypatch.setattr(media, "MAX_BYTES", len(content) - 1)
    [part] = sent(content)
    assert part.media_type == "image/jpeg"
    assert len(part.content) < len(content)


def test_what_no_request_can_hold_is_an_error_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_BYTES", 100)
    with pytest.raises(DocumentError, match="more than the 100 bytes that one request can hold") as caught:
        sent(image_bytes(300, 300))
    assert caught.value.reason == "too_large"


def test_with_base64_a_request_stays_below_what_gemini_takes_inline() -> None:
    assert media.MAX_BYTES * 4 / 3 < 20_000_000 - 1_000_000


def test_a_request_is_described_by_hash_and_estimated_by_pages() -> None:
    content = text_pdf([[(20, 150, "one")]] * 3)
    request = ModelRequest(model="m", instructions="", parts=tuple(sent(content)), json_schema={}, max_output_tokens=1)
    parts: Any = request.description()["parts"]
    [part] = parts
    assert (part["media_type"], part["bytes"], len(part["sha256"])) == ("application/pdf", len(content), 64)
    assert request.estimated_input_tokens == 3 * TOKENS_PER_PAGE + 1
    assert "%PDF" not in repr(request) + repr(request.parts)


@pytest.mark.parametrize("pdf", [True, False])
def test_of_a_part_only_its_pages_are_sent(pdf: bool) -> None:
    content = text_pdf([[(20, 150, "one")], [(20, 150, "two")], [(20, 150, "three")]])
    parts = media_of(open_document(content, Limits(), PageRange(2, 3)), pdf=pdf)
    assert [part.sha256 for part in parts] == [part.sha256 for part in sent(content, pdf=False)[1:]]
