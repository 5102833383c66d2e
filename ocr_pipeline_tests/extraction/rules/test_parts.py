"""Several invoices in one document: found, never mixed, and nothing else is taken for them."""

from decimal import Decimal

import pytest

from ocr_pipeline.documents.page_range import PageRange, parse_ranges
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.extraction.rules.parts import find_parts
from ocr_pipeline_tests.extraction.rules.printed import printed

GERMAN = """
    Putzblitz GmbH
    Ringstr. 5, 60311 Frankfurt
    USt-IdNr. DE198765431

    Rechnung
    Rechnungsnummer        {number}
    Rechnungsdatum         {date}

    Reinigung        1           {net}     {net}
    Nettobetrag                            {net} €
    19 % MwSt.                             {tax} €
    Gesamtbetrag                           {total} €
"""
A100 = GERMAN.format(number="A-100", date="03.03.2025", net="100,00", tax="19,00", total="119,00")
A101 = GERMAN.format(number="A-101", date="10.03.2025", net="250,00", tax="47,50", total="297,50")
A102 = GERMAN.format(number="A-102", date="17.03.2025", net="80,00", tax="15,20", total="95,20")

ENGLISH = """
    Northwind Supplies Ltd
    12 Mill Lane, Leeds LS1 4AB
    VAT No GB123456789

    INVOICE
    Invoice No: 5501                 Date: 14/03/2025

    Paper            4         5.00       20.00
    Subtotal                              20.00
    VAT 20%                                4.00
    Total                             GBP 24.00
"""
FIRST_OF_TWO = """
    Berger & Söhne KG
    Rechnung                               Seite 1 von 2
    Rechnungs-Nr. 2025/77
    Datum 05.05.2025

    Pos  Bezeichnung     Menge   Preis      Betrag
    1    Schrauben         10     2,00       20,00
    2    Dübel             10     3,00       30,00
    Übertrag                                 50,00
"""
SECOND_OF_TWO = """
    Berger & Söhne KG
    Rechnung                               Seite 2 von 2
    Rechnungs-Nr. {number}
    Datum 05.05.2025

    Übertrag                                 50,00
    3    Winkel            10     5,00       50,00
    Nettobetrag                             100,00
    MwSt. 19 %                               19,00
    Gesamtbetrag                            119,00
"""
TERMS = """
    Allgemeine Geschäftsbedingungen

    1. Die Rechnung ist innerhalb von 14 Tagen nach Rechnungsdatum zu zahlen.
    2. Ab einem Rechnungsbetrag von 50,00 € liefern wir frei Haus.
    3. Bei Zahlung bitte die Rechnungsnummer angeben.
"""
DELIVERY_NOTE = """
    Putzblitz GmbH
    Lieferschein
    Lieferschein-Nr. L-77            Datum 01.03.2025

    Pos   Artikel           Menge
    1     Reiniger          10
    2     Schwamm           20
"""
PAYMENT_SLIP = """
    Récépissé                   Section paiement
    Compte / Payable à
    CH44 3199 9123 0008 8901 2
    Monnaie  Montant
    CHF      119.00
"""
CREDIT_NOTE = """
    Putzblitz GmbH
    USt-IdNr. DE198765431

    Gutschrift
    Gutschrift Nr. G-7
    zu Rechnung A-100
    Datum 20.03.2025

    Reinigung                              -50,00
    Nettobetrag                            -50,00
    MwSt. 19 %                              -9,50
    Gesamtbetrag                           -59,50
"""
STATEMENT_OF_INVOICES = """
    Gesamtbetrag der folgenden Rechnungen
    Rechnung A-090          10,00
    Rechnung A-091          20,00
    Rechnung A-092          30,00
    Rechnung A-093          40,00
    Rechnung A-094          19,00
    Summe                  119,00
"""
RECEIPT = """
    {name}
    {site}

    RECEIPT
    Date: {date}

    Coffee                 {net}
    Cake                    2.00
    TOTAL               RM {total}
"""

