"""The second part of the study: amounts right, off by a power of ten, or wrong; and what finds an error of scale."""

from decimal import Decimal

import pytest

from ocr_pipeline.schemas import Extraction, Invoice, Label
from ocr_pipeline.study import scale
from ocr_pipeline.study.cord import Receipt, label_of
from ocr_pipeline.study.cord_tables import found_by, told
from ocr_pipeline.study.words import text_of_cord


@pytest.mark.parametrize(
    ("truth", "value", "kind"),
    [
        ("161000", "161000.00", "right"),
        ("161000", "161", "power"),
        ("161", "161000", "power"),
        ("161000", "160999", "wrong"),
        ("161000", "161100", "wrong"),
        ("0", "161", "wrong"),
        ("161000", None, "missing"),
        (None, "161", "spurious"),
        (None, None, None),
    ],
)
def test_kinds_of_values(truth: str | None, value: str | None, kind: str | None) -> None:
    parsed = [None if text is None else Decimal(text) for text in (truth, value)]
    assert scale.kind_of(*parsed) == kind


def test_amounts_and_their_f1() -> None:
    labels = {str(n): Invoice(total_amount=Decimal(1000 * n) if n else None) for n in range(5)}
    values = [None, "1000", "2", "2999", None]
    answers = {str(n): Extraction(invoice=Invoice.model_validate({"total_amount": v})) for n, v in enumerate(values)}
    tally = scale.amounts("total_amount", labels, answers)
    assert dict(tally.kinds) == {"right": 1, "power": 1, "wrong": 1, "missing": 1}
    assert tally.counts.labelled == 4
    assert tally.counts.f1 == pytest.approx(2 / 7), "3 given, 4 labelled"


def test_prices_of_items() -> None:
    label = Invoice.model_validate(
        {"line_items": [{"description": d, "amount": a} for d, a in (("Tea", 5000), ("Rice", 9000))]}
    )
    answer = Invoice.model_validate(
        {"line_items": [{"description": d, "amount": a} for d, a in (("Rice", 9), ("Tea", 5000), ("Tax", 1))]}
    )
    counts = scale.prices({"a": label}, {"a": Extraction(invoice=answer)})
    assert dict(counts.kinds) == {"right": 1, "power": 1, "spurious": 1}


def page(*words: str) -> Receipt:
    lines = [{"words": [[word, 10, y, 90, y, 90, y + 9, 10, y + 9]]} for y, word in enumerate(words, 1)]
    text = text_of_cord({"image_size": {"width": 100, "height": 100}, "lines": lines})
    return Receipt("train_000", Label(invoice=Invoice(total_amount=Decimal(161000))), text, None)


def test_sums_that_are_off_by_the_same_power_still_add_up() -> None:
    items = [{"amount": 100}, {"amount": 61}]
    wrong = Invoice.model_validate({"total_amount": 161, "line_items": items})
    assert scale.sums_agree(wrong) is True, "arithmetic does not find an error of scale"
    assert scale.sums_agree(wrong.model_copy(update={"total_amount": Decimal(162)})) is False
    assert scale.sums_agree(Invoice(total_amount=Decimal(1))) is None
    [_, _, row, other, _] = found_by([page("161.000")], {"gemini": {"train_000": Extraction(invoice=wrong)}})
    assert row == "| `gemini` | off by a power of ten | 1 | 1 | 0 | 1 |"
    assert other == "| `gemini` | other | 0 | 0 | 0 | 0 |"


def test_a_label_has_the_typed_amounts_and_the_items_of_gt_parse() -> None:
    row = {
        "doc_id": "train_001",
        "amounts": {"total": 9000.0, "tax": 818.0, "subtotal": 8182.0},
        "gt_parse": {"menu": [{"nm": "Tea", "price": "8,182"}], "total": {"total_price": "9,0OO"}},
    }
    invoice = label_of(row).invoice
    assert (invoice.total_amount, invoice.total_tax_amount) == (Decimal(9000), Decimal(818))
    assert [item.amount for item in invoice.line_items] == [Decimal(8182)]


def test_a_table_compares_only_systems_that_answered_all_of_its_receipts() -> None:
    answer = Extraction(invoice=Invoice(total_amount=Decimal(161000)))
    tables = dict(told([page("161.000")], {"everything": {"train_000": answer}, "nothing": {}}))
    assert "`everything`" in "\n".join(tables["CORD: all receipts (1)"])
    assert "`nothing`" not in "\n".join(tables["CORD: all receipts (1)"])
