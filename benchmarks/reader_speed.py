"""CPU time and accuracy of the `rapidocr` engine, this checkout beside another one, page by page in turn.

usage: python benchmarks/reader_speed.py OTHER_CHECKOUT [--data ../shared/data] [--receipts 60] [--others 20] [--minutes 10]
           [--options '{"precision": "bf16"}']

Each checkout reads the first page of every file in a process of its own, in turns; other pages stand between the receipts. The
ratios so far are printed after each page, and what was read when the minutes are over is reported. CPU seconds are those of
the process (user and system), without loading the models. Accuracy on SROIE: error rate of the characters of the transcribed
lines, compared with the words recognised in its box; and in how many receipts total, date and supplier stand in the text.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

HERE = Path(__file__).resolve().parents[1]
READER = """
import dataclasses, json, resource, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.ocr.rapidocr import RapidOcr
engine = RapidOcr(**json.loads(sys.argv[2]))
for line in sys.stdin:
    document = open_document(Path(line.rstrip("\\n")).read_bytes(), Limits())
    first = dataclasses.replace(document, pages=document.pages[:1])
    started = time.process_time()
    (page,) = engine.read(first)
    seconds = time.process_time() - started
    words = [word.model_dump(mode="json") for word in page.words]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"seconds": seconds, "peak": peak, "words": words, "size": [page.width, page.height]}), flush=True)
"""


class Reader:
    def __init__(self, checkout: Path, python: str, options: str) -> None:
        command = [python, "-c", READER, str(checkout), options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
        self.pages: dict[Path, dict[str, Any]] = {}

    def read(self, path: Path) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        self.pages[path] = json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def seconds(pages: dict[Path, dict[str, Any]]) -> float:
    return sum(float(page["seconds"]) for page in pages.values())


def squeezed(text: str) -> str:
    return re.sub(r"[^A-Z0-9.]", "", text.upper())


def line_errors(page: dict[str, Any], transcript: Path) -> tuple[int, int]:
    """(wrong characters, characters) of the transcribed lines, without spaces, case and punctuation."""
    width, height = page["size"]
    wrong = total = 0
    for line in transcript.read_text(errors="replace").splitlines():
        numbers = line.split(",", 8)
        if len(numbers) < 9:
            continue
        xs, ys = [int(x) for x in numbers[0:8:2]], [int(y) for y in numbers[1:8:2]]
        inside = []
        for word in page["words"]:
            x, y = (word["box"][0] + word["box"][2]) / 2 * width, (word["box"][1] + word["box"][3]) / 2 * height
            if min(xs) - 2 <= x <= max(xs) + 2 and min(ys) - 2 <= y <= max(ys) + 2:
                inside.append(word)
        expected = squeezed(numbers[8])
        wrong += min(len(expected), Levenshtein.distance(expected, squeezed("".join(word["text"] for word in inside))))
        total += len(expected)
    return wrong, total


def strings_found(page: dict[str, Any], key: Path) -> list[bool]:
    """Whether total, date and supplier stand in the text, without spaces, case and punctuation."""
    labels, text = json.loads(key.read_text()), squeezed("".join(word["text"] for word in page["words"]))
    return [squeezed(str(labels.get(field, ""))) in text for field in ("total", "date", "company")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--receipts", type=int, default=60)
    parser.add_argument("--others", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--options", action="append", default=[], help="a further reader of this checkout, as JSON")
    options = parser.parse_args()
    data = options.data.resolve()
    receipts = sorted((data / "sroie/img").glob("*.jpg"))
    receipts = receipts[:: max(1, len(receipts) // options.receipts)][: options.receipts]
    kinds = ("softmatic-receipts-de/*.jpg", "cases/*/*.pdf", "world/*/*.pdf", "world/*/*.jpg", "world/*/*.png")
    by_kind = [islice(sorted(data.glob(pattern)), options.others // 5 + 2) for pattern in kinds]
    others = [path for paths in by_kind for path in paths][: options.others]
    other = options.other.resolve()
    readers = {
        "other": Reader(other, str(other / ".venv/bin/python"), "{}"),
        "default": Reader(HERE, sys.executable, "{}"),
    }
    readers |= {text: Reader(HERE, sys.executable, text) for text in options.options}
    for reader in readers.values():  # not counted: the models are loaded
        reader.read(receipts[0])
    every = max(1, len(receipts) // max(1, len(others)))
    mixed = [
        path for number in range(len(others) + 1) for path in (receipts[number * every :][:every] + others[number:][:1])
    ]
    mixed += receipts[(len(others) + 1) * every :]
    base, end = readers["other"].pages, time.monotonic() + 60 * options.minutes
    for number, path in enumerate(mixed):
        if time.monotonic() > end:
            break
        turn = number % len(readers)
        for reader in [*readers.values()][turn:] + [*readers.values()][:turn]:
            reader.read(path)
        so_far = ", ".join(f"{name} {seconds(reader.pages) / seconds(base):.3f}" for name, reader in readers.items())
        print(number + 1, path.name, so_far, file=sys.stderr, flush=True)
    receipts, others = [[path for path in paths if path in base] for paths in (receipts, others)]
    print(f"{len(receipts)} receipts, {len(others)} other pages: {', '.join(path.name for path in others)}")
    for name, reader in readers.items():
        reader.close()
        ratios = [page["seconds"] / base[path]["seconds"] for path, page in reader.pages.items()]
        mean = statistics.mean(page["seconds"] for page in reader.pages.values())
        total = seconds(reader.pages) / seconds(base)
        same = sum(page["words"] == base[path]["words"] for path, page in reader.pages.items())
        texts = sum(
            [word["text"] for word in page["words"]] == [word["text"] for word in base[path]["words"]]
            for path, page in reader.pages.items()
        )
        errors = [line_errors(reader.pages[path], data / "sroie/box" / f"{path.stem}.csv") for path in receipts]
        found = [strings_found(reader.pages[path], (data / "sroie/key" / f"{path.stem}.json")) for path in receipts]
        before = [strings_found(base[path], (data / "sroie/key" / f"{path.stem}.json")) for path in receipts]
        lost, won = [
            [
                f"{field} of {path.stem}"
                for path, now, once in zip(receipts, *both, strict=True)
                for field, has, had in zip(("total", "date", "supplier"), now, once, strict=True)
                if had and not has
            ]
            for both in ((found, before), (before, found))
        ]
        print(
            f"{name:24} {mean:.3f} s a page, {total:.3f} of the other (median of pages {statistics.median(ratios):.3f}); "
            f"words byte-identical on {same}, texts on {texts} of {len(ratios)}; "
            f"line CER {sum(wrong for wrong, _ in errors) / sum(count for _, count in errors):.4f}; "
            f"total, date, supplier in {', '.join(str(sum(column)) for column in zip(*found, strict=True))} "
            f"(lost: {', '.join(lost) or 'none'}; won: {', '.join(won) or 'none'}); "
            f"peak {max(page['peak'] for page in reader.pages.values()):.0f} MB"
        )


if __name__ == "__main__":
    main()
