import pytest

from ocr_pipeline.extraction.rules.fields.labelled_amounts import LabelledAmount, labelled
from ocr_pipeline_tests.extraction.rules.printed import read

CLASSES = ("total", "grand_total", "net", "tax", "incl", "excl", "rounding", "tax_summary")


def amounts(drawing: str) -> list[LabelledAmount]:
    return labelled(read(drawing))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("Total   12.50", {"total"}),
        ("Total incl. GST   8.60", {"total", "incl"}),  # GST says what is included
        ("GST included in total   0.49", {"tax"}),  # total says in what it is included
        ("Total excl. GST   8.11", {"total", "excl"}),
        ("Rounding   0.02", {"rounding"}),
        ("Rounding   182.00", {"grand_total"}),  # no small change: the rounded total
        ("SR @ 6%   78.00   4.68", {"net", "tax_summary"}),
        ("Total Z @ 0%   78.00   0.00", {"net", "tax_summary"}),
        ("Total 6%   78.00   9.99", {"total"}),  # 9.99 is no tax on it
    ],
)
def test_what_the_first_amount_of_a_row_is(row: str, says: set[str]) -> None:
    first, *_ = amounts("TAX INVOICE\n" + row)
    assert {name for name in CLASSES if first.says(name)} == says


def test_a_label_counts_less_for_an_amount_behind_another() -> None:
    first, second = amounts("Total   12.00   34.00")
    assert (first.labels.left["total"], second.labels.left["total"]) == (1.0, 0.5)


def test_an_amount_alone_takes_the_label_of_the_row_above() -> None:
    (alone,) = amounts("Grand Total\n             31.00 SR")
    assert alone.says("grand_total")
    _, beside_text = amounts("Grand Total   31.00\nNASI LEMAK   12.00")
    assert not beside_text.labels.left


def test_an_amount_has_the_label_of_its_column() -> None:
    drawing = """
        Nettobetrag     MwSt-Betrag
             100,00           19,00
             200,00           38,00
    """
    above = [amount.labels.above for amount in amounts(drawing)]
    assert ["net" in labels for labels in above] == [True, False, True, False]
    assert above[0]["net"] > above[2]["net"]


def test_text_between_a_header_and_an_amount_hides_the_header() -> None:
    (amount,) = amounts("Nettobetrag\nLieferung\n12,00 XYZW")
    assert "net" not in amount.labels.above
