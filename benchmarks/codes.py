"""Codes on pages: share decoded by format, resolution, rotation and paper; cost; and what real documents give.

python benchmarks/codes.py --data ../shared/data > docs/results/codes.md
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.extraction.codes.combining import combine
from ocr_pipeline.extraction.codes.formats import parse
from ocr_pipeline.extraction.codes.scanning import Code, scan
from ocr_pipeline.page_codes import PageCode
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, Invoice, Label
from ocr_pipeline_tests.extraction.codes.pages import MODULE_MM, page, png
from ocr_pipeline_tests.extraction.codes.samples import SAMPLES, Sample

RESOLUTIONS = (100, 150, 300)
ANGLES = (0, 90, 180, 270, 7, 30)
FEW_ANGLES = (0, 30)
"""Of clean pages and small modules."""
SMALL = 0.66
"""Modules of the second size, as a share of the first."""
REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Trial:
    """One drawn page. `size` is that of a module in mm; `read`: decoded, and every value right. `wrong`: decoded,
    with another value."""

    sample: str
    symbology: str
    dpi: int
    angle: int
    paper: bool
    size: float
    read: bool
    wrong: bool


def opened(path: Path) -> Document:
    return open_document(path.read_bytes(), Limits())


def extraction(codes: Iterable[Code]) -> Extraction:
    return combine([(code, parse(code.payload, is_gs1=code.is_gs1, is_linear=code.is_linear)) for code in codes])


def trials() -> Iterator[Trial]:
    for sample in SAMPLES:
        usual = MODULE_MM[sample.symbology]
        for size, paper in product((usual, round(usual * SMALL, 2)), (False, True)):
            for dpi, angle in product(RESOLUTIONS, ANGLES if paper and size == usual else FEW_ANGLES):
                yield trial(sample, dpi=dpi, angle=angle, paper=paper, size=size)


def trial(sample: Sample, *, dpi: int, angle: int, paper: bool, size: float) -> Trial:
    drawn = page(
        sample.payload, sample.symbology, is_gs1=sample.is_gs1, dpi=dpi, angle=angle, texture=paper, module_mm=size
    )
    found = extraction(scan(open_document(png(drawn), Limits()).pages[0])).invoice.model_copy(update={"tax_lines": []})
    read, nothing = found == Invoice.model_validate(sample.values), found == Invoice()
    return Trial(sample.name, sample.symbology, dpi, angle, paper, size, read=read, wrong=not read and not nothing)


def table(head: str, rows: Mapping[str, Mapping[int, list[bool]]]) -> str:
    lines = [
        f"| {head} | " + " | ".join(f"{dpi} dpi" for dpi in RESOLUTIONS) + " |",
        "| --- |" + " ---: |" * len(RESOLUTIONS),
    ]
    for name, by_dpi in rows.items():
        shares = (f"{sum(by_dpi[dpi])}/{len(by_dpi[dpi])}" if by_dpi[dpi] else "" for dpi in RESOLUTIONS)
        lines.append(f"| {name} | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def grouped(found: Iterable[Trial], name: Callable[[Trial], str]) -> dict[str, dict[int, list[bool]]]:
    rows: dict[str, dict[int, list[bool]]] = {}
    for tried in found:
        rows.setdefault(name(tried), defaultdict(list))[tried.dpi].append(tried.read)
    return rows


def documents(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".json", ".md", ".jsonl", ".csv")
    )


def against(found: Invoice, path: Path) -> str:
    """The values of the codes beside those of the label."""
    label = path.with_suffix(".json")
    truth = Label.model_validate_json(label.read_text("utf-8")).invoice if label.exists() else Invoice()
    said = []
    for name in FIELD_KINDS:
        value, right = getattr(found, name), getattr(truth, name)
        if value is not None:
            verdict = "not labelled" if right is None else "as labelled" if value == right else f"label: {right}"
            said.append(f"{name} {value} ({verdict})")
    return "; ".join(said) or "none of our fields"


def kind_of(code: PageCode) -> str:
    return f"{code.symbology} ({code.format or 'unknown content'})"


def real(data: Path) -> str:
    lines = ["| document | code | what it gives |", "| --- | --- | --- |"]
    opened_documents = 0
    sets = {"world": data / "world", "receipts": data / "softmatic-receipts-de", "demo": REPOSITORY / "data" / "demo"}
    for name, folder in sets.items():
        for path in documents(folder):
            try:
                codes = [code for part in opened(path).pages for code in scan(part)]
            except DocumentError:
                continue
            opened_documents += 1
            if codes:
                found = extraction(codes)
                kinds = ", ".join(kind_of(code) for code in found.codes)
                lines.append(f"| {name}/{path.stem} | {kinds} | {against(found.invoice, path)} |")
    return "\n".join([*lines, "", f"{opened_documents} documents were opened."])


def cpu(paths: Iterable[Path]) -> list[float]:
    """CPU seconds of the first page of each document, decoding or rendering included."""
    seconds = []
    for path in paths:
        first = opened(path).pages[0]
        started = time.process_time()
        scan(first)
        seconds.append(time.process_time() - started)
    return sorted(seconds)


def cost(data: Path) -> str:
    sets = {"SROIE receipts (JPEG)": data / "sroie" / "img", "e-invoices (PDF, 300 dpi)": data / "zugferd" / "pdf"}
    lines = ["| pages | n | median | 90 % | most |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, folder in sets.items():
        taken = [1000 * seconds for seconds in cpu(documents(folder))]
        high = taken[int(0.9 * len(taken))]
        lines.append(
            f"| {name} | {len(taken)} | {statistics.median(taken):.0f} ms | {high:.0f} ms | {taken[-1]:.0f} ms |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--trials", type=Path, help="also write every drawn page and its outcome as JSON lines")
    arguments = parser.parse_args()
    found = list(trials())
    if arguments.trials:
        arguments.trials.write_text("".join(json.dumps(vars(tried)) + "\n" for tried in found))
    usual = [tried for tried in found if tried.size == MODULE_MM[tried.symbology]]
    paper = [tried for tried in usual if tried.paper]
    print(
        TEXT.format(
            wrong=sum(tried.wrong for tried in found),
            formats=table("format", grouped(paper, lambda tried: tried.sample)),
            angles=table("turned by", grouped(paper, lambda tried: f"{tried.angle}°")),
            sizes=table(
                "module, paper",
                grouped(
                    found, lambda tried: f"{tried.symbology} {tried.size} mm, {'paper' if tried.paper else 'clean'}"
                ),
            ),
            real=real(arguments.data),
            cost=cost(arguments.data),
        )
    )


TEXT = """# Codes: what is read, and what it gives

`python benchmarks/codes.py --data DATA` makes all numbers again. Each format of [reading.md](../reading.md#codes) is drawn
from the example of its specification (or one made by it), with QR modules of 0.5 mm and bars of 0.33 mm, on paper: uneven
light, fibres, soft edges, noise (seeded). A page counts if its code is decoded **and** every value is right. Pages with a
wrong value: {wrong}. What is not decoded gives no value.

## By format, on paper, six rotations

{formats}

## By rotation, on paper

{angles}

A decoder reads bar codes along rows and columns only. They are found by the one direction of their edges, turned upright and
sharpened, so their angle makes no difference.

## By size of the modules and paper

{sizes}

The limit is about 1.3 pixels a module, for QR codes on paper 1.6. 0.33 mm is a long code on a narrow receipt: scan it at
150 dpi or more, as bar codes of 0.22 mm.

## Real documents

Documents with a code, of those in `world`, `softmatic-receipts-de` and the demo. Codes with none of our fields are bar codes
of shops and an address; they are in the table `codes`. No other code was found in `world` at 150 to 600 dpi and at half to
three times the size:

{real}

## Cost

CPU per page, decoding or rendering of the page included:

{cost}
"""


if __name__ == "__main__":
    main()
