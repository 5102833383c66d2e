"""How well duplicates are told from different documents that look alike.

    python benchmarks/duplicates.py ../shared/data [every]
    python benchmarks/duplicates.py template 300 [fields|one] [seed]

The first form takes the first page of every image and PDF below the folders sroie/img, softmatic-receipts-de, zugferd/pdf,
world, cases and cord-recorded/train. They are compared as the pipeline does it, and all pairs without its indexes; then copies
of every n-th page are compared with their original. Prints the most alike pairs of different files, which a person has to look
at, and the share of copies found.

The second form draws invoices of one template, which differ in all fields, or in one number, date or amount (`one`); a tenth
are copies of others: scanned again, rotated, scaled, darkened, re-encoded. Prints CPU seconds, pairs compared, lost and false.
"""

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from ocr_pipeline.documents.duplicates import Groups, compare
from ocr_pipeline.documents.fingerprints import Fingerprint, Neighbours
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.looks import Look, look_of
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.documents.perceptual import grey_of, perceptual_hash
from ocr_pipeline.documents.same_print import MIN_SIMILARITY, compared
from ocr_pipeline.errors import DocumentError

Image = Any


def jpeg(image: Image) -> Image:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR)


def turned(degrees: float) -> Callable[[Image], Image]:
    def turn(image: Image) -> Image:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return cv2.warpAffine(image, matrix, (width, height), borderValue=(255, 255, 255))

    return turn


def cut(share: float) -> Callable[[Image], Image]:
    def crop(image: Image) -> Image:
        y, x = int(image.shape[0] * share), int(image.shape[1] * share)
        return image[y : image.shape[0] - y, x : image.shape[1] - x]

    return crop


def brighter(factor: float) -> Callable[[Image], Image]:
    return lambda image: np.clip(image.astype(np.float32) * factor, 0, 255).astype(np.uint8)


COPIES: dict[str, Callable[[Image], Image]] = {
    "JPEG quality 30": jpeg,
    "half the size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "brightness x 0.7": brighter(0.7),
    "brightness x 1.25": brighter(1.25),
    "turned by 0.5 degrees": turned(0.5),
    "turned by 1 degree": turned(1),
    "cut by 1 % a side": cut(0.01),
    "cut by 2 % a side": cut(0.02),
}


def print_of(name: str, image: Image, pages: int = 1) -> Fingerprint:
    return Fingerprint(name, name, pages, perceptual_hash(image), image.shape[1] / image.shape[0])


def real(data: Path, every: int) -> None:
    files = sorted(
        path
        for folder in ("sroie/img", "softmatic-receipts-de", "zugferd/pdf", "world", "cases", "cord-recorded/train")
        for path in (data / folder).rglob("*")
        if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pdf")
    )
    prints, looks, originals, making = [], {}, {}, 0.0
    for number, path in enumerate(files):
        try:
            document = open_document(path.read_bytes(), Limits())
            image, name = document.pages[0].image(), str(path.relative_to(data))
        except DocumentError as error:
            print(f"  left out: {path.name}: {error}")
            continue
        started = time.process_time()
        grey = grey_of(image)
        prints.append(print_of(name, grey, len(document.pages)))
        looks[name] = look_of(grey)
        making += time.process_time() - started
        if number % every == 0:
            originals[name] = image
    print(f"{len(files)} documents, {1000 * making / len(files):.1f} ms CPU a hash and a look")
    started = time.process_time()
    found = dict(compare(prints, {}, looks.get))
    print(f"{len(found)} pairs compared in {time.process_time() - started:.1f} s CPU; the most alike:")
    for (first, second), alike in sorted(found.items(), key=lambda entry: -entry[1])[:12]:
        print(f"  {alike:.3f} {first}  {second}")
    pairs = Neighbours(prints).pairs(range(len(prints)), [], at_most=len(prints) ** 2) or []
    all_pairs = {(prints[a].sha256, prints[b].sha256): similar(looks, prints[a], prints[b]) for a, b in pairs}
    groups = Groups()
    for pair, alike in found.items():
        if alike >= MIN_SIMILARITY:
            groups.join(*pair)
    lost = [
        (a, b) for (a, b), alike in all_pairs.items() if alike >= MIN_SIMILARITY and groups.find(a) != groups.find(b)
    ]
    print(f"of all {len(all_pairs)} near pairs, {len(lost)} duplicates are lost {lost}")
    for name, change in COPIES.items():
        hits = 0
        for print_ in prints:
            if print_.document_id in originals:
                copy = change(originals[print_.document_id])
                both = {"copy": look_of(copy), print_.sha256: looks[print_.sha256]}
                scores = dict(compare([print_, print_of("copy", copy, print_.pages)], {}, both.get))
                hits += any(score >= MIN_SIMILARITY for score in scores.values())
        print(f"{name:<24} {hits}/{len(originals)} found", flush=True)


def similar(looks: dict[str, Look], first: Fingerprint, second: Fingerprint) -> float:
    return compared(looks[first.sha256], looks[second.sha256]).similarity


