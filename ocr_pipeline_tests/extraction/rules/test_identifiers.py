import pytest

from ocr_pipeline_tests.extraction.rules.printed import extract


@pytest.mark.parametrize(
    ("drawing", "number"),
    [
        ("Invoice No : 095-01/03124\nDate : 13/04/2018", "095-01/03124"),
        ("Doc No.        CS00004040      Date: 11/01/2019", "CS00004040"),
        ("Handelsrechnung (380) Nr. 471102 vom 05.06.2018", "471102"),
        ("Rechnung # RE-20140703/502 vom 03.07.2014", "RE-20140703/502"),
        ("Rechnungsnummer    471102\nRechnungsdatum     05.06.2013", "471102"),
        ("Facture FA-2017-0010\nDate de facture 13/11/2017", "FA-2017-0010"),
        ("Fattura n.\n63/2026\nData fattura\n16/03/2026", "63/2026"),
        ("CREDIT NOTE\nCredit note no    CN-00876\nAgainst invoice   SI-114502", "CN-00876"),
        ("Order No : 275705\nTax Invoice\nBill No : V015-673381", "V015-673381"),
        ("Invoice No      ST/24-25/0118\nDate            12-08-2024", "ST/24-25/0118"),
        ("Rechnungsnummer  RE 2024 0031\nDatum            05.06.2024", "RE20240031"),
        ("Rechnung\nNr. 00.123.456.7-2018-1 vom 18.04.2018", "00.123.456.7-2018-1"),
        ("Facture du 11/12/2022\nN° 12 345 678 901\nMontant   62,86", "12345678901"),
        ("Facture n°562044387 du 02/07/2015", "562044387"),
        ("FACTURA\nNÚMERO: ABC12345\nFecha de emisión: 15/09/2021", "ABC12345"),
        ("INVOICE\nNUMBER:   654123\nACCOUNT NO:   MSFT987", "654123"),
        ("Invoice #4471\nTotal   12.50", "4471"),
        ("Invoice number   INV-\n                 2026-0017\nTotal   12.50", "INV-2026-0017"),
        ("Nº         Data de emissão     Vencimento\nINV-98466  13/07/2024          02/08/2024\nFatura", "INV-98466"),
        (
            "Klant      Order      Factuur datum   Factuur\nSC030      SC044      8-9-2022        VF1005\nFactuur",
            "VF1005",
        ),
        ("Credit memo no.   CM-2209\nOriginal invoice  INV-9921", "CM-2209"),
        ("Invoice   13/04/2018\nTotal   12.50", None),
        ("TAX INVOICE\nDate : 13/04/2018\nTel 03-5542 3228", None),
        ("Kunden-Nr. : 009420\nLieferschein-Nr : L87654\nRechnung\nBetrag   12,00", None),
    ],
)
def test_the_number_of_the_invoice(drawing: str, number: str | None) -> None:
    assert extract(drawing).invoice.invoice_id == number


@pytest.mark.parametrize(
    ("drawing", "number"),
    [
        ("GST ID No: 001531760640   TAX INVOICE\nDate 12/03/2018", "001531760640"),
        ("Menuiserie Favre SA\nTél. 022 361 40 77 CHE-284.319.075 TVA\nFacture 118", "CHE-284.319.075TVA"),
        ("USt.-Id.-Nr. : DE123456789\nRechnung Nr. 12", "DE123456789"),
        ("UST-Ident-Nr. DE 281 260 691\nSumme   12,00", "DE281260691"),
        ("Kaufland\nDE213413740\nSumme   12,00", "DE213413740"),  # without any label
        ("Steuernummer : 123456789012\nUSt-IdNr DE12345678\nRechnung Nr. 12", "DE12345678"),
        ("Steuernummer : 201/113/40209\nRechnung Nr. 12", "201/113/40209"),
        ("TVA : FR11999999998 - SIRET : 99999999800010\nFacture FA-12", "FR11999999998"),
        ("TVA 8.1 %   330.48\nFacture 12\nMontant   400.00", None),
    ],
)
def test_the_tax_registration_of_the_supplier(drawing: str, number: str | None) -> None:
    assert extract(drawing).invoice.supplier_tax_id == number


