"""One document per language, drawn after real ones: what the rules read in it, field by field."""

import pytest

from ocr_pipeline_tests.extraction.rules.printed import extract

FRENCH = """
    BOULANGERIE DU PONT SARL
    12 rue des Tanneurs
    38000 Grenoble
    SIRET 812 345 678 00019
    N° TVA FR40812345678

    TICKET N° 004512
    Date : 14/09/2023  08:42
    Désignation          Qté     Prix      Montant
    Baguette tradition     2     1,20         2,40
    Tarte aux pommes       1    18,50        18,50
    Sous-total                               20,90
    Remise                                   -1,00
    TOTAL TTC                                19,90 €
    dont TVA 5,5%                             1,04 €
    Espèces                                  20,00 €
    Rendu                                     0,10 €
    Merci de votre visite
"""
SPANISH = """
    FERRETERÍA EL MARTILLO S.L.
    Calle Mayor 45
    28013 Madrid
    NIF: B12345674

    FACTURA SIMPLIFICADA   Nº factura: T-2023/0981
    Fecha: 05/11/2023
    Descripción            Cantidad   Precio     Importe
    Tornillos 4x40                3     2,50        7,50
    Taladro percutor              1    89,90       89,90
    Base imponible                                 80,50
    IVA 21%                                        16,90
    TOTAL A PAGAR                                  97,40 €
    Tarjeta                                        97,40 €
"""
ITALIAN = """
    TRATTORIA DA GINO S.R.L.
    Via Garibaldi 8
    40124 Bologna BO
    P.IVA 01234567890

    DOCUMENTO COMMERCIALE
    Data 21-06-2024 13:37
    Documento n. 0123-0042
    Descrizione                                  Prezzo
    Tagliatelle al ragù                           12,00
    Acqua naturale                                 2,50
    Coperto                                        2,00
    TOTALE COMPLESSIVO                            16,50
    di cui IVA 10%                                 1,50
    Pagamento contante                            20,00
    Resto                                          3,50
"""
GERMAN = """
    Elektro Sommer GmbH
    Hauptstraße 17
    50667 Köln
    USt-IdNr. DE213413740

    Frau Erika Beispiel
    Ringweg 3
    50996 Köln

    Rechnung Nr. RE-2024-118
    Rechnungsdatum: 03.02.2024
    Fällig am: 17.02.2024
    Pos  Beschreibung            Menge     Einzelpreis      Gesamt
    1    Montage Wallbox         2 Std           65,00      130,00
    2    Kabel NYM 5x6           12 m             4,25       51,00
    Nettobetrag                                             181,00
    MwSt 19%                                                 34,39
    Rechnungsbetrag                                      215,39 EUR
"""
MALAY = """
    KEDAI MAKAN SELERA UTARA SDN BHD
    (1098765-K)
    NO 18, JALAN MERBAU 2
    TAMAN MELATI
    53100 KUALA LUMPUR
    NO GST: 001234567890
    NO RESIT: 20180012
    TARIKH: 23/02/2018 13:05
    NASI LEMAK              2 X 6.50         13.00
    TEH TARIK               2 X 2.20          4.40
    JUMLAH KECIL                             17.40
    CUKAI PERKHIDMATAN 6%                     1.04
    PEMBUNDARAN                               0.01
    JUMLAH BESAR                          RM 18.45
    TUNAI                                 RM 20.00
    BAKI                                   RM 1.55
    TERIMA KASIH
"""
AMERICAN = """
    Maple Street Hardware Inc.
    210 Maple Street
    Portland, OR 97205

    RECEIPT NO: 55-10482
    Date: 03/14/2024   04:18 PM
    Paint roller 9in                           $12.99
    Masking tape                 2 @ 3.50       $7.00
    SUBTOTAL                                   $19.99
    SALES TAX 8%                                $1.60
    TOTAL                                      $21.59
    VISA                                       $21.59
"""
BRITISH = """
    Harbour Lane Studio Ltd
    4 Harbour Lane
    Bristol BS1 4RB
    VAT No: GB 123 4567 89

    Bill to:
    Orchard Foods plc

    INVOICE
    Invoice number: HLS-0231
    Invoice date: 7 March 2025
    Due date: 6 April 2025
    Description                 Qty    Unit price        Amount
    Packaging design              1        950.00        950.00
    Print proofs                  4         18.75         75.00
    Net amount                                         £1,025.00
    VAT 20%                                              £205.00
    Total due                                          £1,230.00
"""


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        pytest.param(
            FRENCH,
            {
                "document_type": "receipt",
                "supplier_name": "BOULANGERIE DU PONT SARL",
                "supplier_address": "12 rue des Tanneurs, 38000 Grenoble",
                "supplier_tax_id": "FR40812345678",
                "invoice_id": "004512",
                "invoice_date": "2023-09-14",
                "currency": "EUR",
                "total_tax_amount": "1.04",
                "total_amount": "19.90",
            },
            id="French receipt",
        ),
        pytest.param(
            SPANISH,
            {
                "document_type": "receipt",
                "supplier_name": "FERRETERÍA EL MARTILLO S.L.",
                "supplier_address": "Calle Mayor 45, 28013 Madrid",
                "supplier_tax_id": "B12345674",
                "invoice_id": "T-2023/0981",
                "invoice_date": "2023-11-05",
                "currency": "EUR",
                "net_amount": "80.50",
                "total_tax_amount": "16.90",
                "total_amount": "97.40",
            },
            id="Spanish simplified invoice",
        ),
        pytest.param(
            ITALIAN,
            {
                "document_type": "receipt",
                "supplier_name": "TRATTORIA DA GINO S.R.L.",
                "supplier_address": "Via Garibaldi 8, 40124 Bologna BO",
                "supplier_tax_id": "01234567890",
                "invoice_id": "0123-0042",
                "invoice_date": "2024-06-21",
                "currency": "EUR",
                "total_tax_amount": "1.50",
                "total_amount": "16.50",
            },
            id="Italian receipt",
        ),
        pytest.param(
            GERMAN,
            {
                "document_type": "invoice",
                "supplier_name": "Elektro Sommer GmbH",
                "supplier_address": "Hauptstraße 17, 50667 Köln",
                "supplier_tax_id": "DE213413740",
                "invoice_id": "RE-2024-118",
                "invoice_date": "2024-02-03",
                "due_date": "2024-02-17",
                "currency": "EUR",
                "net_amount": "181.00",
                "total_tax_amount": "34.39",
                "total_amount": "215.39",
            },
            id="German invoice",
        ),
        pytest.param(
            MALAY,
            {
                "document_type": "receipt",
                "supplier_name": "KEDAI MAKAN SELERA UTARA SDN BHD",
                "supplier_tax_id": "001234567890",
                "invoice_id": "20180012",
                "invoice_date": "2018-02-23",
                "currency": "MYR",
                "total_tax_amount": "1.04",
                "total_amount": "18.45",
            },
            id="Malay receipt",
        ),
        pytest.param(
            AMERICAN,
            {
                "document_type": "receipt",
                "supplier_name": "Maple Street Hardware Inc.",
                "invoice_id": "55-10482",
                "invoice_date": "2024-03-14",
                "currency": "USD",
                "net_amount": "19.99",
                "total_tax_amount": "1.60",
                "total_amount": "21.59",
            },
            id="American receipt",
        ),
        pytest.param(
            BRITISH,
            {
                "document_type": "invoice",
                "supplier_name": "Harbour Lane Studio Ltd",
                "supplier_tax_id": "GB123456789",
                "receiver_name": "Orchard Foods plc",
                "invoice_id": "HLS-0231",
                "invoice_date": "2025-03-07",
                "due_date": "2025-04-06",
                "currency": "GBP",
                "net_amount": "1025.00",
                "total_tax_amount": "205.00",
                "total_amount": "1230.00",
            },
            id="British invoice",
        ),
    ],
)
def test_a_document_of_each_language(drawing: str, expected: dict[str, str]) -> None:
    found = extract(drawing).invoice.model_dump(mode="json")
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("drawing", "items"),
    [
        (FRENCH, [("Baguette tradition", "2", "1.20", "2.40"), ("Tarte aux pommes", "1", "18.50", "18.50")]),
        (SPANISH, [("Tornillos 4x40", "3", "2.50", "7.50"), ("Taladro percutor", "1", "89.90", "89.90")]),
        (
            ITALIAN,
            [
                ("Tagliatelle al ragù", None, None, "12.00"),
                ("Acqua naturale", None, None, "2.50"),
                ("Coperto", None, None, "2.00"),
            ],
        ),
        (GERMAN, [("Montage Wallbox", "2", "65.00", "130.00"), ("Kabel NYM 5x6", "12", "4.25", "51.00")]),
        (MALAY, [("NASI LEMAK", "2", "6.50", "13.00"), ("TEH TARIK", "2", "2.20", "4.40")]),
        (AMERICAN, [("Paint roller 9in", None, None, "12.99"), ("Masking tape", "2", "3.50", "7.00")]),
        (BRITISH, [("Packaging design", "1", "950.00", "950.00"), ("Print proofs", "4", "18.75", "75.00")]),
    ],
    ids=["fr", "es", "it", "de", "ms", "en-US", "en-GB"],
)
def test_its_items(drawing: str, items: list[tuple[str | None, ...]]) -> None:
    names = ("description", "quantity", "unit_price", "amount")
    found = [item.model_dump(mode="json") for item in extract(drawing).invoice.line_items]
    assert [tuple(item[name] for name in names) for item in found] == items
