"""The table of the README, between two markers."""

from datetime import date
from pathlib import Path

from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.study.markdown import percent, table
from ocr_pipeline.study.receipts import MARK, MARKED, RECORDED, learned_here, thousand
from ocr_pipeline.study.scored import FIELDS, NAMES, Results

START, END = "<!-- study: written by `ocr-pipeline study recorded --readme README.md` -->", "<!-- end of study -->"
SHOWN = (
    "rapidocr+learned",
    "rapidocr+rules",
    "tesseract+rules",
    "cascade-textract",
    "gemini-vision",
    "rapidocr+gemini",
)
"""The backends shown beside the recorded systems; the study has all."""


def block(results: Results, day: date) -> str:
    """The table with its markers: F1 in % of each field, and of all with its interval."""
    rows = []
    for board in results.boards:
        name = board.backend
        if name not in SHOWN and not name.startswith(RECORDED):
            continue
        every = results.fields[name, ALL_FIELDS]
        shown = name.removeprefix(RECORDED) + (
            " (recorded)" if board.reported else f" {MARK}" if learned_here(name) else ""
        )
        cells = [percent(results.fields[name, field].f1) for field in FIELDS]
        seconds = "–" if board.seconds_per_document is None else f"{board.seconds_per_document:.1f}"
        rows.append([shown, percent(every.f1, every.f1_low, every.f1_high), *cells, seconds, thousand(board)])
    n = max((board.labelled_documents or 0 for board in results.boards), default=0)
    head = ["backend", "F1 [95 %]", *(NAMES[field] for field in FIELDS), "s/page", "USD per 1,000 pages"]
    title = f"F1 in % on {n} test receipts (ICDAR 2019 SROIE), {day:%-d %B %Y}; intervals at 95 %:"
    lines = table(head, rows)
    if any(MARK in row[0] for row in rows):
        lines += [MARKED, ""]
    return "\n".join([START, "", title, "", *lines, END])


def replaced(text: str, new: str) -> str:
    """The text with a new block; unchanged if it has no markers."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    return before + new + after if start and end else text


def write(path: Path, results: Results, day: date) -> bool:
    """Replace the block in a file; whether it has one."""
    text = path.read_text("utf-8")
    new = replaced(text, block(results, day))
    path.write_text(new, "utf-8")
    return END in text.partition(START)[2]
