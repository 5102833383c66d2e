"""Would a model that was trained on spurious documents read real ones better than the rules, before the first label?

    python benchmarks/start_model.py [--data ../shared/data] [--documents 1000]

Trains the rankers of `learned` on documents that are made here (synthetic_documents.py), and reads with them, alone and with
little weight beside the rules: spurious documents that were not learned from, the 120 receipts of `sroie`, the e-invoices.
A value is given where the rules give one.
"""

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rules_accuracy import right, sroie, zugferd
from synthetic_documents import invoice, receipt

from ocr_pipeline.extraction.learned.ranker import Ranker
from ocr_pipeline.extraction.learned.values import Value
from ocr_pipeline.extraction.rules.candidates import Choice
from ocr_pipeline.training.examples import candidate_values
from ocr_pipeline.training.rankers import fit
from ocr_pipeline.training.tables import Candidate, FieldTable

FIELDS = ("supplier_name", "invoice_date", "total_amount", "invoice_id", "net_amount", "total_tax_amount")
WEIGHTS = (0.1, 0.2, 0.5, 1.0)
"""Of the model, beside the rules' own scores."""

Seen = tuple[dict[str, Any], dict[str, Choice[Any]], dict[str, list[Value]]]
"""Expected values, the rules' choices, and the distinct values with their features."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--documents", type=int, default=1000)
    arguments = parser.parse_args()
    made = [spurious(number) for number in range(arguments.documents)]
    cut = len(made) * 4 // 5
    judged = {path.stem for path in (arguments.data / "sroie" / "key").glob("*.json")}
    with tempfile.TemporaryDirectory() as folder:
        sets: dict[str, list[Seen]] = {
            "spurious, not learned from": made[cut:],
            "120 receipts": [
                (case.expected, *candidate_values(case.text)[:2])
                for case in sroie(arguments.data, Path(folder))
                if case.name in judged
            ],
            "30 e-invoices": [
                (case.expected, *candidate_values(case.text)[:2]) for case in zugferd(arguments.data, Path(folder))
            ],
        }
    columns = ("values", "rules", *(f"weight {weight:g}" for weight in WEIGHTS))
    print(f"Trained on {cut} spurious documents. Share right:\n\n| set | field | {' | '.join(columns)} |")
    print("| --- |" + " --- |" * (1 + len(columns)))
    for field in FIELDS:
        ranker = trained(made[:cut], field)
        for name, cases in sets.items():
            row(name, field, [case for case in cases if case[0].get(field) is not None], ranker)


def spurious(number: int) -> Seen:
    chance = random.Random(number)
    text, label = (receipt if chance.random() < 0.75 else invoice)(chance)
    return label.invoice.model_dump(), *candidate_values(text)[:2]


def trained(documents: Sequence[Seen], field: str) -> Ranker:
    values, right = {}, {}
    for index, (expected, _, by_field) in enumerate(documents):
        values[index] = [Candidate(value.key, value.entry.value, value.features) for value in by_field[field]]
        same = [row for row, value in enumerate(values[index]) if _same(expected.get(field), value.value)]
        right[index] = same[0] if same else None
    table = FieldTable(field, values, dict.fromkeys(values), right)
    return fit(table, table.features, list(values))


def row(name: str, field: str, cases: Sequence[Seen], ranker: Ranker) -> None:
    if not cases:
        return
    rules = 0
    correct = dict.fromkeys(WEIGHTS, 0)
    alone = Ranker(ranker.names, ranker.models, 10**9)
    nothing = Ranker(ranker.names, ranker.models, 0)
    for expected, made, values in cases:
        choice, found = made[field], values[field]
        if choice.chosen is None or not found:
            continue
        rules += _same(expected[field], choice.chosen.value)
        facts = [value.features for value in found]
        learned, judged = alone.scores(facts), nothing.scores(facts)
        for weight in WEIGHTS:
            best = int(np.argmax(weight * learned + (1 - weight) * judged))
            correct[weight] += _same(expected[field], found[best].entry.value)
    shares = (f"{count / len(cases):.3f}" for count in (rules, *correct.values()))
    print(f"| {name} | {field} | {len(cases)} | {' | '.join(shares)} |", flush=True)


def _same(expected: Any, value: Any) -> bool:
    return expected is not None and bool(right(expected, value))


if __name__ == "__main__":
    main()
