"""The report as it is seen and used, in a real browser, opened from disk."""

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.report.conftest import Reader

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

PAGES = [
    "index.html",
    "documents.html",
    "comparisons.html",
    "confidence.html",
    "history.html",
    "labels.html",
    "learned.html",
]
DOCUMENT = "documents/shop-a.html"
HOSTILE = "documents/shop-d.html"


def relative(page: "Page", selector: str) -> list[float]:
    """Where an element is on the page image: left, top, right, bottom, 0..1."""
    box, image = (page.locator(entry).first.bounding_box() for entry in (selector, "figure.page img"))
    assert box is not None
    assert image is not None
    left, top = (box["x"] - image["x"]) / image["width"], (box["y"] - image["y"]) / image["height"]
    return [left, top, left + box["width"] / image["width"], top + box["height"] / image["height"]]


def test_from_a_value_to_its_pixels(reader: Reader, site: Project) -> None:
    page = reader.open(DOCUMENT)
    page.get_by_role("button", name="wrong: 120.00").click()
    page.wait_for_timeout(600)  # it scrolls into view
    [row] = Warehouse(site.database).rows(
        "FROM evidence WHERE document_id = 'shop-a' AND backend = 'pdf-text+rules' AND field = 'total_amount'"
    )
    expected = [row["x0"], row["y0"], row["x1"], row["y1"]]
    assert relative(page, "rect.value") == pytest.approx(expected, abs=0.01)

    # the number is there, and nothing around it: the box holds ink, the strip to its right none
    [name] = {path.name for path in (site.report / "images").iterdir()} & {
        (page.locator("figure.page img").get_attribute("src") or "").rpartition("/")[2]
    }
    pixels = np.asarray(Image.open(site.report / "images" / name).convert("L"))
    height, width = pixels.shape
    left, top, right, bottom = (round(value * side) for value, side in zip(expected, (width, height) * 2, strict=True))
    assert (pixels[top:bottom, left:right] < 128).mean() > 0.05
    assert (pixels[top:bottom, right + 4 : right + 4 + (right - left)] < 128).mean() == 0

    details = page.locator("#details")
    assert "selection: The text has “150.00”; “120.00” was selected." in details.inner_text()
    [sure] = Warehouse(site.database).rows(
        "SELECT confidence FROM confidences WHERE document_id = 'shop-a' AND backend = 'pdf-text+rules'"
        " AND field = 'total_amount'"
    )
    assert re.search(rf"Confidence\s+{sure['confidence']:.2f} \(\w+ calibration\)\s+Place", details.inner_text())
    assert page.url.endswith("#total_amount%40pdf-text%2Brules")
    truth = relative(page, "rect.truth")
    assert truth[1] > expected[1], "the labelled 150.00 stands a line below"


def test_an_address_with_a_value_opens_on_it(reader: Reader) -> None:
    page = reader.open(f"{DOCUMENT}#total_amount@pdf-text+rules")
    assert page.locator("#details h2").inner_text() == "total amount pdf-text+rules"
    assert page.locator("rect.value").count() == 1


def test_words_show_their_text(reader: Reader) -> None:
    page = reader.open(DOCUMENT)
    assert page.locator("rect.word").count() == 16
    page.locator("rect.word").nth(0).hover()
    assert page.locator("#word").inner_text() == "pdf-text: “Harbour”"
    page.locator("#pages").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#word").inner_text() == "pdf-text: “Tools”"
    page.get_by_role("button", name="no words").click()
    assert page.locator("rect.word").count() == 0


def test_every_page_of_a_document(reader: Reader) -> None:
    page = reader.open("documents/shop-b.html")
    assert page.locator("figure.page img").count() == 2
    page.get_by_role("button", name="correct: 120.00").click()
    second = page.locator('figure.page[data-page="2"] rect.value')
    assert second.count() == 1