ONE = {
    "one page": [A100],
    "terms behind": [A100, TERMS],
    "terms in front": [TERMS, A100],
    "a repeated header and number": [FIRST_OF_TWO, SECOND_OF_TWO.format(number="2025/77")],
    "the repeated number is misread": [FIRST_OF_TWO, SECOND_OF_TWO.format(number="2O25/77")],
    "the counter goes on, whatever the number": [FIRST_OF_TWO, SECOND_OF_TWO.format(number="2025/71")],
    "no number on the second page": [FIRST_OF_TWO, SECOND_OF_TWO.format(number="").replace("Seite 2 von 2", "")],
    "a delivery note in front": [DELIVERY_NOTE, A100],
    "a delivery note behind": [A100, DELIVERY_NOTE],
    "a delivery note that names its invoice": [A100, DELIVERY_NOTE + "\n    Rechnungsnummer A-100"],
    "a payment slip": [A100, PAYMENT_SLIP],
    "a copy": [A100, A100],
    "a list of other invoices": [A100, STATEMENT_OF_INVOICES],
    "a row about a credit": [A100, "    Gutschrift     -5,00 €\n    Gesamtbetrag   114,00 €"],
    "an empty page": [A100, ""],
    "nothing at all": ["", ""],
}
SEVERAL = {
    "three of one supplier": ([A100, A101, A102], ["1", "2", "3"]),
    "two suppliers": ([ENGLISH, A101], ["1", "2"]),
    "two suppliers with one number": ([A101, A101.replace("Putzblitz", "Glanz").replace("A-101", "B-7")], ["1", "2"]),
    "one page and two pages": ([A100, FIRST_OF_TWO, SECOND_OF_TWO.format(number="2025/77")], ["1", "2-3"]),
    "two pages and one page": ([FIRST_OF_TWO, SECOND_OF_TWO.format(number="2025/77"), A100], ["1-2", "3"]),
    "terms behind each": ([A100, TERMS, A101, TERMS], ["1-2", "3-4"]),
    "a delivery note before two": ([DELIVERY_NOTE, A100, A101], ["1-2", "3"]),
    "a credit note behind": ([A100, CREDIT_NOTE], ["1", "2"]),
    "receipts without numbers": (
        [
            RECEIPT.format(name="Kopi Corner", site="www.kopi.my", date="01/02/2025", net="3.00", total="5.00"),
            RECEIPT.format(name="Cake House", site="www.cakes.my", date="07/02/2025", net="4.50", total="6.50"),
        ],
        ["1", "2"],
    ),
}


@pytest.mark.parametrize("pages", ONE.values(), ids=ONE.keys())
def test_one_invoice_stays_one(pages: list[str]) -> None:
    assert find_parts(printed(*pages)) == [PageRange(1, len(pages))]
    assert extract_text(printed(*pages)).warnings == []


@pytest.mark.parametrize(("pages", "expected"), SEVERAL.values(), ids=SEVERAL.keys())
def test_several_invoices_are_found(pages: list[str], expected: list[str]) -> None:
    assert [str(part) for part in find_parts(printed(*pages))] == expected


@pytest.mark.parametrize(("pages", "expected"), SEVERAL.values(), ids=SEVERAL.keys())
def test_the_values_are_those_of_the_first_invoice_alone(pages: list[str], expected: list[str]) -> None:
    last = parse_ranges(expected[0])[0].last
    extraction, alone = extract_text(printed(*pages)), extract_text(printed(*pages[:last]))
    assert extraction.invoice == alone.invoice
    assert extraction.evidence == alone.evidence
    [warning] = extraction.warnings
    assert warning.startswith(f"{len(expected)} invoices on pages {', '.join(expected)}; values are those of the first")


def test_evidence_points_into_the_words_of_the_whole_document() -> None:
    text = printed(A100, A101)
    extraction = extract_text(text)
    assert extraction.invoice.total_amount == Decimal("119.00")
    place = extraction.evidence["total_amount"]
    assert [list(text.words())[index].text for index in place.words] == ["119,00"]


@pytest.mark.parametrize("text", ["0", "2-1", "1-2,2", "a", "1-", "", "3,1"])
def test_ranges_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="pages"):
        parse_ranges(text)
