"""Documents accepted without review: what is promised, and what holds on documents that the threshold never saw.

    python benchmarks/auto_accept.py [--data ../shared/data] [--cache FOLDER] [--splits 100]
    python benchmarks/auto_accept.py --recorded    # once: thresholds fixed on sroie-train-words, judged on sroie-recorded

`rapidocr+learned` on the 619 receipts of `sroie-train-words` out of fold, labels as published; a receipt is right if supplier,
date and total are. Random halves keep vendors and copies together: the threshold is chosen and proved on one half, and its
error counted on the other. With --recorded, nothing is chosen on the receipts that are judged.
"""

import argparse
import hashlib
import pickle
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from learned_accuracy import example
from rules_accuracy import Case, right, sroie, sroie_case
from world_accuracy import read

from ocr_pipeline.evaluation.diagnosis.confidence import Value
from ocr_pipeline.evaluation.diagnosis.document_confidence import DocumentValues, document_confidences, folds_by_family
from ocr_pipeline.evaluation.diagnosis.features import value_features
from ocr_pipeline.evaluation.diagnosis.foreign import Home, Sheet
from ocr_pipeline.evaluation.diagnosis.records import ValueEvidence
from ocr_pipeline.evaluation.diagnosis.review import ALL, NEVER, review
from ocr_pipeline.evaluation.statistics.proof import percent, prove, upper_bound
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.learned.extractor import LearnedExtractor
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, OcrText
from ocr_pipeline.training.examples import families, vendor_of
from ocr_pipeline.training.models import train_model
from ocr_pipeline.values.names import normalise_name

FIELDS = ("supplier_name", "invoice_date", "total_amount")
BACKEND, OTHER = "rapidocr+learned", "rapidocr+rules"
TARGET = 0.03

Foreign = Mapping[str, Sequence[str]]
Results = Sequence[tuple[Extraction, Extraction]]


def extractions(cases: Sequence[Case], model_file: Path) -> list[tuple[Extraction, Extraction]]:
    """By the learned model, out of fold for those that it was trained on, and by the rules."""
    extractor = LearnedExtractor()
    extractor.use(model_file)

    def no_pages() -> Any:
        raise AssertionError("it reads words alone")

    return [
        (
            extractor.extract(ExtractionInput(document_id=case.name, open=no_pages, text=case.text)),
            extract_text(case.text),
        )
        for case in cases
    ]


def texts_of(extraction: Extraction) -> dict[str, str]:
    values = extraction.invoice.model_dump(mode="json")
    return {name: str(values[name]) for name in FIELD_KINDS if values.get(name) is not None}


def values_of(
    cases: Sequence[Case], groups: dict[str, str], results: Sequence[tuple[Extraction, Extraction]]
) -> list[Value]:
    """What `confidences` makes of the same values in a project."""
    correct, evidence, margins, words, sure = {}, {}, {}, {}, {}
    documents = {}
    for case, (mine, other) in zip(cases, results, strict=True):
        documents[case.name] = {BACKEND: texts_of(mine), OTHER: texts_of(other)}
        page = list(case.text.words())
        for name in FIELDS:
            key = (case.name, name)
            if case.expected[name] is not None:  # else not labelled: empty, or unreadable as published
                correct[key] = right(case.expected[name], getattr(mine.invoice, name))
            if (found := mine.evidence.get(name)) is not None:
                evidence[key] = ValueEvidence(found.words, found.score, found.correction)
                sure[key] = found.score
                known = [page[index].confidence for index in found.words if page[index].confidence is not None]
                if known:
                    words[key] = (sum(known) / len(known), min(known))
            candidates = [entry for entry in mine.candidates if entry.field == name]
            chosen = [entry for entry in candidates if entry.chosen]
            others = [entry.score for entry in candidates if chosen and entry.value != chosen[0].value]
            if others:
                margins[key] = min(entry.score for entry in chosen) - max(others)
    return value_features(
        BACKEND,
        documents,
        correct=correct,
        groups=groups,
        evidence=evidence,
        margins=margins,
        word_confidences=words,
        logprobs={},
        calibrated={BACKEND: sure},
    )


def copies_of(cases: Sequence[Case]) -> dict[str, str]:
    """The group of copies of each receipt: those with the same words."""
    return {
        case.name: hashlib.sha256(" ".join(word.text for word in case.text.words()).encode()).hexdigest()[:16]
        for case in cases
    }


