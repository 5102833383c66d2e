"""Measures the smollm2 extractor on real receipts: ICDAR 2019 SROIE, read with RapidOCR.

usage: python benchmarks/smollm2_accuracy.py [--data ../shared/data/sroie] [--examples lines-1] [--errors total_amount]

For each field and part: the share of right values; `among`, the share of documents where the true value is among those that
the model chooses from; and `chance`, what a blind choice among them would get on average. The parts are those of
rules_accuracy.py: the examples of the prompt may be written while looking at errors of the tune part only (`--errors` shows
no others). What RapidOCR reads is kept in the folder `--cache`.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from statistics import mean, median

from rules_accuracy import Case, read_with, right, sroie_case

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.rules import reading
from ocr_pipeline.extraction.smollm2 import SmolLm2Extractor
from ocr_pipeline.extraction.smollm2.options import options
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.schemas import Extraction

FIELDS = ("supplier_name", "invoice_date", "total_amount")


def load(data: Path, cache: Path) -> list[Case]:
    engine = RapidOcr()
    images = sorted((data / "img").glob("*.jpg"))
    return [sroie_case(data / "key" / f"{path.stem}.json", read_with(engine, path, cache)) for path in images]


def extract(extractor: SmolLm2Extractor, case: Case) -> Extraction:
    def pages() -> object:
        return open_document(b"", Limits())  # nothing but the words is looked at

    return extractor.extract(ExtractionInput(document_id=case.name, open=pages, text=case.text))  # type: ignore[arg-type]


def report(cases: list[Case], results: list[Extraction]) -> None:
    print(f"{'':16}{'n':>4}{'right':>8}{'among':>8}{'chance':>8}")
    for field in FIELDS:
        known = [(case, given) for case, given in zip(cases, results, strict=True) if case.expected[field] is not None]
        hits = [right(case.expected[field], getattr(given.invoice, field)) for case, given in known]
        offered = [options(reading.read(case.text)).get(field, []) for case, _ in known]
        fits = [
            [right(case.expected[field], option.value) for option in entries]
            for (case, _), entries in zip(known, offered, strict=True)
        ]
        among, chance = mean(map(any, fits)), mean(mean(fit) if fit else 0.0 for fit in fits)
        print(f"{field:16}{len(hits):4}{mean(hits):8.3f}{among:8.3f}{chance:8.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sroie"))
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "smollm2_accuracy" / "sroie")
    parser.add_argument("--examples", default="lines-1")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--errors", metavar="FIELD", help="print the tune errors of this field")
    parser.add_argument("--every", type=int, default=1, help="measure one of so many receipts")
    arguments = parser.parse_args()
    cases = load(arguments.data, arguments.cache)[:: arguments.every]
    extractor = SmolLm2Extractor(examples=arguments.examples, threads=arguments.threads)
    extract(extractor, cases[0])  # loads the model
    results, seconds, cpu = [], [], time.process_time()
    for case in cases:
        started = time.perf_counter()
        results.append(extract(extractor, case))
        seconds.append(time.perf_counter() - started)
    cpu = (time.process_time() - cpu) / len(cases)
    for part, name in ((False, "tune"), (True, "held out")):
        chosen = [position for position, case in enumerate(cases) if case.held_out is part]
        print(f"{name}, {len(chosen)} receipts")
        report([cases[position] for position in chosen], [results[position] for position in chosen])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"seconds per document: mean {mean(seconds):.2f}, median {median(seconds):.2f}; CPU {cpu:.2f}; {memory:.0f} MB"
    )
    field = arguments.errors
    for case, given in zip(cases, results, strict=True):
        if field and not case.held_out and not right(case.expected[field], getattr(given.invoice, field)):
            found = given.evidence.get(field)
            print(json.dumps([case.name, str(case.expected[field]), found and (found.text, found.method, found.score)]))


if __name__ == "__main__":
    main()
