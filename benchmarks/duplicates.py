"""How well duplicates are told from different documents that look alike.

    python benchmarks/duplicates.py ../shared/data [every]

Takes the first page of every JPEG and PDF below the folders sroie/img, softmatic-receipts-de and zugferd/pdf. All pairs are
compared as the pipeline does it; then copies of every n-th page are compared with their original. Prints the most alike pairs
of different files, which a person has to look at, and the share of copies that are found.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ocr_pipeline.documents.duplicates import Fingerprint, candidate_pairs
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.documents.perceptual import MIN_SIMILARITY, comparable, perceptual_hash, similarity

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


def main() -> None:
    data, every = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    files = sorted(
        path
        for folder in ("sroie/img", "softmatic-receipts-de", "zugferd/pdf")
        for path in (data / folder).iterdir()
        if path.suffix in (".jpg", ".pdf")
    )
    prints, pages, originals, hashing = [], {}, {}, 0.0
    for number, path in enumerate(files):
        document = open_document(path.read_bytes(), Limits())
        image = document.pages[0].image()
        started = time.perf_counter()
        hashed = perceptual_hash(image)
        hashing += time.perf_counter() - started
        pages[path.name] = comparable(image)
        aspect = image.shape[1] / image.shape[0]
        prints.append(Fingerprint(path.name, path.name, len(document.pages), hashed, aspect))
        if number % every == 0:
            originals[path.name] = image
    print(f"{len(files)} documents, {1000 * hashing / len(files):.1f} ms a hash")
    pairs = candidate_pairs(prints)
    started = time.perf_counter()
    found = sorted(((similarity(pages[a], pages[b]), a, b) for a, b in pairs), reverse=True)
    seconds = (time.perf_counter() - started) / max(len(pairs), 1)
    total = len(files) * (len(files) - 1) // 2
    print(f"{len(pairs)} of {total} pairs are candidates, {1000 * seconds:.0f} ms a comparison; the most alike:")
    for alike, first, second in found[:6]:
        print(f"  {alike:.3f} {first}  {second}")
    for name, change in COPIES.items():
        hits, near = 0, 0
        for print_ in prints:
            if print_.document_id not in originals:
                continue
            copy = change(originals[print_.document_id])
            aspect = copy.shape[1] / copy.shape[0]
            other = Fingerprint("copy", "copy", print_.pages, perceptual_hash(copy), aspect)
            near += bool(candidate_pairs([print_, other]))
            hits += similarity(pages[print_.document_id], comparable(copy)) >= MIN_SIMILARITY and bool(
                candidate_pairs([print_, other])
            )
        print(f"{name:<24} {hits}/{len(originals)} found, {near}/{len(originals)} by hash", flush=True)
    random = np.random.default_rng(0)
    for size in (10_000, 100_000):
        many = [
            Fingerprint(str(i), str(i), 1, "dct1-" + random.bytes(32).hex(), float(random.uniform(0.3, 0.8)))
            for i in range(size)
        ]
        started = time.perf_counter()
        candidate_pairs(many)
        print(f"all pairs of {size:,} hashes: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