def sheets_of(
    cases: Sequence[Case], groups: dict[str, str], results: Sequence[tuple[Extraction, Extraction]], *, labelled: bool
) -> list[Sheet]:
    vendors = [vendor_of(example(case).label, groups[case.name]) for case in cases]
    shared = families([(vendor, groups[case.name]) for vendor, case in zip(vendors, cases, strict=True)])
    return [
        Sheet(
            document_id=case.name,
            group=groups[case.name],
            family=family if labelled else f"new {case.name}",
            text=" ".join(word.text for word in case.text.words()),
            vendor=normalise_name(mine.invoice.supplier_name or "") or None,
            labelled_vendor=normalise_name(case.expected["supplier_name"] or "") or None if labelled else None,
            country=mine.origin.country if mine.origin else None,
        )
        for case, family, (mine, _) in zip(cases, shared, results, strict=True)
    ]


def documents_of(values: Sequence[Value], sheets: Sequence[Sheet], home: Home) -> list[DocumentValues]:
    by_key = {(value.document_id, value.field): value for value in values}
    return [
        DocumentValues(
            document_id=sheet.document_id,
            family=sheet.family,
            values={name: by_key[sheet.document_id, name] for name in FIELDS},
            features=home.features(sheet),
        )
        for sheet in sheets
    ]


def hidden(document: DocumentValues) -> DocumentValues:
    """The same document without its label."""
    values = {name: replace(value, correct=None) for name, value in document.values.items()}
    return replace(document, values=values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "auto_accept")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--recorded", action="store_true", help="judge sroie-recorded, once")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    receipts = list(sroie(arguments.data, arguments.cache))
    model = trained(receipts, arguments.cache / "model.json")
    results = kept(receipts, model, arguments.cache / "results.pickle")
    groups = copies_of(receipts)
    sheets = sheets_of(receipts, groups, results, labelled=True)
    home = Home(sheets)
    documents = documents_of(values_of(receipts, groups, results), sheets, home)
    foreign = {sheet.document_id: home.foreign(sheet) for sheet in sheets}
    if arguments.recorded:
        recorded(documents, foreign, home, model, arguments.data / "sroie-recorded", arguments.cache)
        return
    right, labelled = (sum(document.right in flags for document in documents) for flags in ((True,), (True, False)))
    vendors = len({document.family for document in documents})
    print(f"{len(documents)} receipts, {vendors} vendors; {right} of {labelled} right: {', '.join(FIELDS)}\n")
    out_of_fold(documents, foreign)
    halves(documents, foreign, arguments.splits)


def trained(receipts: Sequence[Case], path: Path) -> Path:
    """The file of the model, trained once."""
    if not path.exists():
        model = train_model([example(case) for case in receipts], "rapidocr")
        assert model is not None
        model.save(path)
    return path


def kept(cases: Sequence[Case], model: Path, path: Path) -> Results:
    """What was extracted, from the file of an earlier run of this script if there is one."""
    if not path.exists():
        path.write_bytes(pickle.dumps(extractions(cases, model)))
    found: Results = pickle.loads(path.read_bytes())
    return found


def out_of_fold(documents: Sequence[DocumentValues], foreign: Foreign) -> None:
    began = time.process_time()
    found = review(documents, FIELD_KINDS, foreign, target=TARGET)
    print(f"Out of fold on all of them ({time.process_time() - began:.1f} s of CPU):\n")
    print("| target | fields | result |\n| --- | --- | --- |")
    for of in sorted(found.proofs, key=lambda of: -of.proof.target):
        name = "together" if of.field == ALL else f"`{of.field}`"
        print(f"| {percent(of.proof.target)} | {name} | {of.proof.sentence} |")
    judged = [
        (decision.confidence or 0, bool(document.right))
        for document, decision in zip(documents, found.decisions, strict=True)
        if document.right is not None and not foreign[document.document_id]
    ]
    flags = [flag for _, flag in sorted(judged, key=lambda pair: -pair[0])]
    wrong = np.cumsum([not flag for flag in flags])
    print("\n| surest, of countries with labels | receipts | wrong | upper bound |\n| --- | --- | --- | --- |")
    for share in range(10, 101, 5):
        count = round(share / 100 * len(flags))
        errors = int(wrong[count - 1])
        print(f"| {share} % | {count} | {errors} | {percent(upper_bound(errors, count))} |")


