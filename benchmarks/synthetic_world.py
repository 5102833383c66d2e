"""Writes 60 synthetic invoices and receipts of 28 countries with their labels, to measure reading where real ones are few.

usage: PYTHONPATH=. python benchmarks/synthetic_world.py [--out /tmp/synthetic_world] [--seed 1]

Each page is drawn by `synthetic_values.py` and laid out by `synthetic_layouts.py`; Chromium (through playwright) prints it as
a PDF. Receipts and a third of the other pages then become pictures: scanned, copied or photographed, with the effects of
`scripts/make_documents/damage.py`. A third of the pages, by a fixed hash of their names, lies in `held-out`: they are
measured, but nobody looks at them while the reading is developed; the others lie in `tune`.

Needs what a machine of a developer has: Chromium and fonts for all scripts (Debian: `apt-get install chromium fonts-liberation
fonts-dejavu fonts-noto-core fonts-noto-cjk fonts-thai-tlwg`). The PDFs are the same on every run with the same Chromium.
"""

import argparse
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synthetic_layouts import html
from synthetic_values import Page, pages

DEFAULT = Path("/tmp/synthetic_world")


def hashed(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def held_out(names: list[str]) -> set[str]:
    """Every third name in the order of their hashes."""
    return set(sorted(names, key=hashed)[::3])


def label(page: Page, keys: set[str]) -> dict[str, Any]:
    """The label file of a page: the values that it prints."""
    seller = page.seller
    values = {
        "document_type": "receipt" if page.layout == "receipt" else "invoice",
        "supplier_name": seller.name,
        "supplier_address": seller.address,
        "supplier_tax_id": seller.tax_id,
        "receiver_name": page.buyer.name,
        "receiver_tax_id": page.buyer.tax_id,
        "invoice_id": page.number,
        "invoice_date": page.day.isoformat(),
        "due_date": page.due.isoformat(),
        "currency": page.country["currency"],
        "net_amount": str(page.net),
        "total_tax_amount": str(page.tax),
        "total_amount": str(page.total),
    }
    invoice = {key: value for key, value in values.items() if key in keys}
    return {"invoice": invoice, "language": page.country["locale"].partition("_")[0]}


def printed(made: list[Page]) -> Iterator[tuple[Page, set[str], bytes]]:
    """Every page as a PDF, and the keys of its label."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        sheet = browser.new_page()
        for page in made:
            content, keys = html(page)
            sheet.set_content(content)
            size: dict[str, str] = {"width": "210mm", "height": "297mm"}
            if page.layout == "receipt":
                size = {"width": "76mm", "height": f"{sheet.evaluate('document.body.scrollHeight') + 12}px"}
            pdf = sheet.pdf(print_background=True, **size)  # type: ignore[arg-type]
            yield page, keys, re.sub(rb"(/(?:Creation|Mod)Date \(D:)\d{14}", rb"\g<1>20260101000000", pdf)
        browser.close()


def picture(pdf: bytes, page: Page, kind: str) -> bytes:
    """The first page as a damaged JPEG. `kind`: scan, copy or photo."""
    import cv2
    import numpy as np
    import pypdfium2

    from scripts.make_documents import damage

    rng = np.random.default_rng(hashed(page.name))
    with pypdfium2.PdfDocument(pdf) as file:
        shown = file[0].render(scale=(210 if page.layout == "receipt" else 150) / 72).to_pil().convert("RGB")
    sheet = damage.f32(np.asarray(shown)) / 255
    if kind == "copy":
        made = damage.photocopy(damage.ink_of(sheet), rng, float(rng.uniform(-0.9, 0.9)))
    elif kind == "photo":
        height, width = sheet.shape[:2]
        table = damage.wood((round(height * 1.1), round(width * 1.16)), rng, (0.55, 0.42, 0.3))
        slip = [float(value) for value in rng.uniform(0.03, 0.07, 8)]
        corners = [(slip[0], slip[1]), (1 - slip[2], slip[3]), (1 - slip[4], 1 - slip[5]), (slip[6], 1 - slip[7])]
        made = damage.lay_down(sheet * 0.97, table, corners, 4.0)
        made = damage.lens(damage.lamp(made, (0.4, 0.3), 0.25, (1.0, 0.98, 0.94)), rng, 0.5, 0.9, 0.0)
    else:
        sheet = damage.print_on(
            damage.paper(sheet.shape[:2], rng, (0.97, 0.97, 0.95)), damage.ink_of(sheet), (0.12, 0.12, 0.14)
        )
        made = damage.scan(sheet, rng, float(rng.uniform(-1.2, 1.2)), (0.9, 0.9, 0.9), 0.02)
    grey = cv2.cvtColor((np.clip(made, 0, 1) * 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 82])[1])


def kind_of(page: Page) -> str:
    """How the page arrives: receipts mostly as pictures, of the others a third."""
    draw = hashed(f"kind {page.name}") % 12
    if page.layout == "receipt":
        return "pdf" if draw < 3 else ("scan", "photo")[draw % 2]
    return ("scan", "photo", "copy", "scan")[draw] if draw < 4 else "pdf"


def write(out: Path, seed: int = 1) -> None:
    made = pages(seed)
    hidden = held_out([page.name for page in made])
    shutil.rmtree(out, ignore_errors=True)
    for page, keys, pdf in printed(made):
        folder = out / ("held-out" if page.name in hidden else "tune")
        folder.mkdir(parents=True, exist_ok=True)
        kind = kind_of(page)
        content = pdf if kind == "pdf" else picture(pdf, page, kind)
        (folder / f"{page.name}.{'pdf' if kind == 'pdf' else 'jpg'}").write_bytes(content)
        text = json.dumps(label(page, keys), ensure_ascii=False, indent=1)
        (folder / f"{page.name}.json").write_text(text + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DEFAULT)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1]))
    write(arguments.out, arguments.seed)
    count = len(list(arguments.out.rglob("*.json")))
    print(f"wrote {count} pages to {arguments.out}")


if __name__ == "__main__":
    main()