def test_zoom(reader: Reader) -> None:
    page = reader.open(DOCUMENT)
    image = page.locator("figure.page img")
    before = image.bounding_box()
    page.get_by_role("button", name="Larger").click()
    after = image.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] * 1.25, rel=0.02)
    page.keyboard.press("0")
    after = image.bounding_box()
    assert after is not None
    assert after["width"] == before["width"]


def test_keyboard(reader: Reader) -> None:
    page = reader.open(DOCUMENT)
    page.keyboard.press("j")
    first = page.locator("#details h2").inner_text()
    page.keyboard.press("j")
    assert page.locator("#details h2").inner_text() != first
    page.keyboard.press("k")
    assert page.locator("#details h2").inner_text() == first
    page.keyboard.press("e")
    assert page.locator("rect.word").count() == 0
    page.keyboard.press("?")
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    page.keyboard.press("n")
    page.wait_for_url("**/shop-b.html")
    page.keyboard.press("p")
    page.wait_for_url("**/shop-a.html")


def test_filters_live_in_the_address(reader: Reader) -> None:
    from playwright.sync_api import expect  # polls without `eval`, which the pages' content security policy refuses

    page = reader.open("documents.html")
    names = page.locator("#list tbody th")
    assert names.all_inner_texts() == ["shop-a", "shop-b", "shop-c", "shop-d"]
    page.get_by_label("Backend").select_option("pdf-text+rules")
    page.get_by_label("Field").select_option("total_amount")
    page.get_by_label("Outcome").select_option("wrong")
    expect(names).to_have_count(1)
    assert names.all_inner_texts() == ["shop-a"]
    address = page.url
    assert "backend=pdf-text%2Brules" in address
    reopened = reader.open(address.rpartition("/")[2])
    assert reopened.locator("#list tbody th").all_inner_texts() == ["shop-a"]
    assert reopened.get_by_label("Outcome").input_value() == "wrong"
    reopened.get_by_role("link", name="shop-a").click()
    assert reopened.locator("#details h2").inner_text() == "total amount pdf-text+rules"
    page.get_by_label("Attribution").select_option("document_failed")
    expect(names).to_have_count(0)
    page.get_by_role("button", name="Clear").click()
    expect(names).to_have_count(4)
    page.get_by_role("searchbox").fill("SHOP-C")
    expect(names).to_have_count(1)


def test_from_the_leaderboard_to_the_documents(reader: Reader) -> None:
    page = reader.open("index.html")
    page.locator(".heat a[href*='field=total_amount'][href*='pdf-text%2Brules']").click()
    page.locator("#list tbody tr").first.wait_for()
    assert page.locator("#list tbody th").all_inner_texts() == ["shop-a", "shop-c"]


def test_prompt_and_raw_reply_are_one_click_away(reader: Reader) -> None:
    page = reader.open(DOCUMENT)
    page.get_by_role("link", name="prompt and reply").click()
    text = page.locator("main").inner_text()
    assert "<document>\nHarbour Tools Ltd" in text
    assert '"totalTokenCount": 1350' in text


@pytest.mark.parametrize("name", [HOSTILE, "documents/shop-a.html", "labels.html", "comparisons.html"])
def test_hostile_texts_do_nothing_and_break_nothing(reader: Reader, name: str) -> None:
    for width in (1400, 390):
        page = reader.open(name, width=width)
        for details in page.locator("main details").all():
            details.evaluate("one => { one.open = true; }")
        for button in page.locator("[data-cell$='@hostile']").all():
            button.click()
        assert page.evaluate("window.hacked") is None
        assert page.locator("main img[src='x'], main script, main a[href^='javascript']").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        text = page.locator("body").inner_text()
        assert not {"\u202e", "\x1b"} & set(text)
        assert len(text) < 100_000


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, f"{DOCUMENT}#total_amount@pdf-text+rules"])
def test_it_can_be_read_by_everybody(reader: Reader, name: str, theme: str) -> None:
    """WCAG 2.2 A and AA, as far as axe can tell."""
    from axe_playwright_python.sync_playwright import Axe

    page = reader.open(name, theme=theme)
    for details in page.locator("main details").all():
        details.evaluate("one => { one.open = true; }")
    rules = {
        "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
        "preload": False,
    }
    result = Axe().run(page, options=rules)
    problems = [
        (entry["id"], node["target"], node["failureSummary"])
        for entry in result.response["violations"]
        for node in entry["nodes"]
    ]
    assert problems == []


