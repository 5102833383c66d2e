"""Labels of synthetic pages say where their values were drawn."""

import random
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

Page: Any = import_module("synthetic_page").Page


@pytest.mark.parametrize(("drawn", "first"), [("4711", 20.0), ("No 4711 x", 20.0 + 3 * 10.4)])
def test_a_value_is_where_its_text_was_put(drawn: str, first: float) -> None:
    page = Page(400.0, 0.0, random.Random(1))
    with page.drawing("invoice_id", "4711"):
        page.left(drawn)
    page.left("4711")  # not drawn as the value
    page.read(0.0)
    [place] = page.boxes()["invoice_id"]
    assert (place.box[0] * page.width, place.box[2] * page.width) == pytest.approx((first, first + 4 * 10.4))
    top = (20 + page.slope * 20) / page.bottom
    assert place.box[1] == pytest.approx(top), "as the page slopes when it is read"


def test_a_value_on_two_lines_is_one_place_and_one_that_was_not_drawn_has_none() -> None:
    page = Page(400.0, 0.0, random.Random(1))
    with page.drawing("supplier_name", "GREEN TEA HOUSE"):
        page.left("GREEN TEA")
        page.left("HOUSE")
    with page.drawing("due_date", "2026-01-02"):
        page.left("nothing of it")
    page.read(0.0)
    [place] = page.boxes()["supplier_name"]
    assert (place.box[3] - place.box[1]) * page.bottom == pytest.approx(1.3 * 20 + 20)
    assert set(page.boxes()) == {"supplier_name"}
