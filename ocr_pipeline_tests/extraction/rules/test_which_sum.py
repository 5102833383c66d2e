"""Documents with several sums: which one is the total, what is net amount and tax, and what is left to pay."""

import pytest

from ocr_pipeline_tests.extraction.rules.printed import extract

FIELDS = ("net_amount", "total_tax_amount", "total_amount", "amount_due")


def amounts(drawing: str) -> dict[str, str]:
    invoice = extract(drawing).invoice
    return {name: str(value) for name in FIELDS if (value := getattr(invoice, name)) is not None}


CASES = {
    "a previous balance is not part of the total": (
        """
        Utility Bill              Invoice no 88213
        Previous balance                       102.40
        Payments received                     -52.40
        Balance forward                         50.00
        Electricity supply                      54.87
        VAT 5%                                   2.74
        Total current charges                   57.61
        Total amount due                       107.61
        """,
        {"total_amount": "57.61", "total_tax_amount": "2.74", "amount_due": "107.61"},
    ),
    "the total is in the currency of the document": (
        """
        Invoice no 4711          Invoice date 12.03.2024
        Consulting                       EUR 1,000.00
        Net amount                       EUR 1,000.00
        VAT 19%                            EUR 190.00
        Total amount                     EUR 1,190.00
        Total amount                     USD 1,291.15
        """,
        {"net_amount": "1000.00", "total_tax_amount": "190.00", "total_amount": "1190.00"},
    ),
    "tax withheld in Italy": (
        """
        Fattura n. 12 del 04/03/2024
        Consulenza                         1.000,00
        Imponibile                         1.000,00
        IVA 22%                              220,00
        Totale fattura                     1.220,00
        Ritenuta d'acconto 20%              -200,00
        Netto a pagare                     1.020,00
        """,
        {"net_amount": "1000.00", "total_tax_amount": "220.00", "total_amount": "1220.00", "amount_due": "1020.00"},
    ),
    "tax withheld in Spain": (
        """
        Factura nº 2024/17        Fecha 04/03/2024
        Diseño web                         1.000,00
        Base imponible                     1.000,00
        IVA 21%                              210,00
        Total factura                      1.210,00
        Retención IRPF 15%                  -150,00
        Líquido a percibir                 1.060,00
        """,
        {"net_amount": "1000.00", "total_tax_amount": "210.00", "total_amount": "1210.00", "amount_due": "1060.00"},
    ),
    "tax withheld in India": (
        """
        Tax Invoice   Invoice No 118
        Professional fees               1,00,000.00
        Taxable Value                   1,00,000.00
        CGST 9%                            9,000.00
        SGST 9%                            9,000.00
        Invoice Total                   1,18,000.00
        Less TDS 10%                      10,000.00
        Net Payable                     1,08,000.00
        """,
        {
            "net_amount": "100000.00",
            "total_tax_amount": "18000.00",
            "total_amount": "118000.00",
            "amount_due": "108000.00",
        },
    ),
    "an advance payment": (
        """
        Rechnung Nr. 2024-17      Datum 12.03.2024
        Nettobetrag                        1.000,00 €
        MwSt 19%                             190,00 €
        Rechnungsbetrag                    1.190,00 €
        abzgl. Anzahlung                    -500,00 €
        Zahlbetrag                           690,00 €
        """,
        {"net_amount": "1000.00", "total_tax_amount": "190.00", "total_amount": "1190.00", "amount_due": "690.00"},
    ),
    "net including tax is the total": (
        """
        Rechnung Nr. 2021007834   Datum 23.04.2021
        Zwischentotal                      1'500.50
        MWST 7.7%                            115.54
        Netto inkl. MWST                   1'616.04
        """,
        {"net_amount": "1500.50", "total_tax_amount": "115.54", "total_amount": "1616.04"},
    ),
    "suggested tips": (
        """
        Receipt  Server Kim  Table 12
        Burger                                  14.00
        Steak                                   31.00
        Subtotal                                45.00
        Sales tax                                4.00
        Total                                   49.00
        Suggested tip
        15% Tip 6.75                      Total 55.75
        18% Tip 8.10                      Total 57.10
        20% Tip 9.00                      Total 58.00
        """,
        {"net_amount": "45.00", "total_tax_amount": "4.00", "total_amount": "49.00"},
    ),
    "two taxes of Canada": (
        """
        Facture n° 5399          Date de facture 2023-10-08
        Sous-total                         1 137,50 $
        TPS 5 %                               56,88 $
        TVQ 9,975 %                          113,47 $
        Total                              1 307,85 $
        """,
        {"net_amount": "1137.50", "total_tax_amount": "170.35", "total_amount": "1307.85"},
    ),
    "only the rate is printed": (
        """
        Kassenbon
        Kaffee                                  4,20
        Kuchen                                  5,00
        Summe                                   9,20
        inkl. 19 % MwSt
        Bar                                    10,00
        Rückgeld                                0,80
        """,
        {"net_amount": "7.73", "total_tax_amount": "1.47", "total_amount": "9.20"},
    ),
    "reverse charge": (
        """
        Invoice no 88     Invoice date 09/05/2025
        Taxable amount                    2,300.00 EUR
        VAT 0% (reverse charge)               0.00 EUR
        Total                             2,300.00 EUR
        """,
        {"net_amount": "2300.00", "total_tax_amount": "0.00", "total_amount": "2300.00"},
    ),
    "nothing to pay": (
        """
        Invoice No 660    Invoice date 14/06/2024
        Portrait session                     100.00
        Gift voucher                        -100.00
        Subtotal                              £0.00
        VAT 20%                               £0.00
        Total                                 £0.00
        """,
        {"net_amount": "0.00", "total_tax_amount": "0.00", "total_amount": "0.00"},
    ),
    "goods returned": (
        """
        Kassenbon
        Wasser 12x1,0                           5,49
        Pfand                                   3,30
        Leergut                               -19,80
        SUMME  EUR                            -11,01
        Auszahlung Bar                         11,01
        """,
        {"total_amount": "-11.01"},
    ),
    "carried forward": (
        """
        Rechnung Nr. 4        Datum 12.03.2024
        Bezeichnung                            Betrag
        Bretter                                100,00
        Schrauben                               50,00
        Übertrag                               150,00
        Übertrag von Seite 1                   150,00
        Montage                                 50,00
        Summe netto                            200,00
        MwSt 19%                                38,00
        Gesamtbetrag                           238,00
        """,
        {"net_amount": "200.00", "total_tax_amount": "38.00", "total_amount": "238.00"},
    ),
    "a service charge": (
        """
        Receipt  Table 4
        Subtotal                              100.00
        Service charge 10%                     10.00
        GST 9%                                  9.90
        Total                                 119.90
        """,
        {"total_tax_amount": "9.90", "total_amount": "119.90"},
    ),
    "several rates without sums": (
        """
        Rechnungsbetrag EUR                    81,00
        Bar                                   100,00
        Rückgeld                               19,00
        Netto            MwSt          Brutto
        B 20%   37,50        7,50       45,00
        C 10%   32,73        3,27       36,00
        """,
        {"net_amount": "70.23", "total_tax_amount": "10.77", "total_amount": "81.00"},
    ),
    "amounts without readable labels": (
        """
        zzz                10     5.924,87   59.248,70
        zzzz                                 59.248,70
        7 %                                   4.147,41
        zz                                   63.396,11
        """,
        {"net_amount": "59248.70", "total_tax_amount": "4147.41", "total_amount": "63396.11"},
    ),
    "labels behind their amounts": (
        """
        فاتورة ضريبية
        1,000.00        الإجمالي قبل الضريبة
        50.00           ضريبة القيمة المضافة
        1,050.00        المجموع الكلي
        """,
        {"net_amount": "1000.00", "total_tax_amount": "50.00", "total_amount": "1050.00"},
    ),
    "words of a block left of the sums are not their labels": (
        """
        Invoice no 77    Date 12/03/2024
        Wire transfer to                      NET INVOICE          2,978.00
        Chase Manhattan                       SALES TAX                0.00
        Reference invoice (you pay cash)      INVOICE TOTAL        2,978.00
        """,
        {"net_amount": "2978.00", "total_tax_amount": "0.00", "total_amount": "2978.00"},
    ),
    "a subtotal of the items, and a total with a charge that no word explains": (
        """
        Invoice no 77        Date 12/03/2024
        Consulting                              60.00
        Printing                                40.00
        Subtotal                               100.00
        Sales tax                                8.00
        Total                                  110.00
        """,
        {"net_amount": "100.00", "total_tax_amount": "8.00", "total_amount": "110.00"},
    ),
    "a tip that was added": (
        """
        Receipt  Server Kim  Table 12
        Subtotal                                45.00
        Tax                                      4.00
        Tip                                      9.00
        Total                                   58.00
        """,
        {"net_amount": "45.00", "total_tax_amount": "4.00", "total_amount": "58.00"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_which_sum(name: str) -> None:
    drawing, expected = CASES[name]
    found = amounts(drawing)
    assert {field: found.get(field) for field in expected} == expected
