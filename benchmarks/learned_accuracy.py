"""What the learned extractor reaches: other documents, other vendors, few labels, e-invoices; time and size.

    python benchmarks/learned_accuracy.py [--data ../shared/data] [--predictions FILE.csv]
    python benchmarks/learned_accuracy.py --judge FOLDER [--predictions FILE.csv]

Trained on the receipts of `sroie-train-words` that are not among the 120 of `sroie`, and judged on those 120 (their lines are
in `sroie-train-words`, too). Cross-validation uses all of them. E-invoices: trained on one half, judged on the other, both
ways. With --predictions, the values of the receipts that are judged are written as a table for an independent scorer.

With --judge, it is trained on all receipts of `sroie-train-words` and judged on those of a folder in the layout of `sroie`
(`img`, `key`), read by RapidOCR; receipts of vendors that no label names are counted apart, too. None of them may be among
those trained on.
"""

import argparse
import csv
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rules_accuracy import Case, right, sroie, sroie_case, zugferd
from world_accuracy import read

from ocr_pipeline.evaluation.statistics.intervals import wilson
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.learned.extractor import LearnedExtractor
from ocr_pipeline.extraction.learned.vendors import is_known, vendor_names
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.schemas import Extraction, Invoice, Label, OcrText
from ocr_pipeline.training.examples import Example
from ocr_pipeline.training.models import train_model
from ocr_pipeline.values.names import normalise_name

FIELDS = ("total_amount", "invoice_date", "supplier_name", "supplier_address")
INVOICE_FIELDS = ("invoice_id", "invoice_date", "total_amount", "total_tax_amount", "net_amount")
SIZES, DRAWS = (20, 50, 120, 300), 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--predictions", type=Path)
    parser.add_argument(
        "--judge", type=Path, metavar="FOLDER", help="train on all receipts and judge those of this folder"
    )
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "world_accuracy")
    arguments = parser.parse_args()
    data = arguments.data
    with tempfile.TemporaryDirectory() as folder:
        receipts = list(sroie(data, Path(folder)))
        if arguments.judge is not None:
            judge_folder(receipts, arguments.judge, arguments.cache, Path(folder), arguments.predictions)
            return
        judged = {path.stem for path in (data / "sroie" / "key").glob("*.json")}
        test = [case for case in receipts if case.name in judged]
        rest = [case for case in receipts if case.name not in judged]
        print(f"{len(rest)} receipts to learn from, {len(test)} others to judge by\n")
        other_documents(rest, test, Path(folder), arguments.predictions)
        cross_validation(receipts)
        curve(rest, test, Path(folder))
        invoices(list(zugferd(data, Path(folder))), Path(folder))
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def example(case: Case) -> Example:
    known = {
        name: value for name, value in case.expected.items() if name in Invoice.model_fields and name != "line_items"
    }
    label = Label(invoice=Invoice.model_validate(known))
    return Example(case.name, case.name, case.text, label, case.name)


def extractor_of(cases: Sequence[Case], folder: Path) -> LearnedExtractor:
    """Trained on these cases; the file is read back, as the pipeline does."""
    model = train_model([example(case) for case in cases], "rapidocr")
    extractor = LearnedExtractor()
    if model is not None:
        model.save(folder / "model.json")
        extractor.use(folder / "model.json")
    return extractor


def extract(extractor: LearnedExtractor, case: Case) -> Extraction:
    def no_pages() -> Any:
        raise AssertionError("it reads words alone")

    return extractor.extract(ExtractionInput(document_id=f"new-{case.name}", open=no_pages, text=case.text))


def share(results: Iterable[tuple[Case, Extraction]], field: str) -> tuple[int, int]:
    """How many of the labelled values of a field are right, and how many there are."""
    pairs = [(case, result) for case, result in results if case.expected.get(field) is not None]
    return sum(right(case.expected[field], getattr(result.invoice, field)) for case, result in pairs), len(pairs)


def shown(count: tuple[int, int]) -> str:
    interval = wilson(*count)
    if interval is None:
        return "none"
    return f"{count[0] / count[1]:.3f} [{interval[0]:.3f} to {interval[1]:.3f}]"


def judge_folder(receipts: Sequence[Case], judged: Path, cache: Path, folder: Path, predictions: Path | None) -> None:
    """Train on all receipts, judge those of a folder; vendors that no label names apart."""
    trained = {case.name for case in receipts}
    test = [
        sroie_case(path, read("rapidocr", judged / "img" / f"{path.stem}.jpg", cache) or OcrText(pages=[]))
        for path in sorted((judged / "key").glob("*.json"))
    ]
    if known := sorted(trained & {case.name for case in test}):
        raise SystemExit(f"{judged}: {len(known)} of its receipts are trained on (e.g. {known[0]})")
    labelled = vendor_names(case.expected["supplier_name"] for case in receipts)
    new = [case for case in test if not is_known([normalise_name(case.expected["supplier_name"] or "")], labelled)]
    learned = judge(receipts, test, folder)
    names = {case.name for case in new}
    print(f"\n{len(new)} of vendors that no label names:\n")
    table([pair for pair in learned if pair[0].name in names])
    write_predictions(learned, predictions)


