"""Rows of line items: what labels teach about spurious rows, and for which documents."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.learned.extractor import LearnedExtractor
from ocr_pipeline.extraction.learned.model import Model
from ocr_pipeline.extraction.learned.rows import RowModel, kind_of
from ocr_pipeline.extraction.rules import reading
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.schemas import Invoice, Label, LineItem, OcrText
from ocr_pipeline.training.examples import Example
from ocr_pipeline.training.models import train_model
from ocr_pipeline.training.rows import MIN_DOCUMENTS, fit, right_rows
from ocr_pipeline_tests.extraction.rules.printed import printed


def invoice(number: int) -> OcrText:
    """Two items, and a row of the table that the label has not: it has no quantity."""
    first, second = 10 + number, 20 + number
    return printed(
        f"""
        Muster GmbH                      Rechnung Nr. {1000 + number}
        Kunde: Hans Muster               Zahlbar bis 04.07.2018
        Pos  Beschreibung           Menge     Preis    Betrag
        1    Grundpreis             1 Stk     {first},00     {first},00
        2    Stadtfahrt             1 Stk     {second},00     {second},00
             Lieferpauschale                            5,00
        Gesamtbetrag                                   {first + second + 5},00
        """
    )


def example(number: int) -> Example:
    first, second = 10 + number, 20 + number
    sold = [
        LineItem(description=name, quantity=Decimal(1), unit_price=Decimal(price), amount=Decimal(price))
        for name, price in (("Grundpreis", first), ("Stadtfahrt", second))
    ]
    label = Label(invoice=Invoice(line_items=sold, total_amount=Decimal(first + second + 5)))
    return Example(f"i{number:02}", f"i{number:02}", invoice(number), label, f"i{number:02}")


EXAMPLES = [example(number) for number in range(25)]


@pytest.fixture(scope="module")
def model() -> Model:
    found = train_model(EXAMPLES, "pixel")
    assert found is not None
    return found


def amounts(model: Model, folder: Path, text: OcrText, document_id: str = "new") -> list[str]:
    def no_pages() -> Any:
        raise AssertionError("it reads words alone")

    model.save(folder / "model.json")
    made = LearnedExtractor()
    made.use(folder / "model.json")
    result = made.extract(ExtractionInput(document_id=document_id, open=no_pages, text=text))
    return [str(item.amount) for item in result.invoice.line_items]


def test_a_row_that_labels_have_not_is_dropped(model: Model, tmp_path: Path) -> None:
    text = invoice(60)
    assert [str(item.amount) for item in extract_text(text).invoice.line_items] == ["70.00", "80.00", "5.00"]
    assert amounts(model, tmp_path, text) == ["70.00", "80.00"]
    report = {"documents": 25, "rows": 75, "invented": 25, "dropped_invented": 25, "dropped_items": 0}
    assert model.rows["DE invoice"].report == report


def test_documents_of_another_kind_are_left_alone(model: Model, tmp_path: Path) -> None:
    """Without quantities nothing of it would be left."""
    receipt = printed(
        """
        KEDAI ALPHA SDN BHD
        Description             Amount
        TEH TARIK                 2.50
        ROTI CANAI                3.50
        Total RM                  6.00
        Cash                     10.00
        Change                    4.00
        """
    )
    assert kind_of(reading.read(receipt)) == "MY receipt"
    assert amounts(model, tmp_path, receipt) == ["2.50", "3.50"]
    learned = model.rows["DE invoice"]
    drops_last = learned.model_copy(update={"whole": RowModel(weights={"last": -9.0}, bias=5.0)})
    changed = model.model_copy(update={"rows": {"DE invoice": drops_last}})
    assert amounts(changed, tmp_path, receipt) == ["2.50", "3.50"]
    assert amounts(changed, tmp_path, invoice(60)) == ["70.00", "80.00"]


def test_a_labelled_document_is_read_by_what_has_not_seen_it(model: Model, tmp_path: Path) -> None:
    fold = model.fold_of["document"]["i00"]
    keeps_all = RowModel(weights={}, bias=9.0)
    learned = model.rows["DE invoice"]
    splits = {
        by: tuple(keeps_all if index == fold else one for index, one in enumerate(folds))
        for by, folds in learned.splits.items()
    }
    changed = model.model_copy(update={"rows": {"DE invoice": learned.model_copy(update={"splits": splits})}})
    assert len(amounts(changed, tmp_path, invoice(0), "i00")) == 3
    assert len(amounts(changed, tmp_path, invoice(0), "new")) == 2


def test_where_no_row_seems_to_be_an_item_all_are_kept() -> None:
    drops_all = RowModel(weights={"quantity": 9.0}, bias=-5.0)
    assert drops_all.kept([{"quantity": 0.0}, {"quantity": 0.0}]) == [True, True]
    assert drops_all.kept([{"quantity": 1.0}, {"quantity": 0.0}]) == [True, False]
    assert drops_all.kept([]) == []


def test_too_few_labels_teach_nothing() -> None:
    few = train_model([*EXAMPLES[: MIN_DOCUMENTS - 1]], "pixel")
    assert few is None or few.rows == {}
    assert fit([{"a": 1.0}], [True]) is None
    assert right_rows(Invoice(), Label(invoice=Invoice())) is None, "a label without rows"
