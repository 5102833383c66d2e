import pytest

from ocr_pipeline.extraction.rules.fields import addresses
from ocr_pipeline_tests.extraction.rules.printed import extract, read


@pytest.mark.parametrize(
    ("drawing", "code"),
    [
        ("Total   RM 12.50", "MYR"),
        ("Kuala Lumpur\nTotal   $12.50", "MYR"),  # Malaysian receipts print $, too
        ("Total   $12.50", "USD"),
        ("Summe EUR   12,50", "EUR"),
        ("Montant CHF   12.50", "CHF"),
        ("RESTORAN SDN BHD\nTotal   12.50", "MYR"),  # nothing but the country
        ("Total   12.50", None),
    ],
)
def test_the_currency(drawing: str, code: str | None) -> None:
    assert extract(drawing).invoice.currency == code


@pytest.mark.parametrize(
    ("drawing", "kind"),
    [
        ("TAX INVOICE\nTotal   12.50\nCash   20.00\nChange   7.50", "receipt"),
        ("Rechnung Nr. 12\nKunde:\nHans Muster\nZahlbar bis 04.07.2018", "invoice"),
        ("Avoir AV-2017-0005\nFacture liée FA-2017-0010\nTotal TTC   -233,47 €", "credit_note"),
        ("Credit memo no.   CM-2209\nTotal   (23.00)", "credit_note"),
        ("CAFE LUNA\nTisch 4   21.10.24 13:10\nKaffee   3,00\nKarte   3,00", "receipt"),
        ("Muster AG\nZahlbar bis 04.07.2018\nIBAN CH48 0900 0000 8575 7337 2\nBetrag   12,00", "invoice"),
        (
            "Kaffeehaus Lindenhof\nRechnung Nr. 4-20431   Tisch 12\n14.03.2026 10:52\nSUMME   8,40\nGegeben Bar   10,00",
            "receipt",
        ),
        ("Facture n° 2026-0148\nAcompte reçu le 02.02.2026   -150.00\nSolde à payer CHF   29.10", "invoice"),
        ("Hello world", None),
    ],
)
def test_the_kind_of_document(drawing: str, kind: str | None) -> None:
    assert extract(drawing).invoice.document_type == kind


@pytest.mark.parametrize(
    ("drawing", "lines"),
    [
        pytest.param(
            """
            MWST         Netto     MWST-BETRAG     BRUTTO
            C  7,00%     17,33            1,21      18,54
            D 19,00%      4,78            0,91       5,69
            """,
            [("7", "17.33", "1.21"), ("19", "4.78", "0.91")],
            id="two rates",
        ),
        pytest.param("Net total   185.80\nVAT @ 20%   37.16", [("20", "185.80", "37.16")], id="net in another row"),
        pytest.param("TVA collectée 5,5%   543,00 €   29,87 €", [("5.5", "543.00", "29.87")], id="a broken rate"),
        pytest.param("Z @ 0%   12.00   0.00", [("0", "12.00", "0.00")], id="zero-rated"),
        pytest.param("Discount 10%   50.00   45.00", [], id="a discount is no tax"),
    ],
)
def test_tax_lines(drawing: str, lines: list[tuple[str, str, str]]) -> None:
    found = extract(drawing).invoice.tax_lines
    assert [(str(line.rate), str(line.net_amount), str(line.amount)) for line in found] == lines


@pytest.mark.parametrize(
    ("drawing", "address"),
    [
        (
            "ALPHA TRADING SDN BHD\n12, JALAN BESAR\n81200 JOHOR BAHRU\nTEL 07-1234567",
            "12, JALAN BESAR, 81200 JOHOR BAHRU",
        ),
        (
            "ALPHA TRADING SDN BHD\n12, JALAN BESAR        Date 27 May 2018\n81200 JOHOR BAHRU      Due 27 June 2018",
            "12, JALAN BESAR, 81200 JOHOR BAHRU",  # the dates are those of another column
        ),
        ("ALPHA TRADING SDN BHD\n27 May 2018 18:25\nTotal   12.50", None),  # no house number
        ("ALPHA TRADING SDN BHD\nTotal   12.50", None),
    ],
)
def test_the_address(drawing: str, address: str | None) -> None:
    assert extract(drawing).invoice.supplier_address == address


def test_other_lines_are_candidates_that_the_rules_do_not_take() -> None:
    """For what learns to choose."""
    drawing = "ALPHA TRADING SDN BHD\n12, JALAN BESAR\n81200 JOHOR BAHRU\nOPEN ALL DAY"
    found = extract(drawing)
    values = [one.value for one in found.candidates if one.field == "supplier_address"]
    assert values == [found.invoice.supplier_address] == ["12, JALAN BESAR, 81200 JOHOR BAHRU"]
    reading = read(drawing)
    for name in (reading.rows[0].span, None):
        assert "12, JALAN BESAR" in [run.value for run in addresses.runs(reading, name)]
