"""Writes the delivery notes and their labels: `python -m scripts.make_delivery_notes [--out FOLDER] [--only STEM ...]`."""

import argparse
import json
import zlib
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint import HTML

from scripts.make_delivery_notes.notes import NOTES, TEXTS, Note
from scripts.make_documents import damage as d
from scripts.make_documents.__main__ import _encode, _letters
from scripts.make_documents.damage import Image, Rng
from scripts.make_documents.render import scans_to_pdf, text_of, to_images

SEED = 20261128
OUT = Path("examples/delivery_notes/data/documents/delivery_notes")
TEMPLATES = Path(__file__).with_name("templates")
DPI = {"scan": 150, "photo": 150, "copy": 220}
_POINT = {"en": ".", "de": ",", "fr": ",", "es": ","}
_MONTHS_FR = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]


def _day(note: Note) -> str:
    if note.language == "fr" and "%B" in note.dates:
        return f"{note.delivery_date.day} {_MONTHS_FR[note.delivery_date.month - 1]} {note.delivery_date.year}"
    return note.delivery_date.strftime(note.dates)


def _number(note: Note, value: Decimal) -> str:
    text = f"{value:,}"
    return text if _POINT[note.language] == "." else text.translate(str.maketrans(",.", ".,"))


def _pdf(note: Note) -> bytes:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    css = (TEMPLATES / "base.css").read_text("utf-8")
    body = environment.get_template(f"{note.layout}.html").render(
        n=note, t=TEXTS[note.language], day=_day(note), number=lambda value: _number(note, value)
    )
    html = HTML(string=f"<style>{css}</style>{body}", base_url=str(TEMPLATES))
    made: bytes = html.write_pdf(pdf_identifier=note.stem.encode())
    return made


def _scan(page: Image, rng: Rng) -> Image:
    sheet = d.paper(page.shape[:2], rng, (0.97, 0.97, 0.96)) * (0.10 + 0.90 * cv2.GaussianBlur(page, (0, 0), 0.6))
    scanned = d.scan(d.fold_lines(sheet, rng, [0.5]), rng, float(rng.uniform(-1.4, 1.4)), (0.93, 0.93, 0.93), 0.012)
    return np.repeat(scanned.mean(axis=2, keepdims=True), 3, axis=2)


def _photo(page: Image, rng: Rng) -> Image:
    sheet = d.paper(page.shape[:2], rng, (0.95, 0.94, 0.92)) * (0.12 + 0.88 * page)
    corners = [(0.06, 0.04), (0.94, 0.05), (0.96, 0.965), (0.045, 0.955)]
    height = max(1700, page.shape[0] + 140)
    table = d.wood((height, round(height / 1.36)), rng, (0.46, 0.33, 0.22))
    photo = d.lamp(
        d.lay_down(d.crumple(sheet, rng, 500, 0.3), table, corners, curl=6), (0.3, 0.1), 0.2, (1.02, 1.0, 0.95)
    )
    return d.lens(photo, rng, focus=0.6, blur=1.2, shake=0.1)


def _copy(page: Image, rng: Rng) -> Image:
    return d.photocopy(d.ink_of(page), rng, 0.5)


_FINISHES = {"scan": _scan, "photo": _photo, "copy": _copy}


def _make(note: Note) -> bytes:
    pdf = _pdf(note)
    _check_printed(note, text_of(pdf))
    if note.finish is None:
        return pdf
    rng = np.random.default_rng([SEED, zlib.crc32(note.stem.encode())])
    pages = [_FINISHES[note.finish](page.astype(np.float32) / 255, rng) for page in to_images(pdf, DPI[note.finish])]
    if note.suffix == "pdf":
        return scans_to_pdf([_encode(page, "jpg") for page in pages], (210, 297))
    return _encode(pages[0], note.suffix)


def _check_printed(note: Note, text: str) -> None:
    """Stop when a labelled value does not stand on the page."""
    values = [note.delivery_number, note.order_number, note.supplier_name, note.supplier_tax_id, note.receiver_name]
    values += [note.delivery_address, note.remarks, _day(note), TEXTS[note.language][note.status]]
    values += [_number(note, value) for value in (note.gross_weight, note.goods_value) if value is not None]
    values += [str(value) for item in note.items for value in vars(item).values()]
    page = _letters(text)
    missing = [value for value in values if value and _letters(value) not in page]
    if missing:
        raise ValueError(f"{note.stem}: labelled but not printed: {missing}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", nargs="*", default=[], help="stems to make; all when left out")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)  # one thread adds numbers in one order: the same bytes on every run
    arguments.out.mkdir(parents=True, exist_ok=True)
    for note in NOTES:
        if arguments.only and note.stem not in arguments.only:
            continue
        content = _make(note)
        (arguments.out / f"{note.stem}.{note.suffix}").write_bytes(content)
        label = json.dumps(note.label, indent=2, ensure_ascii=False)
        (arguments.out / f"{note.stem}.json").write_text(f"{label}\n", encoding="utf-8")
        print(f"{note.stem}.{note.suffix}: {len(content) // 1024} KiB")


if __name__ == "__main__":
    main()