def halves(documents: Sequence[DocumentValues], foreign: Foreign, splits: int) -> None:
    """Choose and prove on one half, count on the other."""
    flags = np.array([bool(document.right) for document in documents])
    known = np.array([document.right is not None for document in documents])
    names = [document.family for document in documents]
    rows: dict[float, list[tuple[bool, int, int, int, float | None]]] = {}
    for number in range(splits):
        own = folds_by_family(names, 2, seed=1000 + number) == 0
        shown = [document if mine else hidden(document) for document, mine in zip(documents, own, strict=True)]
        sure = document_confidences(shown, FIELD_KINDS, of_fields=False).documents
        sure = np.where([bool(foreign[document.document_id]) for document in documents], NEVER, sure)
        for target in (0.05, 0.03, 0.01):
            proof = prove(sure[own & known], flags[own & known], target)
            taken = ~own & known & (sure >= (2 if proof.threshold is None else proof.threshold))
            counts = (int(taken.sum()), int((taken & ~flags).sum()), int((~own & known).sum()))
            rows.setdefault(target, []).append((proof.proved, *counts, proof.smallest))
    print(f"\n{splits} random halves, threshold from one, error counted on the other:\n")
    print(
        "| target | proved in | error on the other half above the target in | accepted, median (10 to 90 %)"
        " | wrong of all accepted | otherwise offered, median |\n| --- | --- | --- | --- | --- | --- |"
    )
    for target, of_target in sorted(rows.items(), reverse=True):
        proved = sum(row[0] for row in of_target)
        above = sum(row[1] > 0 and row[2] / row[1] > target for row in of_target)
        low, middle, high = np.quantile([100 * row[1] / row[3] for row in of_target], [0.1, 0.5, 0.9])
        taken, wrong = sum(row[1] for row in of_target), sum(row[2] for row in of_target)
        error = f"{wrong} of {taken} ({100 * wrong / taken:.2f} %)" if taken else "none accepted"
        offers = [row[4] for row in of_target if row[4] is not None]
        print(
            f"| {percent(target)} | {proved} of {splits} | {above} of {splits} |"
            f" {middle:.0f} % ({low:.0f} to {high:.0f}) | {error} |"
            f" {percent(float(np.median(offers))) if offers else '–'} |"
        )


def recorded(
    documents: Sequence[DocumentValues], foreign: Foreign, home: Home, model: Path, folder: Path, cache: Path
) -> None:
    """Thresholds, confidences and rankers from sroie-train-words; the receipts of the folder are only counted."""
    cases = [
        sroie_case(path, read("rapidocr", folder / "img" / f"{path.stem}.jpg", cache) or OcrText(pages=[]))
        for path in sorted((folder / "key").glob("*.json"))
    ]
    if known := {case.name for case in cases} & {document.document_id for document in documents}:
        raise SystemExit(f"{len(known)} of its receipts are trained on (e.g. {min(known)})")
    results = extractions(cases, model)
    groups = {case.name: case.name for case in cases}
    sheets = sheets_of(cases, groups, results, labelled=False)
    new = documents_of(values_of(cases, groups, results), sheets, home)
    away = {sheet.document_id: home.foreign(sheet) for sheet in sheets}
    print(
        f"{len(new)} receipts, {sum(bool(entry.right) for entry in new)} right, {sum(map(bool, away.values()))} foreign\n"
    )
    print("| target | proved on sroie-train-words | accepted | wrong |\n| --- | --- | --- | --- |")
    for target in (0.05, 0.03, 0.01):
        found = review([*documents, *map(hidden, new)], FIELD_KINDS, {**foreign, **away}, target=target)
        decisions = found.decisions[len(documents) :]
        taken = [entry for entry, decision in zip(new, decisions, strict=True) if decision.status == "accepted"]
        wrong = [entry.document_id for entry in taken if not entry.right]
        print(
            f"| {percent(target)} | {found.proof.sentence} | {len(taken)} of {len(new)} | {len(wrong)} {' '.join(wrong)} |"
        )


if __name__ == "__main__":
    main()