@pytest.mark.parametrize(
    ("drawing", "number"),
    [
        ("PO Number: 4500-BHR\nInvoice No 12", "4500-BHR"),
        ("Bestell-Nr : B123456789\nBestell-Datum : 01.08.2013\nRechnung Nr. 12", "B123456789"),
        ("Votre référence   PO445\nFacture FA-12", "PO445"),
    ],
)
def test_the_order(drawing: str, number: str) -> None:
    assert extract(drawing).invoice.purchase_order == number


@pytest.mark.parametrize(
    ("drawing", "supplier", "receiver"),
    [
        # columns: seller's and buyer's number under one kind of label
        (
            "Tussock Hill Wines Limited    Invoice To:\n14 Karangahape Road           Pohutukawa Print Limited\n"
            "Auckland 1010                 114 Lambton Quay\nGST No: 049-091-850           GST No: 035-901-981\n\n"
            "Invoice no 12\nTotal   $12.00",
            "049-091-850",
            "035-901-981",
        ),
        # below each other, the buyer's block labelled
        (
            "Rio Verde Ltda\nCNPJ: 11.222.333/0001-81\n\nCliente:\nPadaria Sol Ltda\nCNPJ: 16.727.230/0001-97\n\n"
            "Valor total   R$ 12,00",
            "11.222.333/0001-81",
            "16.727.230/0001-97",
        ),
        # without any block: the first of two of one kind is the seller's
        (
            "Hansa OÜ\nKMKR EE102809963\nInvoice 12\nKMKR EE100931558\nTotal   12.00 EUR",
            "EE102809963",
            "EE100931558",
        ),
        # the first of two stands with the buyer, the seller's with its web address
        (
            "Hansa OÜ\nPikk 10, Tallinn\n\n          Lembitu AS\n          KMKR EE100931558\nInvoice 12\n"
            "Total   12.00 EUR\n+372 600 1234 info@hansa.ee www.hansa.ee KMKR EE102809963",
            "EE102809963",
            "EE100931558",
        ),
        # the label of another number, and a phone number
        ("Shop GmbH, Berlin\nTel. 136695976\nSumme   12,00", None, None),
        ("Shop Pty Ltd\nABN 51 824 753 556\nAccount no 53004085616\nTotal   $12.00", "51824753556", None),
        # words after the number that belong to it
        ("Fjord AS, Bergen\nOrg.nr. 988 077 917 MVA\nÅ betale   12,00", "988077917MVA", None),
        # the line was broken behind the label
        ("Maju Jaya · Jl. Sudirman 1 · Jakarta · NPWP:\n01.300.066.0-091.000\nTotal   Rp 12", "01.300.066.0-091.000", None),
        # the line was broken inside the number
        ("Gum Pty Ltd · 1 Rata St · Fitzroy VIC 3065 · ABN: 51 824\n753 556\nTotal   $12.00", "51824753556", None),
        ("Melor Sdn Bhd, 50450 Kuala Lumpur, SST No: W10-7590-\n88946288\nTotal   RM 12.00", "W10-7590-88946288", None),
        # words that are labels elsewhere
        ("HIER KAUF ICH EIN      0211/3398863\nSteuer-Nr.: 35039/20203\nSumme   12,00 EUR", "35039/20203", None),
        # a number for turnover tax is better than one of a register
        ("Bauer s.r.o.\nIČO: 25123891\nDIČ: CZ25123891\nCelkem   12,00 Kč", "CZ25123891", None),
        ("Tessuti S.r.l.\nC.F. RSSMRA85T10A562S\nP.IVA 00743110157\nTotale   12,00 EUR", "00743110157", None),
    ],
)  # fmt: skip
def test_numbers_of_seller_and_buyer(drawing: str, supplier: str | None, receiver: str | None) -> None:
    invoice = extract(drawing).invoice
    assert (invoice.supplier_tax_id, invoice.receiver_tax_id) == (supplier, receiver)
