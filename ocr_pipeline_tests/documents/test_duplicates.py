"""Which documents are the same, and which split they count to."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageEnhance

from ocr_pipeline.documents import layouts, same_print
from ocr_pipeline.documents.alignment import Template
from ocr_pipeline.documents.duplicates import Duplicate, Pair, compare, duplicates, splits_in_use
from ocr_pipeline.documents.fingerprints import MAX_STRETCH, Fingerprint, Neighbours
from ocr_pipeline.documents.looks import Look, Looks, look_of
from ocr_pipeline.documents.perceptual import HASH_PREFIX, MAX_DISTANCE, perceptual_hash
from ocr_pipeline.documents.same_print import MIN_SIMILARITY
from ocr_pipeline.documents.same_print import compared as comparison
from ocr_pipeline.store import ResultStore
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


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "re-encoded": lambda image: jpeg(image, 30),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "turned": lambda image: image.rotate(0.7, Image.Resampling.BICUBIC, fillcolor="white"),
    "cut": lambda image: image.crop((6, 12, image.width - 6, image.height - 12)),
}


def alike(first: Image.Image, second: Image.Image) -> float:
    return comparison(look_of(pixels(first)), look_of(pixels(second))).similarity


def print_of(document_id: str, image: Image.Image, sha256: str, pages: int = 1) -> Fingerprint:
    return Fingerprint(document_id, sha256, pages, perceptual_hash(pixels(image)), image.width / image.height)


def compared(*images: Image.Image, known: dict[Pair, float] | None = None, pages: int = 1) -> dict[Pair, float]:
    """What is compared among these pages, whose contents are named 1, 2, ...; `pages` is the page count of the last."""
    names = [str(number) for number in range(1, len(images) + 1)]
    prints = [print_of(name, image, name) for name, image in zip(names, images, strict=True)]
    prints[-1] = print_of(names[-1], images[-1], names[-1], pages)
    looks = {name: look_of(pixels(image)) for name, image in zip(names, images, strict=True)}
    return dict(compare(prints, known or {}, looks.get))


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_is_detected(copy: Callable[[Image.Image], Image.Image]) -> None:
    assert compared(receipt(), copy(receipt()))["1", "2"] >= MIN_SIMILARITY


@pytest.mark.parametrize(
    "copy", [None, "re-encoded", "darker", "turned", "cut"]
)  # at half the size, digits are 6 pixels high
@pytest.mark.parametrize("number", ["9-11876 28.11.2025", "4-20431 15.08.2026", "4-97652 14.03.2026"])
def test_another_number_or_date_is_another_receipt(number: str, copy: str | None) -> None:
    other = receipt(number)
    assert alike(receipt(), COPIES[copy](other) if copy else other) < MIN_SIMILARITY


@pytest.mark.parametrize("share", [0.02, 0.08])
def test_many_other_values_are_not_taken_for_the_noise_of_a_copy(share: float) -> None:
    """In two invoices with many amounts and much text, the 5 % most different places are amounts, too."""
    random = np.random.default_rng(2)
    glyphs = (random.random((60, 12, 9)) < 0.4).astype(np.float32) * 255
    chosen = random.integers(0, 60, (30, 40))
    others = np.where(random.random((30, 40)) < share, (chosen + 17) % 60, chosen)
    page, other = (
        cv2.GaussianBlur(glyphs[ids].swapaxes(1, 2).reshape(360, 360), (3, 3), 1) for ids in (chosen, others)
    )
    copy = cv2.GaussianBlur(page, (3, 3), 0.6) * 0.9 + np.asarray(random.normal(0, 8, page.shape), np.float32)
    inside = np.ones(page.shape, bool)
    assert same_print.outlier(page, other, inside) > same_print.MAX_OUTLIER
    assert same_print.outlier(page, copy, inside) < same_print.MAX_OUTLIER


def test_a_blank_page_is_not_similar_to_anything() -> None:
    blank = Image.new("RGB", (300, 400), "white")
    assert alike(blank, blank) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 3), (31, 40), (48, 900)])
def test_a_page_of_a_few_pixels_is_compared_with_every_other(shape: tuple[int, int]) -> None:
    """And is no end of the run."""
    looks = [look_of(np.full(size, 0, np.uint8)) for size in (shape, shape, (1, 1), (100, 100))]
    assert [comparison(looks[0], other).similarity for other in looks[1:]] == [0.0, 0.0, 0.0]
    assert comparison(looks[3], looks[0]).similarity == 0.0


@pytest.mark.parametrize("shape", [(900, 20), (20, 900)])
def test_pages_too_narrow_for_places_are_compared_one_by_one(shape: tuple[int, int]) -> None:
    page = np.full(shape, 255, np.uint8)
    page[3:-3:6, 4:-4:3] = 0
    looks = [look_of(page)] * 3
    frames = list(layouts.layouts([0, 1, 2], [], looks.__getitem__))
    pairs = {pair for frame, leader in frames for pair in layouts.alike_in(frame, leader, looks.__getitem__)}
    assert pairs == {(0, 1), (0, 2), (1, 2)}


def test_only_equal_page_counts_and_similar_shapes_are_compared() -> None:
    image = receipt()
    wide = image.resize((image.width, image.height // 2))
    assert compared(image, image, pages=2) == {}
    assert compared(image, wide) == {}
    assert dict(compare([], {}, lambda sha256: None)) == {}


def test_what_is_known_or_of_one_group_is_not_compared_again() -> None:
    copies = [receipt()] * 5
    assert len(compared(*copies)) == 4
    assert compared(*copies, known={("1", "2"): 0.9, ("2", "3"): 0.9, ("3", "4"): 0.9, ("4", "5"): 0.9}) == {}
    assert ("1", "2") not in compared(*copies[:2], known={("1", "2"): 0.2})


def test_a_page_that_cannot_be_opened_is_left_out() -> None:
    prints = [print_of(name, receipt(), name) for name in ("1", "2", "3")]
    looks = {name: look_of(pixels(receipt())) for name in ("1", "3")}
    assert list(dict(compare(prints, {}, looks.get))) == [("1", "3")]


def test_no_near_pair_is_lost_in_neighbourhoods() -> None:
    random = np.random.default_rng(3)
    middles = random.integers(0, 2**8, (6, 32), np.uint8)
    prints = []
    for number in range(150):
        bits = np.unpackbits(middles[number % 6])
        flipped = random.choice(256, random.integers(0, 60), replace=False)
        bits[flipped] ^= 1
        aspect = float(0.7 * np.exp(random.uniform(-0.08, 0.08)))
        digits = HASH_PREFIX + np.packbits(bits).tobytes().hex()
        prints.append(Fingerprint(str(number), str(number), int(random.integers(1, 3)), digits, aspect))
    prints.sort(key=lambda print_: (print_.pages, print_.aspect))
    neighbours = Neighbours(prints)
    expected = set()
    for a in range(len(prints)):
        for b in range(a):
            first, second = prints[a], prints[b]
            values = [int(print_.perceptual_hash.removeprefix(HASH_PREFIX), 16) for print_ in (first, second)]
            near = (values[0] ^ values[1]).bit_count() <= MAX_DISTANCE and first.pages == second.pages
            if near and abs(np.log(first.aspect / second.aspect)) <= MAX_STRETCH:
                expected.add((b, a))
    found: set[tuple[int, int]] = set()
    for own, others in neighbours.neighbourhoods():
        reached = neighbours.pairs(own, others, at_most=10**6)
        assert reached is not None
        assert not found & {(min(pair), max(pair)) for pair in reached}  # no pair twice
        found |= {(min(pair), max(pair)) for pair in reached}
    assert len(expected) > 400
    assert found == expected


@pytest.mark.parametrize(("least", "on_average"), [(0.7, 0.7), (0.9, 0.9), (0.5, 0.9)])
def test_no_pair_is_lost_in_the_search(least: float, on_average: float) -> None:
    """The index gives the pairs of which each place correlates, as a comparison of all pairs does, and no others."""
    random = np.random.default_rng(5)
    values = random.integers(0, 256, (12, 5, 9, 9))
    noise = random.normal(0, 60, (200, 5, 9, 9)) * random.uniform(0, 1, (200, 1, 1, 1))
    cut = np.clip(values[random.integers(0, 12, 200)] + noise, 0, 255).astype(np.uint8)
    near = layouts._Near(cut, least, on_average)
    flat = cut.reshape(200, 5, 81).astype(float)
    flat -= flat.mean(axis=2, keepdims=True)
    flat /= np.linalg.norm(flat, axis=2, keepdims=True)
    correlations = np.einsum("iwk,jwk->ijw", flat, flat)
    margins = np.minimum(correlations.min(axis=2) - least, correlations.mean(axis=2) - on_average)
    found = {(row, other) for start in range(0, 200, 64) for part in near.pairs(start, 64) for _, row, other in part}
    clearly = {(a, b) for a in range(200) for b in range(a) if margins[a, b] > 2e-3}  # half precision is kept
    assert len(clearly) > 100
    assert clearly <= found
    assert found <= {(a, b) for a in range(200) for b in range(a) if margins[a, b] > -2e-3}


def test_nearly_blank_places_lose_no_pair() -> None:
    """Of two pages that are blank in a place, one has a speck there: their other places decide."""
    random = np.random.default_rng(6)
    cut = random.integers(0, 256, (40, 8, 9, 9)).astype(np.uint8)
    cut[20:] = cut[:20]
    cut[:12, 3] = 0
    cut[20:32, 3] = 0
    cut[20:32, 3, 0, :3] = 90
    found = {(row, other) for part in layouts._Near(cut, 0.7, 0.87).pairs(0, 40) for _, row, other in part}
    assert found == {(number + 20, number) for number in range(20)}


@pytest.mark.parametrize("degrees", [-3, -1, 0.5, 2])
@pytest.mark.parametrize("scale", [0.97, 1, 1.02])
def test_pages_are_aligned_without_the_slow_method(degrees: float, scale: float) -> None:
    page = look_of(pixels(receipt())).small()
    matrix = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), degrees, scale)
    moved = cv2.warpAffine(page, matrix, (page.shape[1], page.shape[0]))
    template = Template(page, ((96, 0), (192, 0)), 0, 2, 0.9)
    found = template.align(np.asarray(moved, np.uint8))
    assert found is not None
    corners = np.array([[0, 0, 1], [page.shape[1], 0, 1], [0, page.shape[0], 1], [page.shape[1], page.shape[0], 1]]).T
    assert np.abs((found.transform - matrix) @ corners).max() < 1  # pixel


def invoice(number: int, day: int, amount: int) -> Image.Image:
    head = ["Lindenhof Trading GmbH", "Hauptstrasse 12, 12345 Musterstadt", f"Invoice no. 2026-{number:05d}"]
    table = [
        f"Date {day:02d}.03.2026",
        "Rent of a garage, one month",
        f"Net {amount:,}.00 EUR",
        f"Total {amount * 119 // 100:,} EUR",
    ]
    return text_image([*head, *table, *ITEMS, "Please pay within 14 days without deduction"], size=24, width=620)


def test_copies_among_invoices_of_one_template_are_found_without_comparing_all_pairs() -> None:
    """Invoices that differ in number, date or amount only; six are there twice, as another scan."""
    random = np.random.default_rng(9)
    values = {(int(n), 5, 700) for n in random.choice(99_999, 20, replace=False)}
    values |= {(12_345, day, 700) for day in range(1, 29, 2)} | {(12_345, 5, 1_000 + 377 * step) for step in range(14)}
    originals = [invoice(*value) for value in sorted(values)]
    copies = [copy(originals[7 * number]) for number, copy in enumerate([*COPIES.values(), COPIES["turned"]])]
    found = compared(*originals, *copies)
    same = {pair for pair, score in found.items() if score >= MIN_SIMILARITY}
    expected = {(str(7 * number + 1), str(len(originals) + number + 1)) for number in range(len(copies))}
    assert same == {(min(pair), max(pair)) for pair in expected}
    assert len(found) < 3 * len(copies)


def test_progress_is_told_page_by_page() -> None:
    steps: list[int] = []
    images = [invoice(number, 5, 700) for number in range(10_000, 12_000, 50)]
    prints = [print_of(str(number), image, str(number)) for number, image in enumerate(images)]
    looks = {str(number): look_of(pixels(image)) for number, image in enumerate(images)}
    assert dict(compare(prints, {}, looks.get, steps.append)) == {}
    assert sum(steps) == len(images)
    assert len(steps) >= len(images)


def test_among_pages_of_one_layout_a_copy_is_found_by_its_values() -> None:
    """Also if its hash is farther away than that of a copy may be elsewhere, as it is for sparse pages with cut edges."""
    images = [invoice(number, 5, 700) for number in range(10_000, 12_000, 50)]
    images.append(COPIES["cut"](images[7]))
    prints = [print_of(str(number), image, f"{number:02d}") for number, image in enumerate(images)]
    far = int(prints[7].perceptual_hash.removeprefix(HASH_PREFIX), 16) ^ (1 << MAX_DISTANCE + 2) - 1
    prints[-1] = replace(prints[-1], perceptual_hash=f"{HASH_PREFIX}{far:064x}")
    looks = {f"{number:02d}": look_of(pixels(image)) for number, image in enumerate(images)}
    found = dict(compare(prints, {}, looks.get))
    assert {pair for pair, score in found.items() if score >= MIN_SIMILARITY} == {("07", "40")}


def test_a_look_is_made_once(tmp_path: Path) -> None:
    looks, opened = Looks(ResultStore(tmp_path)), []

    def page(sha256: str) -> npt.NDArray[np.uint8] | None:
        opened.append(sha256)
        return pixels(receipt()) if sha256 == "1" else None

    first, gone = looks.of("1", page), looks.of("2", page)
    assert isinstance(first, Look)
    assert gone is None
    assert Looks(ResultStore(tmp_path)).of("1", page) == first
    assert opened == ["1", "2"]


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
