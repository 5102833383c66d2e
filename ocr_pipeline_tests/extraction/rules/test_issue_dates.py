from datetime import date

import pytest

from ocr_pipeline_tests.extraction.rules.printed import extract


@pytest.mark.parametrize(
    ("drawing", "issued", "due"),
    [
        pytest.param(
            """
            Stylesheet-Version : 2.0 vom 18.10.2018
            Handelsrechnung Nr. 471102 vom 05.06.2018
            Liefer- und Leistungsdatum : 03.06.2018
            Rechnung gemäß Bestellung Nr. 2018-471331 vom 01.03.2018.
            Zahlbar bis zum 04.07.2018
            """,
            date(2018, 6, 5),
            date(2018, 7, 4),
            id="invoice, delivery, order and due date",
        ),
        pytest.param(
            """
            Date de facture            13/11/2017
            Date d'échéance            13/12/2017
            Virement                   05/11/2017   201,00 €
            """,
            date(2017, 11, 13),
            date(2017, 12, 13),
            id="each date has its label",
        ),
        pytest.param(
            "Invoice date: 27/02/2026   Due date: 29/03/2026", date(2026, 2, 27), date(2026, 3, 29), id="in one row"
        ),
        pytest.param(
            """
            GARDENIA BAKERIES
            28/05/18 11:41
            Membership valid until 31/12/2020
            """,
            date(2018, 5, 28),
            None,
            id="the time of the sale stands beside it",
        ),
        pytest.param(
            "Lieferdatum 02.03.2018\nGeburtsdatum 01.02.1995\n                                    05.03.2018",
            date(2018, 3, 5),
            None,
            id="other dates first",
        ),
        pytest.param(
            "Zahlbar bis 04.07.2018\n                                    05.06.2018",
            date(2018, 6, 5),
            date(2018, 7, 4),
            id="the due date first",
        ),
        pytest.param("Promotion 01/05/2018\n28/05/2018 11:41", date(2018, 5, 28), None, id="a time beside the second"),
        pytest.param(
            "Shop\nBread 2.00\nCash 2.00\nThanks\nDelivery date 26/03/18", date(2018, 3, 26), None, id="the only date"
        ),
        pytest.param(
            "KEDAI SDN BHD, KUALA LUMPUR MALAYSIA\nGST ID 000292065280\nDate 04-05-2013",
            date(2018, 5, 4),
            None,
            id="a year before the tax existed is misread",
        ),
        pytest.param(
            "KEDAI SDN BHD, KUALA LUMPUR MALAYSIA\nGST ID 000292065280\nDate 04-05-2019",
            date(2019, 5, 4),
            None,
            id="labels of a tax outlive it",
        ),
        pytest.param("Total   12.50\nThank you", None, None, id="no date"),
    ],
)
def test_invoice_date_and_due_date(drawing: str, issued: date | None, due: date | None) -> None:
    invoice = extract(drawing).invoice
    assert (invoice.invoice_date, invoice.due_date) == (issued, due)
