"""Evidence of the rules on synthetic pages, whose generator knows where it draws: `python benchmarks/evidence.py`."""

import argparse
import random

from synthetic_documents import invoice, receipt

from ocr_pipeline.evaluation.ranking.places import StoredPlace, summarise_places
from ocr_pipeline.evaluation.scoring.places import Spot, score_places
from ocr_pipeline.evaluation.scoring.stage import score_backend
from ocr_pipeline.extraction.rules.extractor import extract_text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=300, help="of each kind")
    stored = []
    for kind, make in (("receipt", receipt), ("invoice", invoice)):
        for seed in range(parser.parse_args().documents):
            key = f"{kind}-{seed}"
            text, label = make(random.Random(key))
            found = extract_text(text)
            [document] = score_backend("rules", {key: label}, {key: found}, {key: kind})
            spots = {path: Spot(place.page, place.box) for path, place in found.evidence.items()}
            stored += [
                StoredPlace(key, kind, "rules", row.field, row.outcome, row.value_outcome, row.page_right)
                for row in score_places(document, label.boxes, spots)
            ]
    print("| kind | field | n | F1 % | no box | right, but read elsewhere |\n| --- | --- | --- | --- | --- | --- |")
    for row in summarise_places(stored):
        cells = (row.dataset, row.field, row.n, f"{100 * (row.f1 or 0):.1f}", row.no_box)
        print("|", " | ".join(map(str, cells)), f"| {row.right_elsewhere} of {row.right_values} |")


if __name__ == "__main__":
    main()
