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


def test_a_wrong_field_costs_one_key_and_one_click(served: Served, shop: Shop) -> None:
    """Of amounts, dates and names, and with a box over several words."""
    from playwright.sync_api import expect

    page = served.open("shop-b")
    page.keyboard.press("1")  # the first shown field
    expect(page.locator(".chosen")).to_have_attribute("data-field", "supplier_name")
    first, last = (page.locator("rect.word").nth(number).bounding_box() for number in (0, 2))
    assert first is not None
    assert last is not None
    page.mouse.move(first["x"] - 4, first["y"] - 4)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] + 4, last["y"] + last["height"] + 4, steps=3)
    page.mouse.up()
    expect(page.locator("#f-supplier_name")).to_have_value("Harbour Tools Ltd")
    page.keyboard.press("6")
    click_word(page, "150.00")
    expect(page.locator("#f-total_amount")).to_have_value("150.00")
    page.keyboard.press("3")
    click_word(page, "05/03/2026")
    expect(page.locator("[data-field=invoice_date] [data-said]")).to_have_text("5 March 2026, Thursday")
    click_word(page, "Cash")
    expect(page.locator("[data-field=invoice_date] [data-said]")).to_have_text("No date in “Cash”.")
    expect(page.locator("#f-invoice_date")).to_have_value("2026-03-05")
    expect(page.locator("#scores")).to_contain_text("second 5 of 6")
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop-a")
    label = invoice(shop, "b.pdf")
    assert (label["supplier_name"], label["total_amount"]) == ("Harbour Tools Ltd", "150.00")
    places = json.loads(shop.label_file("b.pdf").read_text("utf-8"))["boxes"]
    assert set(places) == {"supplier_name", "total_amount", "invoice_date"}, "what was clicked or dragged, nothing else"
    [name], [total] = places["supplier_name"], places["total_amount"]
    assert (name["page"], total["page"]) == (1, 1)
    assert name["box"] == pytest.approx([20 / 300, 0.07, 0.41, 0.12], abs=0.03)
    assert total["box"][0] > 0.15, "the amount, without the word before it"
    assert total["box"][1:4:2] == pytest.approx([0.74, 0.79], abs=0.03)


