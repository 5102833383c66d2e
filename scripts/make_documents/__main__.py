"""Writes the ten demo documents: `python -m scripts.make_documents [--out FOLDER] [--only STEM ...]`."""

import argparse
import io
import re
import unicodedata
import zlib
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from ocr_pipeline.schemas import FIELD_KINDS, Label
from scripts.make_documents.damage import Image
from scripts.make_documents.documents import all_documents
from scripts.make_documents.finishes import FINISHES
from scripts.make_documents.model import Document, check
from scripts.make_documents.render import scans_to_pdf, text_of, to_images, to_pdf

SEED = 20260417
DEMO = Path("data/demo")
JPEG_QUALITY = 80


def _encode(image: Image, suffix: str) -> bytes:
    picture = PIL.Image.fromarray(np.round(np.clip(image, 0, 1) * 255).astype(np.uint8))
    # A grey scan is stored as grey, black and white as one bit: that is what scanners do, and it is small.
    if np.ptp(np.asarray(picture), axis=2).max() == 0:
        picture = picture.convert("L")
        levels = picture.getcolors(16)
        if levels and len(levels) == 2:
            picture = picture.convert("1", dither=PIL.Image.Dither.NONE)
        elif levels:
            picture = picture.quantize(len(levels))
    out = io.BytesIO()
    if suffix == "png":
        picture.save(out, "PNG", optimize=True)
    else:
        picture.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return out.getvalue()


def _make(document: Document) -> bytes:
    pdf = to_pdf(document)
    _check_printed(document, text_of(pdf))
    if document.stem not in FINISHES:
        return pdf
    dpi, finish = FINISHES[document.stem]
    rng = np.random.default_rng([SEED, zlib.crc32(document.stem.encode())])
    pages = finish([page.astype(np.float32) / 255 for page in to_images(pdf, dpi)], rng)
    if document.suffix == "pdf":
        return scans_to_pdf([_encode(page, "jpg") for page in pages], (210, 297))
    return _encode(pages[0], document.suffix)


def _letters(text: str) -> str:
    return re.sub(r"\W", "", unicodedata.normalize("NFKC", text)).casefold()


def _check_printed(document: Document, text: str) -> None:
    """Stop when a labelled value does not stand on the page."""
    inv = document.invoice
    amounts = [getattr(inv, name) for name, kind in FIELD_KINDS.items() if kind == "money"]
    amounts += [value for t in inv.tax_lines for value in (t.rate, t.net_amount, t.amount)]
    amounts += [value for item in inv.line_items for value in (item.quantity, item.unit_price, item.amount)]
    dates = [inv.invoice_date, inv.due_date]
    names = [
        getattr(inv, name) for name, kind in FIELD_KINDS.items() if kind in ("name", "address", "identifier", "tax_id")
    ]
    names += [value for item in inv.line_items for value in (item.description, item.product_code, item.unit)]
    names += [value for values in document.alternatives.values() for value in values]
    wanted = [document.format_amount(value) for value in amounts if value is not None]
    wanted += [value.strftime(document.dates) for value in dates if value]
    wanted += [value for value in names if value]
    page = _letters(text)
    missing = [value for value in wanted if _letters(value) not in page]
    if missing:
        raise ValueError(f"{document.stem}: labelled but not printed: {missing}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEMO)
    parser.add_argument("--only", nargs="*", default=[], help="stems to make; all when left out")
    arguments = parser.parse_args()
    # One thread adds numbers in one order: the same bytes on every run.
    cv2.setNumThreads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for document in all_documents():
        if arguments.only and document.stem not in arguments.only:
            continue
        check(document)
        content = _make(document)
        label = document.label.model_dump_json(indent=2)
        Label.model_validate_json(label)
        (arguments.out / f"{document.stem}.{document.suffix}").write_bytes(content)
        (arguments.out / f"{document.stem}.json").write_text(f"{label}\n", encoding="utf-8")
        print(f"{document.stem}.{document.suffix}: {len(content) // 1024} KiB")


if __name__ == "__main__":
    main()