def other_documents(rest: Sequence[Case], test: Sequence[Case], folder: Path, predictions: Path | None) -> None:
    write_predictions(judge(rest, test, folder), predictions)


def judge(rest: Sequence[Case], test: Sequence[Case], folder: Path) -> list[tuple[Case, Extraction]]:
    """Train on some receipts and read others; prints times and shares of right values."""
    began, used = time.perf_counter(), time.process_time()
    extractor = extractor_of(rest, folder)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    extract(extractor, test[0])
    began = time.process_time()
    learned = [(case, extract(extractor, case)) for case in test]
    per_document = (time.process_time() - began) / len(test)
    print(
        f"trained in {seconds:.1f} s ({cpu:.1f} s of CPU) with its cross-validations,"
        f" {(folder / 'model.json').stat().st_size / 1e6:.1f} MB;",
        end=" ",
    )
    print(f"{1000 * per_document:.1f} ms of CPU per document beyond OCR\n")
    table(learned)
    return learned


def table(learned: Sequence[tuple[Case, Extraction]]) -> None:
    """Shares of right values of the model and the rules, and on how many receipts only one of them is right."""
    rules = [(case, extract_text(case.text)) for case, _ in learned]
    print("| field | learned | rules | learned alone | rules alone |\n| --- | --- | --- | --- | --- |")
    for field in FIELDS:
        flags = [
            [right(case.expected[field], getattr(result.invoice, field)) for case, result in results]
            for results in (learned, rules)
        ]
        alone = [sum(ours and not theirs for ours, theirs in zip(*pair, strict=True)) for pair in (flags, flags[::-1])]
        shares = " | ".join(shown(share(results, field)) for results in (learned, rules))
        print(f"| {field} | {shares} | {alone[0]} | {alone[1]} |")


def write_predictions(learned: Sequence[tuple[Case, Extraction]], path: Path | None) -> None:
    if path is None:
        return
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["document_id", "field", "value"])
        for case, result in learned:
            for field in FIELDS:
                value = getattr(result.invoice, field)
                writer.writerow([case.name, field, "" if value is None else value])


def cross_validation(receipts: Sequence[Case]) -> None:
    began = time.perf_counter()
    model = train_model([example(case) for case in receipts], "rapidocr")
    assert model is not None
    print(f"\nCross-validated over {len(receipts)} receipts ({time.perf_counter() - began:.0f} s):\n")
    print("| field | by document | by vendor | rules | possible |\n| --- | --- | --- | --- | --- |")
    for name, field in model.fields.items():
        report = field.report
        cells = (f"{report[key]:.3f}" for key in ("by_document", "by_vendor", "rules", "possible"))
        print(f"| {name} | {' | '.join(cells)} |")


def curve(rest: Sequence[Case], test: Sequence[Case], folder: Path) -> None:
    print(
        f"\nLearning curve: mean over {DRAWS} draws of labels, lowest and highest, on the same {len(test)} receipts:\n"
    )
    print("| labels | " + " | ".join(FIELDS[:3]) + " |\n| --- |" + " --- |" * 3)
    for size in (*SIZES, len(rest)):
        found: dict[str, list[float]] = {field: [] for field in FIELDS[:3]}
        for draw in range(DRAWS if size < len(rest) else 1):
            chosen = random.Random(draw).sample(list(rest), size)
            extractor = extractor_of(chosen, folder)
            results = [(case, extract(extractor, case)) for case in test]
            for field in found:
                correct, n = share(results, field)
                found[field].append(correct / n)
        cells = (f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})" for values in found.values())
        print(f"| {size} | {' | '.join(cells)} |")


def invoices(cases: Sequence[Case], folder: Path) -> None:
    halves = [cases[::2], cases[1::2]]
    learned: list[tuple[Case, Extraction]] = []
    for number, half in enumerate(halves):
        extractor = extractor_of(halves[1 - number], folder)
        learned += [(case, extract(extractor, case)) for case in half]
    rules = [(case, extract_text(case.text)) for case in cases]
    print(f"\n{len(cases)} e-invoices, trained on one half and judged on the other, both ways:\n")
    print("| field | learned | rules |\n| --- | --- | --- |")
    for field in INVOICE_FIELDS:
        print(f"| {field} | {shown(share(learned, field))} | {shown(share(rules, field))} |")


if __name__ == "__main__":
    main()