def test_keys_alone_suffice(served: Served, shop: Shop) -> None:
    from playwright.sync_api import expect

    page = served.open("shop-b")
    for key in ("1", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(page.locator("#f-supplier_name")).to_have_value("Harbour Tools Ltd")
    page.keyboard.press("u")
    expect(page.locator("#f-supplier_name")).to_have_value("<script>hacked=1</script>")
    page.keyboard.press("U")
    expect(page.locator("#f-supplier_name")).to_have_value("Harbour Tools Ltd")
    page.keyboard.press("u")
    page.keyboard.press("c")  # what the other backend says
    expect(page.locator("#f-supplier_name")).to_have_value("Harbour Tools Ltd")
    page.keyboard.press("6")
    page.keyboard.press("i")
    page.keyboard.type("1.234,50 GBP")
    page.keyboard.press("Enter")
    expect(page.locator("#f-total_amount")).to_have_value("1234.50")
    page.keyboard.press("4")
    page.keyboard.press("x")
    expect(page.locator("[data-field=currency]")).to_have_attribute("data-state", "none")
    page.keyboard.press("5")
    page.keyboard.press("x")
    page.keyboard.press("x")
    expect(page.locator("[data-field=net_amount]")).to_have_attribute("data-state", "unlabelled")
    # rows: the first cell, a row below, its cells, moved up, the other one deleted
    page.keyboard.press("t")
    page.keyboard.press("Alt+Insert")
    page.keyboard.type("Bits")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("20,00")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/shop-a")
    label = invoice(shop, "b.pdf")
    assert label["currency"] is None
    assert "net_amount" not in label
    assert label["total_amount"] == "1234.50"
    assert label["line_items"] == [
        {"description": "Bits", "amount": "20.00"},
        {"description": "<i>Drill</i>", "quantity": "1", "amount": "100.00"},
    ]
    # taken back: no file, the page is filled in as before
    page.keyboard.press("u")
    page.wait_for_url("**/shop-b")
    assert not shop.label_file("b.pdf").exists()
    page.keyboard.press("n")
    page.wait_for_url("**/shop-a")
    page.keyboard.press("n")
    page.wait_for_url("**/shop-c")
    expect(page.locator(".alert").first).to_contain_text("No backend has read this document yet")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_have_text("Nothing is labelled: fill at least one field.")
    served.complaints.clear()  # the browser logs the answer 400


def test_nothing_is_overwritten_silently_and_drafts_survive(served: Served, shop: Shop) -> None:
    from playwright.sync_api import expect

    page = served.open("shop-a")
    page.keyboard.press("1")
    page.keyboard.press("x")
    expect(page.locator("#scores")).to_contain_text("5 of 6")
    page.reload()
    expect(page.locator("#message")).to_contain_text("Your unsaved draft is back")
    expect(page.locator("[data-field=supplier_name]")).to_have_attribute("data-state", "none")
    other = served.tab(page.context)
    other.goto(page.url)
    other.keyboard.press("u")  # the draft is of both
    expect(other.locator("#f-supplier_name")).to_have_value("Harbour Tools Ltd")
    other.keyboard.press("Enter")
    other.wait_for_url("**/shop-b")
    expect(page.locator("#message")).to_contain_text("saved in another tab")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("The label file was changed since this page was opened")
    assert invoice(shop, "a.pdf")["supplier_name"] == "Harbour Tools Ltd"
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop-b")
    served.complaints.clear()  # the browser logs the answer 409
    assert invoice(shop, "a.pdf")["supplier_name"] is None


def test_markup_in_documents_stays_text(served: Served) -> None:
    from playwright.sync_api import expect

    page = served.open("shop-b")
    page.keyboard.press("1")
    click_word(page, "onerror=hacked=1>")
    expect(page.locator("#f-supplier_name")).to_have_value("onerror=hacked=1>")
    click_word(page, "<b>bold</b>")
    page.keyboard.press("3")
    click_word(page, "<b>bold</b>")
    expect(page.locator("[data-field=invoice_date] [data-said]")).to_contain_text("<b>bold</b>")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img[src=x], main b b, main i").count() == 0


def test_label_issues_are_decided(served: Served, shop: Shop) -> None:
    from playwright.sync_api import expect

    from ocr_pipeline.documents.overrides import load_overrides, overrides_file
    from ocr_pipeline_tests.files import add_label
    from ocr_pipeline_tests.labelling.shop import doubt

    add_label(shop.project.data / "documents/shop/a.pdf", total_amount="150.00")
    doubt(shop, "shop-a", "total_amount", "150.00", "120.00")
    page = served.window()
    page.goto(f"{served.url}/issues")
    expect(page.locator(".chosen")).to_have_attribute("data-field", "total_amount")
    expect(page.locator(".decide")).to_contain_text("2 backends agree on another value")
    page.keyboard.press("v")
    page.wait_for_url(f"{served.url}/")
    decision = load_overrides(overrides_file(shop.project.data, "shop-a")).fields["total_amount"]
    assert (decision.choice, decision.label, decision.value) == ("value", "150.00", "120.00")
    assert invoice(shop, "a.pdf")["total_amount"] == "150.00", "the label file stays as it is"
    expect(page.locator("main")).not_to_contain_text("Labels that may be wrong")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_used_by_everybody(served: Served, theme: str) -> None:
    """WCAG 2.2 A and AA, as far as axe can tell; and nothing sticks out of a narrow window."""
    from axe_playwright_python.sync_playwright import Axe

    page = served.open("shop-b", theme=theme)
    rules = {
        "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
        "preload": False,
    }
    for path in ("documents/shop-b", "documents/shop-c", ""):
        page.goto(f"{served.url}/{path}")
        page.locator("main").wait_for()
        for details in page.locator("main details").all():
            details.evaluate("one => { one.open = true; }")
        result = Axe().run(page, options=rules)
        violations = [
            (entry["id"], node["target"]) for entry in result.response["violations"] for node in entry["nodes"]
        ]
        assert violations == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.set_viewport_size({"width": 1280, "height": 900})