def scanned(rng: random.Random) -> Callable[[Image], Image]:
    """Another scan: rotated, scaled, moved, blurred, darker, with noise and as JPEG."""

    def scan(image: Image) -> Image:
        height, width = image.shape
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-1, 1), rng.uniform(0.985, 1.015))
        matrix[:, 2] += np.array([rng.uniform(-8, 8), rng.uniform(-8, 8)])
        page = cv2.warpAffine(image, matrix, (width, height), borderValue=255).astype(np.float32)
        page = cv2.GaussianBlur(page, (0, 0), rng.uniform(0.4, 0.9)) * rng.uniform(0.8, 1)
        page += np.random.default_rng(rng.randrange(10**9)).normal(0, rng.uniform(2, 6), page.shape)
        return cv2.imdecode(
            cv2.imencode(".jpg", np.clip(page, 0, 255).astype(np.uint8), [1, rng.randint(30, 80)])[1], 0
        )

    return scan


def values_of(rng: random.Random) -> dict[str, str]:
    values = {
        "Invoice no.": f"2026-{rng.randrange(100_000):05d}",
        "Date": f"{rng.randint(1, 28):02d}.{rng.randint(1, 12):02d}.2026",
    }
    values |= {f"Item {item}": f"{rng.randint(100, 99_999) / 100:,.2f}" for item in "ABCDEFGH"}
    return values | {
        "Customer no.": str(rng.randint(10_000, 99_999)),
        "Total EUR": f"{rng.randint(1_000, 999_999) / 100:,.2f}",
    }


def drawn(values: dict[str, str]) -> Image:
    image = PillowImage.new("L", (1240, 1754), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(20)
    draw.text((90, 80), "Lindenhof Trading GmbH", 0, ImageFont.load_default(34))
    draw.text((90, 140), "Hauptstrasse 12, 12345 Musterstadt  Tel. 030 1234567  info@lindenhof.example", 0, font)
    draw.rectangle((980, 70, 1150, 120), 60)
    for number, (name, value) in enumerate(values.items()):
        draw.text((90, 300 + 60 * number), f"{number + 1}  {name}, as agreed in our contract", 0, font)
        draw.text((950, 300 + 60 * number), value, 0, font)
    draw.line((90, 1080, 1150, 1080), 0, 2)
    for number, line in enumerate(
        ["Please pay within 14 days without deduction.", "Goods remain our property until paid in full."]
    ):
        draw.text((90, 1450 + 40 * number), line, 0, font)
    return np.asarray(image)


def template(count: int, which: str, seed: int) -> None:
    rng = random.Random(seed)
    first = values_of(rng)
    chosen: dict[str, dict[str, str]] = {str(first): first}
    while len(chosen) < count - count // 10:
        values = values_of(rng)
        field = rng.choice(list(first))
        values = {**first, field: values[field]} if which == "one" else values
        chosen[str(values)] = values
    changes = [*COPIES.items(), *[("another scan", scanned(rng))] * len(COPIES)]
    originals = rng.sample(range(len(chosen)), count // 10)
    truth = {f"{number:05d}": number for number in range(len(chosen))}
    kinds = {f"{len(chosen) + number:05d}": changes[number % len(changes)][0] for number in range(len(originals))}
    truth |= dict(zip(kinds, originals, strict=True))
    all_values, looks, prints, making = list(chosen.values()), {}, [], 0.0
    for name, original in truth.items():
        page = drawn(all_values[original])
        page = dict(changes)[kinds[name]](page) if name in kinds else page
        started = time.process_time()
        looks[name] = look_of(page)
        prints.append(print_of(name, page))
        making += time.process_time() - started
    started = time.process_time()
    found = dict(compare(prints, {}, looks.get))
    seconds, groups = time.process_time() - started, Groups()
    same = [pair for pair, alike in found.items() if alike >= MIN_SIMILARITY]
    for pair in same:
        groups.join(*pair)
    false = sum(truth[a] != truth[b] for a, b in same)
    lost = [kinds[copy] for copy in kinds if groups.find(copy) != groups.find(f"{truth[copy]:05d}")]
    print(
        f"{count} pages, {which}, seed {seed}: {1000 * making / count:.1f} ms CPU a page for hash and look,"
        f" {1000 * seconds / count:.2f} to compare; {len(found)} pairs compared as a whole,"
        f" {len(lost)} of {len(kinds)} copies lost {lost}, {false} false pairs",
        flush=True,
    )
    started, few = time.process_time(), same[:20]
    for first_name, second_name in few:
        compared(looks[first_name], looks[second_name])
    print(f"  {1000 * (time.process_time() - started) / max(len(few), 1):.1f} ms CPU for a pair compared as a whole")


def main() -> None:
    cv2.setNumThreads(1)
    if sys.argv[1] == "template":
        count = int(sys.argv[2])
        which, seed = (*sys.argv[3:], *("fields", str(count))[len(sys.argv[3:]) :])
        template(count, which, int(seed))
    else:
        real(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)


if __name__ == "__main__":
    main()
