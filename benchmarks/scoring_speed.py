"""Documents scored per CPU second, beside stickler-eval (awslabs/stickler), on the same values in turn.

    python benchmarks/scoring_speed.py PYTHON_WITH_STICKLER [--documents 2000] [--rounds 3]

PYTHON_WITH_STICKLER is the interpreter of an environment in which `pip install stickler-eval` was run: its requirements are
not ours. 10 fields of each document as in `evaluation.py`, 5 backends. Both get typed values in memory and return outcomes:
stickler by `compare_with(include_confusion_matrix=True)`, we by `score_backend`, at three levels. Prints the medians for one
backend, whose pairs of values are new, and for all five.
"""

import argparse
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

MONEY = ("net_amount", "total_tax_amount", "total_amount", "amount_due")
TEXTS, EXACT = ("supplier_name", "supplier_address"), ("invoice_id", "invoice_date", "due_date", "currency")
BACKENDS = 5


def values(number: int) -> dict[str, str]:
    """The label of a document."""
    money = dict(zip(MONEY, (number % 9000 / 7, number % 900 / 7, number % 9900 / 7, number % 9900 / 7), strict=True))
    return {
        "supplier_name": f"Supplier {number % 97} GmbH & Co. KG",
        "supplier_address": f"{number % 211} Long Street, {number % 53} Town",
        "invoice_id": f"INV-{number}",
        "invoice_date": f"2024-{1 + number % 12:02}-{1 + number % 28:02}",
        "due_date": f"2025-{1 + number % 12:02}-{1 + number % 28:02}",
        "currency": ("EUR", "USD", "MYR")[number % 3],
        **{name: f"{amount + 1:.2f}" for name, amount in money.items()},
    }


def read(number: int, backend: int) -> dict[str, str]:
    """What a backend reads: 7 % of the values are wrong, other ones for each backend."""
    changed = {}
    for place, (name, value) in enumerate(values(number).items()):
        if (number * 31 + place * 17 + backend * 7) % 14 == 0:
            wrong = f"{float(value) + 1:.2f}" if name in MONEY else value[:-1] + ("1" if value[-1] != "1" else "2")
            changed[name] = value if name == "currency" else wrong
    return {**values(number), **changed}


def ours(documents: int) -> list[float]:
    """CPU seconds of each backend."""
    from ocr_pipeline.evaluation.scoring.document import Comparer
    from ocr_pipeline.evaluation.scoring.stage import score_backend
    from ocr_pipeline.schemas import Extraction, Invoice, Label

    labels = {str(number): Label(invoice=Invoice(**values(number))) for number in range(documents)}
    datasets = dict.fromkeys(labels, "bench")
    wrong = {key: Extraction(invoice=Invoice(**read(int(key), 1))) for key in list(labels)[:20]}
    score_backend("warm-up", labels, wrong, datasets)  # imports what compares unequal values
    seconds, comparer = [], Comparer()
    for backend in range(BACKENDS):
        found = {key: Extraction(invoice=Invoice(**read(int(key), backend))) for key in labels}
        gc.collect()  # or a collection of all labels and values falls into one side's time and not the other's
        began = time.process_time()
        score_backend(str(backend), labels, found, datasets, comparer)
        seconds.append(time.process_time() - began)
    return seconds


def theirs(documents: int) -> list[float]:
    """CPU seconds of each backend."""
    import stickler
    from stickler import ComparableField, StructuredModel

    kinds = {
        **dict.fromkeys(TEXTS, (str, stickler.LevenshteinComparator)),
        **dict.fromkeys(EXACT, (str, stickler.ExactComparator)),
        **dict.fromkeys(MONEY, (float, stickler.NumericComparator)),
    }
    fields = {name: ComparableField(comparator=comparator()) for name, (_, comparator) in kinds.items()}
    annotations = {name: kind | None for name, (kind, _) in kinds.items()}
    document = type("Document", (StructuredModel,), {"__annotations__": annotations, **fields})
    labels = [document(**values(number)) for number in range(documents)]
    seconds = []
    for backend in range(BACKENDS):
        found = [document(**read(number, backend)) for number in range(documents)]
        gc.collect()  # or a collection of all labels and values falls into one side's time and not the other's
        began = time.process_time()
        for label, prediction in zip(labels, found, strict=True):
            label.compare_with(prediction, include_confusion_matrix=True)
        seconds.append(time.process_time() - began)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stickler", type=Path)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pythons = {"stickler": options.stickler, "ours": Path(sys.executable)}
    rounds: dict[str, list[list[float]]] = {"stickler": [], "ours": []}
    for _ in range(options.rounds):
        for name, python in pythons.items():
            command = [python, __file__, "--worker", name, str(options.documents)]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            rounds[name].append(json.loads(answer.stdout.splitlines()[-1]))
    for title, backends in (("one backend", 1), ("five backends", BACKENDS)):
        speed = {
            name: options.documents * backends / median(sum(seconds[:backends]) for seconds in of)
            for name, of in rounds.items()
        }
        ratio = speed["ours"] / speed["stickler"]
        print(
            f"{title}: stickler {speed['stickler']:,.0f}, ours {speed['ours']:,.0f} documents a CPU second: {ratio:.1f}x"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        print(json.dumps({"ours": ours, "stickler": theirs}[sys.argv[2]](int(sys.argv[3]))))
    else:
        main()