def test_the_theme_can_be_chosen(reader: Reader) -> None:
    page = reader.open("index.html")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(colour) != light


BROKEN_WORDS = """() => {
  const broken = [];
  for (const cell of document.querySelectorAll("td, th")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode, range = document.createRange();
      for (const word of node.data.matchAll(/[\\w.,%]{2,20}/g)) {
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].filter(box => box.width).map(box => Math.round(box.top)));
        if (lines.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", [*PAGES, DOCUMENT])
def test_no_word_and_no_number_of_a_table_is_broken(reader: Reader, name: str, width: int) -> None:
    """Digits that stand one above the other cannot be read; a table that is too wide can be moved."""
    page = reader.open(name, width=width)
    assert page.evaluate(BROKEN_WORDS) == []
    cut = """() => [...document.querySelectorAll("table")].filter(table => {
      const frame = table.closest(".scroll");
      return table.getBoundingClientRect().right > innerWidth + 1 && (!frame || frame.scrollWidth <= frame.clientWidth);
    }).length"""
    assert page.evaluate(cut) == 0, "what is beyond the edge can be scrolled to"


def test_the_list_shows_what_was_read_and_can_be_sorted(reader: Reader) -> None:
    from playwright.sync_api import expect

    page = reader.open("documents.html")
    names = page.locator("#list tbody th")
    first = page.locator("#list tbody tr").first
    assert "Harbour Tools Ltd" in first.inner_text()
    assert first.locator("img").evaluate("image => image.complete") is not None
    page.get_by_role("button", name="Supplier name").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Supplier name ▲")
    page.get_by_role("button", name="Document").click()
    page.get_by_role("button", name="Document").click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Document ▼")
    assert names.all_inner_texts() == ["shop-d", "shop-c", "shop-b", "shop-a"]
    assert "sort=-id" in page.url
    page.get_by_label("Show").select_option("no label")
    expect(page.locator("#count")).to_have_text("0 of 4 documents")
    page.get_by_label("Show").select_option("disagreement")
    expect(page.locator("#list td.disputed").first).to_be_visible()
    page.get_by_role("searchbox").fill("harbour tools")
    expect(names.first).to_be_visible()


def test_only_what_differs_between_two_backends(reader: Reader) -> None:
    from playwright.sync_api import expect

    page = reader.open("ab.html#a=pdf-text%2Brules&b=pdf-text%2Bgemini")
    expect(page.locator("#list tbody tr")).to_have_count(3)
    page.get_by_label("Field").select_option("total_amount")
    expect(page.locator("#list tbody th")).to_have_text(["shop-a", "shop-b", "shop-d"])
    page.get_by_role("link", name="total amount").first.click()
    expect(page.locator("#ab")).to_contain_text("Only what differs between pdf-text+rules and pdf-text+gemini")
    visible = page.locator("#fields thead th:visible")
    assert visible.all_inner_texts() == ["Field", "Label", "pdf-text+rules", "pdf-text+gemini"]
    fields = page.locator("#fields tbody th:visible").all_inner_texts()
    assert "total amount" in fields
    assert "document type" not in fields, "both backends read the same"
    assert page.locator("#details h2").inner_text() == "total amount pdf-text+rules"
    expect(page.locator("#next")).to_have_text("shop-b →")
    expect(page.locator("#previous")).to_have_count(0)
    page.keyboard.press("n")
    page.wait_for_url("**/shop-b.html?a=*")
    page.get_by_role("link", name="Show everything").click()
    expect(page.locator("#fields thead th:visible")).to_have_count(6)
