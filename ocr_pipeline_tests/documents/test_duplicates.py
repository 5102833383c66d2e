"""Which documents are the same, and which split they count to."""

from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageEnhance

from ocr_pipeline.documents.duplicates import Duplicate, Fingerprint, candidate_pairs, duplicates, splits_in_use
from ocr_pipeline.documents.perceptual import MIN_SIMILARITY, comparable, perceptual_hash, similarity
from ocr_pipeline_tests.files import text_image

ITEMS = ["Flat White 4.20", "Espresso 2.80", "Croissant 3.10", "Cheese cake 4.90", "Orange juice 3.60", "Water 2.50"]
SHOP = ["Kaffeehaus Lindenhof", "Hauptstrasse 12", "12345 Musterstadt", *ITEMS, "Total 21.10", "Cash 25.00"]


def receipt(number: str = "4-20431 14.03.2026") -> Image.Image:
    return text_image([*SHOP, f"No {number}", "Thank you for your visit", "Please come again"], size=24, width=520)


def pixels(image: Image.Image) -> npt.NDArray[np.uint8]:
    return np.asarray(image.convert("RGB"))


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


COPIES = {
    "re-encoded": lambda image: jpeg(image, 30),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "turned": lambda image: image.rotate(0.7, Image.Resampling.BICUBIC, fillcolor="white"),
    "cut": lambda image: image.crop((6, 12, image.width - 6, image.height - 12)),
}


def alike(first: Image.Image, second: Image.Image) -> float:
    return similarity(comparable(pixels(first)), comparable(pixels(second)))


def print_of(document_id: str, image: Image.Image, sha256: str, pages: int = 1) -> Fingerprint:
    return Fingerprint(document_id, sha256, pages, perceptual_hash(pixels(image)), image.width / image.height)


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_is_detected(copy: object) -> None:
    assert callable(copy)
    original, other = receipt(), copy(receipt())
    assert candidate_pairs([print_of("a", original, "1"), print_of("b", other, "2")]) == [("1", "2")]
    assert alike(original, other) >= MIN_SIMILARITY


def test_another_receipt_of_the_same_shop_is_not_a_duplicate() -> None:
    assert alike(receipt(), receipt("9-11876 28.11.2025")) < MIN_SIMILARITY


def test_a_blank_page_is_not_similar_to_anything() -> None:
    blank = Image.new("RGB", (300, 400), "white")
    assert alike(blank, blank) == 0


def test_candidates_have_equal_page_counts_and_similar_shapes() -> None:
    image = receipt()
    wide = image.resize((image.width, image.height // 2))
    assert candidate_pairs([print_of("a", image, "1"), print_of("b", image, "2", pages=2)]) == []
    assert candidate_pairs([print_of("a", image, "1"), print_of("b", wide, "2")]) == []
    assert candidate_pairs([]) == []


def test_all_pairs_are_found_across_blocks_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr_pipeline.documents.duplicates._ROWS", 2)
    prints = [print_of(str(number), receipt(), str(number)) for number in range(5)]
    expected = [(str(a), str(b)) for a in range(5) for b in range(a + 1, 5)]
    assert candidate_pairs(prints) == expected


def test_groups() -> None:
    image = receipt()
    prints = [print_of(name, image, sha) for name, sha in (("d", "3"), ("c", "1"), ("b", "1"), ("a", "2"), ("e", "4"))]
    result = duplicates(prints, {("1", "2"): 0.95, ("2", "3"): 0.9, ("3", "4"): 0.5})
    assert [(member.document_id, member.duplicate_of, member.kind) for member in result] == [
        ("a", None, None),
        ("b", "a", "near"),
        ("c", "a", "near"),
        ("d", "a", "near"),
    ]
    result = duplicates(prints, {})
    assert [(member.document_id, member.duplicate_of, member.kind, member.distance) for member in result] == [
        ("b", None, None, None),
        ("c", "b", "exact", 0),
    ]


def group(*documents: str) -> list[Duplicate]:
    return [Duplicate(document, None, documents[0], None, None) for document in documents]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"a": "train", "b": "test", "c": "train"}, {"a": "test", "b": "test", "c": "train"}),
        ({"a": "train", "b": None, "c": None}, {"a": "train", "b": None, "c": None}),
        ({"a": None, "b": "test", "c": None}, {"a": "test", "b": "test", "c": None}),
        ({"a": "train", "b": "dev", "c": "test"}, {"a": "dev", "b": "dev", "c": "test"}),
        ({"a": "dev", "b": "test", "c": "train"}, {"a": "test", "b": "test", "c": "train"}),
    ],
)
def test_a_group_with_a_holdout_document_is_a_holdout(
    own: dict[str, str | None], expected: dict[str, str | None]
) -> None:
    assert splits_in_use(own, group("a", "b")) == expected
