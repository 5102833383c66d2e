from decimal import Decimal

import pytest

from ocr_pipeline_tests.extraction.rules.printed import extract


def amounts(drawing: str) -> dict[str, str]:
    """The amounts found, as text, without those that the document does not give."""
    invoice = extract(drawing).invoice
    names = ("net_amount", "total_tax_amount", "total_amount", "amount_due")
    return {name: str(value) for name in names if (value := getattr(invoice, name)) is not None}


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        pytest.param(
            """
            Total (Excluding GST):                          26.60
            Serv. Charge (10%):                              2.66
            GST Payable:                                     1.76
            Total (Inclusive of GST):                       31.02
            Rounding Adj:                                   -0.02
            TOTAL:                                          31.00
            CASH :                                          31.00
            GST Summary      Amount(RM)     Tax(RM)
            SR (@ 6%)             29.26        1.76
            """,
            {"net_amount": "29.26", "total_tax_amount": "1.76", "total_amount": "31.00", "amount_due": "31.00"},
            id="Malaysian receipt, rounded to the coin",
        ),
        pytest.param(
            """
            TOTAL INCL. GST@6%                           RM 8.60
            CASH                                        RM 20.00
            CHANGE                                      RM 11.40
            GST @6% included in total                    RM 0.49
            """,
            {"net_amount": "8.11", "total_tax_amount": "0.49", "total_amount": "8.60"},
            id="the tax that a total includes is no total",
        ),
        pytest.param(
            """
            Total 0% supplies:                              17.89
            Total 6% supplies (excl. GST):                  39.96
            GST:                                             2.39
            Total 6% supplies (Inc. GST):                   42.35
            Total 0% supplies:                              17.89
            Total Payable:                                  60.24
            """,
            {"total_tax_amount": "2.39", "total_amount": "60.24"},
            id="two totals make the grand total",
        ),
        pytest.param(
            """
            Total Qty:            6                         82.68
            Discount                                         0.00
            Total Sales (Inclusive of GST) :                82.68
            CASH :                                         100.00
            Change :                                        17.32
            GST Summary       Amt (RM)     Tax(RM)
            SR   6%              78.00        4.68
            Total :              78.00        4.68
            """,
            {"net_amount": "78.00", "total_tax_amount": "4.68", "total_amount": "82.68"},
            id="the total row of a tax summary is no total",
        ),
        pytest.param(
            """
            ZU ZAHLEN EURO                                  24,23
            BARGELD                                         40,00
            ZURÜCK                                          15,77
            MWST         Netto     MWST-BETRAG     BRUTTO
            C  7,00%     17,33            1,21      18,54
            D 19,00%      4,78            0,91       5,69
            """,
            {"net_amount": "22.11", "total_tax_amount": "2.12", "total_amount": "24.23"},
            id="German receipt: the sums of net amounts and taxes are computed",
        ),
        pytest.param(
            """
            Positionssumme                                 180,76
            Gesamtbetrag der Zuschläge                       5,80
            Gesamtbetrag der Abschläge                      -9,07
            Rechnungssumme ohne USt.                       177,49
            Steuerbetrag                                    20,16
            Bruttosumme                                    197,65
            Erhaltene Anzahlungen                          -50,00
            Zahlbetrag                                     147,65
            """,
            {"net_amount": "177.49", "total_tax_amount": "20.16", "total_amount": "197.65", "amount_due": "147.65"},
            id="German invoice with prepayment",
        ),
        pytest.param(
            """
            Warenwert      Nettobetrag     MwSt-Betrag     MwSt-%     Endbetrag
              326,50          321,40          61,07        19,0        382,47
              130,70          127,59           8,93         7,0        136,52
              457,20          448,99          70,00         EUR        518,99
            """,
            {"net_amount": "448.99", "total_tax_amount": "70.00", "total_amount": "518.99"},
            id="amounts in columns, their sums in the last row",
        ),
        pytest.param(
            """
            Total HT                                     624,90 €
            Total taxes                                   46,25 €
            Total TTC                                    671,15 €
            Solde à payer                                470,15 €
            """,
            {"net_amount": "624.90", "total_tax_amount": "46.25", "total_amount": "671.15", "amount_due": "470.15"},
            id="French invoice",
        ),
        pytest.param(
            """
            Net total: 496.00 €
            VAT total: 75.04 €
            Due payable: 571.04 €
            """,
            {"net_amount": "496.00", "total_tax_amount": "75.04", "total_amount": "571.04", "amount_due": "571.04"},
            id="a net total where tax comes on top",
        ),
        pytest.param(
            """
            Sub-Total                                       25.60
            Nett Total                                      25.60
            Cash                                            30.60
            Change                                           5.00
            """,
            {"total_amount": "25.60"},
            id="a net total after discounts",
        ),
        pytest.param(
            """
            Due                                             25.15
            Pay                                             25.15
            (Total Included GST @ 6% : 1.42)
            """,
            {
                "net_amount": "23.73",
                "total_tax_amount": "1.42",
                "total_amount": "25.15",
                "amount_due": "25.15",
            },
            id="what is 6 % of another amount is its tax",
        ),
        pytest.param(
            """
            RESTORAN SDN BHD
            @DISC 10.00%                                    -5.59
            TOTAL AMT....                RM                 60.31
            ROUNDING ADJ...                                 0Q1
                                         RM                 60.30
            """,
            {"total_amount": "60.30", "amount_due": "60.30"},
            id="the rounded total has no label",
        ),
        pytest.param(
            """
            Gesamtbeitrag                                1.000,00 €
            Versicherungsteuer                             163,40 €
            Rechnungsbetrag                              1.163,40 €
            """,
            {"net_amount": "1000.00", "total_tax_amount": "163.40", "total_amount": "1163.40"},
            id="total and tax say what the net amount is",
        ),
        pytest.param(
            """
            Diesel                      RM                  50.00
            Total Gross                 RM                   5000
            """,
            {"total_amount": "50.00"},
            id="the decimal mark is lost, the amount printed elsewhere",
        ),
        pytest.param(
            """
            ITEM A                                          25.00
            SubTotal                                        25.00
            Net Total                                         25.
            C                                               30.00
            """,
            {"total_amount": "25.00"},
            id="the cents are lost",
        ),
        pytest.param(
            """
            ITEM A                                           7.20
            TOTAL                                            1142
            CASH                                            20.00
            CHANGE                                           8.58
            """,
            {"total_amount": "11.42"},
            id="the decimal mark is lost, cash less change gives the amount",
        ),
        pytest.param(
            """
            BOOK                                            11.42
                                                            20.00
                                                             8.58
            """,
            {"total_amount": "11.42"},
            id="nothing is labelled",
        ),
        pytest.param(
            """
            ITEM A                                           2.28
            SUBIUIAL                                         2.28
            CASH                                             5.00
            CHANGE DUE                                       0.70
            """,
            {"total_amount": "2.28"},
            id="what was given is not the total if money was returned",
        ),
        pytest.param(
            """
            RESTORAN SDN BHD, KUALA LUMPUR MALAYSIA
            Total :                                         74.68
            Service Chg 10.00% :                             7.47
            GST 6% :                                         4.93
            Grand Total :                                   87.08
            Rounding Adjustment:                              0Q2
            Net Total :                                     87.10
            """,
            {"total_tax_amount": "4.93", "total_amount": "87.10", "amount_due": "87.10"},
            id="a rounded total although the rounding is misread",
        ),
        pytest.param("Thank you for 20 years\nTel 03-5542 3228", {}, id="no amounts at all"),
    ],
)
def test_amounts_of_a_document(drawing: str, expected: dict[str, str]) -> None:
    assert amounts(drawing) == expected


