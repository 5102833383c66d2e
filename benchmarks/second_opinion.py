"""What a second system adds to the rules, and how many of its calls a cascade saves, out of fold.

    python benchmarks/second_opinion.py ../shared/data/sroie [--cache FOLDER]

The first member is `rapidocr+rules`, really run. The second one is invented: its values are right at random, as often as
those of a paid service (`weak`: it knows less than the rules) or of a large vision model (`strong`). So this shows what the
thresholds do; `ocr-pipeline study recorded` has real second systems.
"""

import argparse
import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from world_accuracy import sroie

from ocr_pipeline.extraction.base import ExtractionInput, MemberResults
from ocr_pipeline.extraction.cascade.extractor import CascadeExtractor
from ocr_pipeline.extraction.later import LaterMembers, MemberAnswer
from ocr_pipeline.extraction.rules.extractor import RulesExtractor
from ocr_pipeline.schemas import Extraction, Invoice, Label
from ocr_pipeline.training.thresholds import is_right, learn_thresholds
from ocr_pipeline.training.votes import Voted

FIELDS = ("total_amount", "invoice_date", "supplier_name")
SECOND = {"weak": (0.86, 0.95, 0.83), "strong": (0.986, 0.972, 0.952)}
"""Share of right values by field."""


def voted(folder: Path, cache: Path, shares: Sequence[float], seed: int) -> list[Voted]:
    """The receipts with the answers of both members. A wrong answer of the second is another receipt's value."""
    luck = random.Random(seed)
    receipts = [(case, Label(invoice=Invoice.model_validate(case.expected))) for case in sroie(folder, cache)]
    rules = RulesExtractor()
    documents = []
    for number, (case, label) in enumerate(receipts):
        text = case.texts["rapidocr"]
        first = rules.extract(ExtractionInput(document_id=case.name, open=lambda: None, text=text))  # type: ignore[arg-type, return-value]
        other = receipts[number - 1][1]
        given = {
            field: getattr((label if luck.random() < share else other).invoice, field)
            for field, share in zip(FIELDS, shares, strict=True)
        }
        second = Extraction(invoice=Invoice.model_validate(given))
        documents.append(Voted(case.name, case.name, {"first": first, "second": second}, label))
    return documents


def right(documents: Sequence[Voted], answers: Sequence[Extraction]) -> list[int]:
    """Right values by field, then documents with all of them right."""
    flags = [
        [is_right(document.label, field, answer) for field in FIELDS]
        for document, answer in zip(documents, answers, strict=True)
    ]
    return [*(sum(column) for column in zip(*flags, strict=True)), sum(map(all, flags))]


def cascaded(documents: Sequence[Voted], max_error: float, *, known: bool) -> tuple[list[Extraction], int]:
    """What the cascade gives for each document with the thresholds of its fold, and how often the second was asked."""
    taught = documents if known else [replace(d, extractions={"first": d.extractions["first"]}) for d in documents]
    learned = learn_thresholds(taught, ("first", "second"), FIELDS, "", max_error)
    cascade = CascadeExtractor(["first", "second"], fields=FIELDS, max_error=max_error)
    with tempfile.TemporaryDirectory() as folder:
        (path := Path(folder, "thresholds.json")).write_text(learned.model_dump_json())
        cascade.use(path)
    answers, asked = [], 0
    for document in documents:
        answer = MemberAnswer(document.extractions["second"], None, 0.0, 0.0, [], stored=True)
        later = LaterMembers({"second": partial(lambda given: given, answer)})
        members = MemberResults({"first": document.extractions["first"]}, 0.0, 0.0, later)
        asked += bool(cascade.doubtful(document.document_id, "first", document.extractions["first"]))
        answers.append(
            cascade.extract(
                ExtractionInput(document_id=document.document_id, open=lambda: None, text=None, members=members)  # type: ignore[arg-type, return-value]
            )
        )
    return answers, asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("/tmp/world_accuracy"))
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    print(f"right: {', '.join(FIELDS)}, all three; mean of {args.seeds} invented second systems")
    for kind, shares in SECOND.items():
        rows: dict[str, list[list[float]]] = {}
        for seed in range(args.seeds):
            documents = voted(args.folder, args.cache, shares, seed)
            for member in ("first", "second"):
                found = right(documents, [document.extractions[member] for document in documents])
                rows.setdefault(member, []).append([*found, len(documents) * (member == "second")])
            for max_error in (0.01, 0.02, 0.05):
                for known in (True, False):
                    answers, asked = cascaded(documents, max_error, known=known)
                    name = f"cascade {max_error:g}{'' if known else ', second unknown'}"
                    rows.setdefault(name, []).append([*right(documents, answers), asked])
        for name, counts in rows.items():
            means = [sum(column) / len(counts) for column in zip(*counts, strict=True)]
            print(f"{kind:7} {name:28} {' '.join(f'{mean:6.1f}' for mean in means[:-1])}  asked {means[-1]:5.1f}")


if __name__ == "__main__":
    main()
