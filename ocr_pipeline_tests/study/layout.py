"""A small copy of the layout that the study asks for, with drawn receipts and invented answers."""

import json
from pathlib import Path

from ocr_pipeline_tests.files import encoded, text_image

LINES = ["ACME TRADING SDN BHD", "12 JALAN SATU, 81750 JOHOR", "DATE: 0{number}/03/2018", "TOTAL 1{number}.50"]


def write_layout(data: Path, receipts: int = 3) -> Path:
    """`sroie-recorded` with as many receipts: Textract is right, Claude 1 % off, Qwen spells the supplier differently, and
    the LoRA gives dates in epoch milliseconds."""
    folder = data / "sroie-recorded"
    for part in ("img", "key", "box", "predictions"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[dict[str, object]]] = {}
    for number in range(1, receipts + 1):
        name, lines = f"X{number}", [line.format(number=number) for line in LINES]
        image = text_image(lines)
        (folder / "img" / f"{name}.jpg").write_bytes(encoded(image, "JPEG"))
        boxes = [
            f"40,{y},600,{y},600,{y + 40},40,{y + 40},{line}"
            for y, line in zip(range(40, 999, 80), lines, strict=False)
        ]
        (folder / "box" / f"{name}.csv").write_text("\n".join(boxes) + "\n")
        key = {"company": lines[0], "address": lines[1], "date": f"0{number}/03/2018", "total": f"1{number}.50"}
        (folder / "key" / f"{name}.json").write_text(json.dumps(key))
        right = {
            "doc_id": name,
            "vendor": lines[0],
            "address": lines[1],
            "date": f"0{number}/03/2018",
            "total": 10 + number + 0.5,
        }
        usage = {"latency_ms": 2000.0, "cost_usd": 0.0, "currency": "RM"}
        answers = {
            "aws-textract": {**right, **usage, "cost_usd": 0.01},
            "claude-haiku-4.5": {**right, **usage, "total": 10 + number + 0.6},
            "qwen2.5-vl": {**right, **usage, "vendor": "ACME"},
            "qwen2.5-vl-lora": {**right, **usage, "date": "1573642800000.0"},
        }
        for system, answer in answers.items():
            rows.setdefault(system, []).append(answer)
    for system, of_system in rows.items():
        text = "".join(json.dumps(row) + "\n" for row in of_system)
        (folder / "predictions" / f"{system}.jsonl").write_text(text)
    return data