@pytest.mark.parametrize(
    ("drawing", "total", "correction"),
    [
        pytest.param(
            """
            TOTAL                                            5.60
            CASH                                            10.00
            CHANGE                                           1.40
            """,
            "8.60",
            "cash - change",
            id="one digit misread",
        ),
        pytest.param(
            """
            Subtotal                                       100.00
            GST 6%                                           6.00
            Total                                          106.08
            """,
            "106.00",
            "net + tax",
            id="net and tax prove the total wrong",
        ),
        pytest.param(
            """
            Total 0% supplies:                              19.83
            Total 6% supplies (Inc. GST):                   32.05
            Total 0% supplies:                              19.83
            Total Payable:                                 -51.88
            """,
            "51.88",
            "sum of totals",
            id="dirt read as a minus",
        ),
        pytest.param(
            """
            TOTAL                                          RM1250
            CASH                                            20.00
            CHANGE                                           7.50
            """,
            "12.50",
            "cash - change",
            id="a lost decimal point",
        ),
        pytest.param(
            """
            SUB-TOTAL                                       49.06
            GST                                              2.94
            TOTAL                                           52-00
            """,
            "52.00",
            "decimal mark misread",
            id="another mark for the decimal point",
        ),
        pytest.param(
            """
            TOTAL                                           1O.5S
            """,
            "10.55",
            "letters read as digits",
            id="letters for digits",
        ),
        pytest.param(
            """
            ITEM A                   2 X 1.30                2.60
            ITEM B                   1 X 3.00                3.00
            ITEM C                   1 X 8.00                8.00
            TOTAL                                           18.60
            """,
            "13.60",
            "sum of items",
            id="the items settle a digit that looks like another",
        ),
        pytest.param(
            """
            ITEM A                   2 X 1.30                2.60
            ITEM B                   1 X 3.00                3.00
            TOTAL                                            9.60
            """,
            "9.60",
            None,
            id="an item may be missing",
        ),
        pytest.param(
            """
            ITEM A                                           2.60
            ITEM B                                           3.00
            TOTAL                                            5.60
            CASH                                            10.00
            CHANGE                                           1.40
            """,
            "5.60",
            None,
            id="a total that its items support is not corrected",
        ),
        pytest.param(
            """
            Descripción           Cantidad   Precio        Importe
            Brocha                3          12.600        37.800
            Papel de lija         3          12.000        36.000
            Importe neto gravado                         $73.800
            19% IVA                                      S14.022
            Importe total                                587.822
            """,
            "87822",
            "net + tax",
            id="dollar signs read as S and 5",
        ),
    ],
)
def test_arithmetic_corrects_a_misread_total(drawing: str, total: str, correction: str | None) -> None:
    extraction = extract(drawing)
    assert extraction.invoice.total_amount == Decimal(total)
    assert extraction.evidence["total_amount"].correction == correction


@pytest.mark.parametrize(
    ("drawing", "field", "value", "correction"),
    [
        pytest.param(
            """
            Net amount                                     180.00
            VAT 20%                                         20.00
            Total                                          120.00
            Total due                                      120.00
            """,
            "net_amount",
            "100.00",
            "total - tax",
            id="net",
        ),
        pytest.param(
            """
            Net amount                                     100.00
            VAT 20%                                         26.00
            Total                                          120.00
            Total due                                      120.00
            """,
            "total_tax_amount",
            "20.00",
            "total - net",
            id="tax",
        ),
    ],
)
def test_a_rate_settles_a_misread_part(drawing: str, field: str, value: str, correction: str) -> None:
    extraction = extract(drawing)
    assert getattr(extraction.invoice, field) == Decimal(value)
    assert extraction.evidence[field].correction == correction
    assert extraction.invoice.total_amount == Decimal("120.00")
