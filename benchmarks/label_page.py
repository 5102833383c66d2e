"""How fast the label page answers a key, measured in the browser on a large document: 3 pages, 600 words, 40 line items.

    python benchmarks/label_page.py [--rounds 5]

From the key event until the frame with the answer is painted; for what asks the server, until its answer is shown.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from ocr_pipeline.labelling.session import Session
from ocr_pipeline_tests.browser import headless
from ocr_pipeline_tests.files import add_file, text_pdf
from ocr_pipeline_tests.labelling.conftest import serving
from ocr_pipeline_tests.labelling.shop import READ, SECOND, empty_shop, read

WORDS_PER_LINE = 5
LINES = 40
ROWS = 40

PAINTED = """key => new Promise((done) => {
  document.activeElement.blur();
  const started = performance.now();
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - started), 0));
})"""
"""A key event at the page, until the frame after it is painted."""

FILLED = """([x, y]) => new Promise((done) => {
  const input = document.querySelector(".chosen input");
  input.value = "";
  const svg = document.querySelector("figure.page svg");
  svg.setPointerCapture = () => {};
  const event = (type) => svg.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, button: 0, bubbles: true }));
  const started = performance.now();
  const painted = () => setTimeout(() => done(performance.now() - started), 0);
  const wait = () => (input.value ? requestAnimationFrame(painted) : setTimeout(wait, 1));
  event("pointerdown");
  event("pointerup");
  wait();
})"""
"""A click on a word, until its value is in the chosen field."""

KEYS = {
    "1": "choose a field",
    "j": "next doubtful field",
    "c": "other value",
    "x": "not on the document",
    "u": "undo",
    "ArrowRight": "next word",
    "e": "other words",
    "+": "larger",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    lines = [
        (20.0, 780.0 - 18 * line, " ".join(f"w{line}x{word}" for word in range(WORDS_PER_LINE)))
        for line in range(LINES)
    ]
    with tempfile.TemporaryDirectory() as name, headless() as browser:
        shop = empty_shop(Path(name) / "project")
        add_file(shop.project, "shop/large.pdf", text_pdf([lines] * 3, media_box=(0, 0, 600, 800)))
        rows = [
            {"description": f"Item {row}", "quantity": "1", "unit_price": "2.00", "amount": "2.00"}
            for row in range(ROWS)
        ]
        read(shop, "shop-large", [READ, SECOND], line_items=rows)
        serving_it = serving(Session(shop.project, shop.warehouse), browser)
        page = next(serving_it).open("shop-large")
        words, shown = page.locator("rect.word").count(), page.locator("[data-list=line_items] tbody tr").count()
        print(f"3 pages, {words} words, {shown} line items\n\n| key | median ms | largest ms |\n| --- | ---: | ---: |")
        for key, what in KEYS.items():
            times = [page.evaluate(PAINTED, key) for _ in range(rounds)]
            print(f"| {key} ({what}) | {statistics.median(times):.0f} | {max(times):.0f} |")
        if not page.locator("rect.word").count():
            page.keyboard.press("e")
        page.keyboard.press("1")
        box = page.locator("rect.word").first.bounding_box()
        assert box is not None
        times = [page.evaluate(FILLED, [box["x"] + 3, box["y"] + 3]) for _ in range(rounds)]
        print(f"| click on a word, value in the field | {statistics.median(times):.0f} | {max(times):.0f} |")
        next(serving_it, None)


if __name__ == "__main__":
    main()
