"""Attributions compared with attributions made by hand.

`attribution_by_hand.json` holds 98 errors of `rapidocr+rules` and `tesseract+rules` on 120 receipts of SROIE (CC BY 4.0), each
with the lines around it as the engines and the transcript have them: [text, [x0, y0, x1, y1]]. Each was judged by hand from
these lines, the values and, if in doubt, the image, before looking at the result of the code. The 33 errors marked
`held out` come from other receipts, and were judged after the code was written: 32 agreed, and one led to a correction.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from ocr_pipeline.evaluation.diagnosis.alignment import Aligner
from ocr_pipeline.evaluation.diagnosis.attribution import Case, judge
from ocr_pipeline.schemas import FIELD_KINDS, OcrPage, OcrText, Word

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("attribution_by_hand.json").read_text("utf-8"))


def text_of(lines: list[Any], rotation: Any) -> Aligner:
    """The words of each line share its width by their length."""
    words = []
    for number, (line, (x0, y0, x1, y1)) in enumerate(lines):
        at, width = 0, (x1 - x0) / len(line)
        for part in line.split(" "):
            box = (x0 + at * width, y0, x0 + (at + len(part)) * width, y1)
            words.append(Word(text=part, box=box, confidence=None, page=1, line=number))
            at += len(part) + 1
    page = OcrPage(page=1, width=100, height=100, rotation=rotation, words=words, seconds=0.0)
    return Aligner(OcrText(pages=[page]))


def attribution(case: dict[str, Any]) -> str:
    texts = {name: text_of(text["lines"], text["rotation"]) for name, text in case["texts"].items()}
    transcript, own = texts.pop("oracle"), texts.pop(case["engine"])
    return judge(
        Case(
            field=case["field"],
            kind=FIELD_KINDS[case["field"]],
            outcome=case["outcome"],
            truth=case["truth"],
            prediction=case["prediction"],
            text=own,
            evidence=case["evidence"],
            correction=case["correction"],
            transcript=transcript,
            others=list(texts.values()),
            control=case["control"],
            control_value=case["control_value"],
        )
    ).attribution


def test_agreement() -> None:
    """Measured: 64 of 65 and 33 of 33. Calling all of them `ocr_misread` would agree in 50 of 65 and 17 of 33."""
    agreed, n = Counter[str](), Counter[str]()
    for case in CASES:
        n[case["part"]] += 1
        agreed[case["part"]] += attribution(case) == case["attribution"]
    assert n == {"tuned": 65, "held out": 33}
    assert agreed["tuned"] >= 63
    assert agreed["held out"] >= 32
