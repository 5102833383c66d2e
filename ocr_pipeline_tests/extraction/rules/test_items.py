import pytest

from ocr_pipeline_tests.extraction.rules.printed import extract


def items(drawing: str) -> list[tuple[str | None, ...]]:
    """Description, quantity, unit, unit price and amount of each item, as text."""
    names = ("description", "quantity", "unit", "unit_price", "amount")
    parts = ([getattr(item, name) for name in names] for item in extract(drawing).invoice.line_items)
    return [tuple(None if part is None else str(part) for part in item) for item in parts]


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        pytest.param(
            """
            Pos  Beschreibung           Nettopreis     Menge      USt.    Betrag
            1    Grundpreis                 3,9000     1 Stk      7 %       3,90
                 (Pauschale)
            2    Stadtfahrt                 2,0000     6,5 Stk    7 %      13,00
            Rechnungssumme ohne USt.                                       16,90
            """,
            [
                ("Grundpreis (Pauschale)", "1", "Stk", "3.9000", "3.90"),
                ("Stadtfahrt", "6.5", "Stk", "2.0000", "13.00"),
            ],
            id="a table with a header, a description in two lines",
        ),
        pytest.param(
            """
            GTIN             Menge           Nettopreis      MwSt-%    Nettowert
            Artikelbezeichnung
            4123456000014    100,0000 Stk.       1,0000       19,0        100,00
            Zitronensäure 100ml
            4123456000021     50,0000 Stk.       1,4500        7,0         72,50
            Gelierzucker Extra 250g
            Nettobetrag                                                   172,50
            """,
            [
                ("Zitronensäure 100ml", "100.0000", "Stk.", "1.0000", "100.00"),
                ("Gelierzucker Extra 250g", "50.0000", "Stk.", "1.4500", "72.50"),
            ],
            id="the header says that descriptions stand below",
        ),
        pytest.param(
            """
            QTY UOM                U.Price      Amount
            WALL'S TOPTEN CHOCOLATE
            2                         1.60        3.20
            MAGNUM ALMOND
            1                         4.50        4.50
            Total                                 7.70
            """,
            [("WALL'S TOPTEN CHOCOLATE", "2", None, "1.60", "3.20"), ("MAGNUM ALMOND", "1", None, "4.50", "4.50")],
            id="descriptions above their amounts",
        ),
        pytest.param(
            """
            Pohlweg 110
            BIO HONIG                              3,29 C
            FITNESSBRÖTCHEN                        0,29 C
            RABATT                                -0,50
            ZU ZAHLEN EURO                         3,08
            MWST       Netto    MWST-BETRAG     BRUTTO
            C  7,00%    2,88           0,20       3,08
            """,
            [("BIO HONIG", None, None, None, "3.29"), ("FITNESSBRÖTCHEN", None, None, None, "0.29")],
            id="a receipt without a header; discounts are no items",
        ),
        pytest.param(
            """
            Marktkauf
            KIWIS
            3 X 0,79                               2,37 B
            BANANEN                                0,29 B
            SUMME EUR                              2,66
            """,
            [("KIWIS", "3", None, "0.79", "2.37"), ("BANANEN", None, None, None, "0.29")],
            id="quantity times price, without columns",
        ),
        pytest.param(
            """
            Pos   Bezeichnung         Menge   ME   E-Preis    Gesamt EUR
            1     Leerrohr EN20       6BD            17,85        107,10
            Übertrag                                              107,10
            """,
            [("Leerrohr EN20", "6", None, "17.85", "107.10")],
            id="the carry-over of a page is no item",
        ),
        pytest.param("Total   12.50\nCash   20.00\nChange   7.50", [], id="totals only"),
        pytest.param("Thank you\nPlease come again", [], id="no amounts"),
    ],
)
def test_items_of_a_document(drawing: str, expected: list[tuple[str | None, ...]]) -> None:
    assert items(drawing) == expected
