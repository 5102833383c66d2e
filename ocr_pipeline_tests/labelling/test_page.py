"""The label page as it is used, in a real browser."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from ocr_pipeline_tests.labelling.conftest import Served
from ocr_pipeline_tests.labelling.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow


def click_word(page: "Page", text: str, **how: Any) -> None:
    """A click on the first word with this text."""
    index = page.evaluate(
        "text => JSON.parse(document.getElementById('data').textContent).engines['pdf-text'].findIndex(w => w[5] === text)",
        text,
    )
    page.locator("rect.word").nth(index).scroll_into_view_if_needed()
    box = page.locator("rect.word").nth(index).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, **how)


def invoice(shop: Shop, name: str) -> dict[str, Any]:
    return dict(json.loads(shop.label_file(name).read_text("utf-8"))["invoice"])


def test_a_document_is_confirmed_with_one_key(served: Served, shop: Shop) -> None:
    from playwright.sync_api import expect

    page = served.open("shop-a")
    expect(page.locator("#scores")).to_contain_text("pdf-text+rules")
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop-b")
    label = invoice(shop, "a.pdf")
    assert label["supplier_name"] == "Harbour Tools Ltd"
    assert label["total_amount"] == "120.00"
    expect(page.locator("#message")).to_contain_text("Saved shop-a.")
