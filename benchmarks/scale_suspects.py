"""How many totals that are off by a power of ten `scale_suspect` finds, and how many right ones it suspects.

    python benchmarks/scale_suspects.py ../shared/data/cord-recorded

Gemini's recorded answers on CORD receipts, checked against CORD's own words. The page reading was developed on train_020 to
train_249; the rest was only counted.
"""

import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

from world_accuracy import HELD_OUT, cord

from ocr_pipeline.extraction.scale import plain_amounts, scale_suspects


def main() -> None:
    folder = Path(sys.argv[1])
    lines = (folder / "predictions" / "gemini-2.5-flash.n350.jsonl").read_text().splitlines()
    given = {row["doc_id"]: (row["data"] or {}).get("grand_total") for row in map(json.loads, lines)}
    counts: Counter[tuple[str, str, bool]] = Counter()
    for case in cord(folder, Path("/tmp")):
        value, truth = given.get(case.name), Decimal(case.expected["total_amount"])
        if value is None:
            continue
        total = Decimal(str(value))
        digits = [amount.normalize().as_tuple().digits for amount in (total, truth)]
        kind = "right" if total == truth else "power of ten" if digits[0] == digits[1] else "wrong"
        text = case.texts["words"]
        is_plain = total in plain_amounts(word.text for word in text.words())  # as the asset looks first
        found = not is_plain and bool(scale_suspects([("total_amount", total)], text))
        counts[case.group, kind, found] += 1
    for group in ("tune", HELD_OUT):
        for kind in ("power of ten", "right", "wrong"):
            found, missed = (counts[group, kind, flag] for flag in (True, False))
            print(f"{group:9} {kind:13} suspect {found:3} of {found + missed}")


if __name__ == "__main__":
    main()
