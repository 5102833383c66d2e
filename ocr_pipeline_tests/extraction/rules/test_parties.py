import pytest

from ocr_pipeline_tests.extraction.rules.printed import extract


@pytest.mark.parametrize(
    ("drawing", "name"),
    [
        pytest.param(
            """
                        tan chay yee
                SOON HUAT MACHINERY ENTERPRISE
                      (JM0352019-K)
                   NO.53 JALAN PUTRA 1,
                    81200 JOHOR BAHRU
            """,
            "SOON HUAT MACHINERY ENTERPRISE",
            id="a pencil note above",
        ),
        pytest.param(
            """
                    tan woon yann
                    PappaRich BMC
                NO.19 & 21
                JALAN TEMENGGUNG 23/9
            """,
            "PappaRich BMC",
            id="a pencil note above a name without a trade",
        ),
        pytest.param(
            """
                    SUSHI MENTAI - PANDAN INDAH
                 KMF FOODICIOUS SDN BHD (1132106-H)
                NO. 9-G, JALAN PERUBATAN 2,
                55100 KUALA LUMPUR.
            """,
            "KMF FOODICIOUS SDN BHD",
            id="a brand above the company",
        ),
        pytest.param(
            """
                      POPULAR BOOK
                    CO. (M) SDN BHD
                  (Co. No. 113825-W)
                No 8, Jalan 7/118B, Desa Tun Razak
            """,
            "POPULAR BOOK CO. (M) SDN BHD",
            id="a name in two lines",
        ),
        pytest.param(
            """
                KING FASHION OF
                K3-113, JL IBRAHIM SULTAN
                80300 JOHOR BAHRU
            """,
            "KING FASHION OF",
            id="the number of a unit begins the address",
        ),
        pytest.param(
            """
                 HOME MASTER HARDWARE &
                      ELECTRICAL
                JALAN SETIA GEMBILANG
            """,
            "HOME MASTER HARDWARE & ELECTRICAL",
            id="a name that goes on after &",
        ),
        pytest.param(
            """
                SANYUSTATIONERYSHOP
                NO. 31G&33G, JALAN SETIA INDAH X
                40170 SETIA ALAM
                GST ID No: 001531760640     TAX INVOICE
                Owned By :
                SANYU SUPPLY SDN BHD (1135772-K)
            """,
            "SANYUSTATIONERYSHOP",
            id="an owner below the address",
        ),
        pytest.param(
            """
                GOGIANT ENGINEERING
                NO.3 JALAN PERMAS
                SIMPLIFIED TAX INVOICE
                PERNIAGAAN ZHENG HUI SDN BHD
            """,
            "GOGIANT ENGINEERING",
            id="the customer below the title",
        ),
        pytest.param(
            """
                VOLTARA
                Elektrogroßhandel · Licht · Schaltanlagen
                Voltara Elektrogroßhandel GmbH·Gewerbering 8· 50354 Hürth
                Brandt Gebäudetechnik GmbH
                Aachener Weg 112
                50933 Köln
                Rechnung RE-2604118 vom 17.04.2026
            """,
            "Voltara Elektrogroßhandel GmbH",
            id="a sender line whose dots lost their spaces",
        ),
        pytest.param(
            """
                Handelsrechnung Nr. 471102 vom 05.06.2018
                Verkäufer:
                Physiotherapeutin
                Musterstraße 12
                Käufer:
                Kunden AG
            """,
            "Physiotherapeutin",
            id="under a seller's label",
        ),
        pytest.param(
            """
                  A L D I
                Pohlweg 110
                33100 Paderborn
                GARTENSALATE              0,99 C
                ZU ZAHLEN EURO            0,99
                Aldi GmbH & Co. KG, Schloß Holte
            """,
            "Aldi GmbH & Co. KG",
            id="a legal name at the foot",
        ),
        pytest.param(
            """
                Musterhafter Handel und
                Vertriebs GmbH
                Ecke 12
                12345 Stadthausen
            """,
            "Musterhafter Handel und Vertriebs GmbH",
            id="a name that goes on after und",
        ),
        pytest.param(
            """
                AIK HUAT HARDWARE
                ENTERPRISE (SETIA
                ALAM) SDN BHD
                NO. 17-G, JALAN SETIA
            """,
            "AIK HUAT HARDWARE ENTERPRISE (SETIA ALAM) SDN BHD",
            id="a bracket over two lines",
        ),
        pytest.param(
            """
                Retail Invoice                          Invoice No: 12
                Sold By : WS Retail Services Pvt. Ltd.,
                42 Hoskote Road
            """,
            "WS Retail Services Pvt. Ltd.",
            id="the label of a role is stripped",
        ),
        pytest.param(
            """
                From:                                   Invoice Number   INV-3337
                DEMO - Sliced Shops                     Order Number     12345
                123 Somewhere Street                    Invoice Date     25/01/2016

                To:
                Test Business
                456 Elsewhere Street
            """,
            "DEMO - Sliced Shops",
            id="under From",
        ),
        pytest.param(
            """
                Blue Finch
                #03296 191 E 3RD AVE
                SAN MATEO, CA 94401
                650-342-2723
            """,
            "Blue Finch",
            id="a town is no name",
        ),
        pytest.param(
            """
                CONTACT US
                help@acme-energy.com
                Acme Energy                             Jane Roe
                                                        12 London Road
            """,
            "Acme Energy",
            id="the name in the mail address",
        ),
        pytest.param(
            """
                Acmelnvoices
                Invoice no. 12
                mail@acmeinvoices.com
            """,
            "AcmeInvoices",
            id="a letter settled by the mail address",
        ),
        pytest.param(
            """
                FACTUUR
                Factuuradres
                Strategic Corp
                Fakestreet 46
                Factuurnummer 12
                Bedrag                                  49,99
                e-Luscious Nederland B.V. iov Saeco.com
                Badweg 48, 8401 BL, Gorredijk
                KvK nummer: 04080176   BTW-nr: NL815254295B01
                IBAN: NL58RABO0198723202
            """,
            "e-Luscious Nederland B.V.",
            id="a legal name at the foot with registration and account",
        ),
        pytest.param(
            """
                Blumen Krause
                Rechnung Nr. 12
                IBAN DE88 2008 0000 0970 3757 00
                Musterbank AG
            """,
            "Blumen Krause",
            id="the bank is not the supplier",
        ),
        pytest.param("WÜRFELZUCKER        0,89 C\nZU ZAHLEN EURO      0,89", None, id="goods are no supplier"),
    ],
)
def test_the_supplier(drawing: str, name: str | None) -> None:
    assert extract(drawing).invoice.supplier_name == name


@pytest.mark.parametrize(
    ("drawing", "name"),
    [
        pytest.param(
            """
                Käufer/Leistungsempfänger:
                Nummer         : GE2020211
                Kunden AG Mitte
                Kundenstraße 15
            """,
            "Kunden AG Mitte",
            id="under a label, after its number",
        ),
        pytest.param(
            """
                Käufer
                Name:          Beispielmieter GmbH
                Anschrift:     Verwaltung Straße 40
            """,
            "Beispielmieter GmbH",
            id="in a name field",
        ),
        pytest.param(
            """
                Bei Spiel GmbH · Ecke 12 · 12345 Stadthausen
                Theodor Est
                Bahnstr. 42
                88802 Spielkreis
                Rechnung Nr. 12
            """,
            "Theodor Est",
            id="in the window of a letter",
        ),
        pytest.param(
            """
                Omnia Trading AG
                Allmendweg 30
                4528 Zuchwil


                Machina Futura AG
                Alte Fabrik 3A
                8400 Winterthur

                Rechnung
                Rechnungsnummer 2021007834
            """,
            "Machina Futura AG",
            id="above an address that is not the supplier's",
        ),
        pytest.param(
            """
                LG Electronics Inc.                                INVOICE
                Pasadena, CA 91189

                             BILL TO                      SHIP TO
                GOOGLE INC.                        UPS Louisville Dist. Center
                1600 Amphitheatre Parkway          2200 Outer Loop
            """,
            "GOOGLE INC.",
            id="under a heading centred over its column",
        ),
        pytest.param(
            """
                CONTOSO LTD.                       FACTURA
                Calle de Atocha 27

                NOMBRE: JOSE MENDEZ                CODIGO: C0001
            """,
            "JOSE MENDEZ",
            id="in a name field without a heading",
        ),
        pytest.param(
            """
                Client    Order      Invoice date   Invoice no
                Acme Oy   SC044      08/09/2022     VF1005
            """,
            "Acme Oy",
            id="in a column",
        ),
        pytest.param("合同会社北斗電機工業\n若松文具株式会社 御中\n請求書", "若松文具株式会社", id="before its label"),
        pytest.param("Sold To Wingtip Toys\nReceipt No. 12", "Wingtip Toys", id="behind a label without a colon"),
        pytest.param(
            "Client: ACME          IBAN   GB33BUKB20201555555555\nInvoice no. 12",
            "ACME",
            id="up to the end of the cell",
        ),
        pytest.param(
            """
                Blue Heron Ltd
                12 High Street
                Leeds LS1 4AP
                Invoice no. 12
                Blue Heron Ltd · 12 High Street · Leeds LS1 4AP
                Blue Heron Ltd
            """,
            None,
            id="never the supplier",
        ),
        pytest.param("Bill to: Blue Heron Coffee\nInvoice no. 12", "Blue Heron Coffee", id="behind the label"),
        pytest.param("Customer: 2\nYour order AB321\nInvoice # RE-7", None, id="a customer's number is no name"),
    ],
)
def test_the_receiver(drawing: str, name: str | None) -> None:
    assert extract(drawing).invoice.receiver_name == name


@pytest.mark.parametrize(
    ("drawing", "address"),
    [
        (
            """
            SOON HUAT MACHINERY ENTERPRISE
            (81109-A)
            NO.53 JALAN PUTRA 1,
            TAMAN SRI PUTRA,
            81200 JOHOR BAHRU
            JOHOR
            TEL:07-5547360
            """,
            "NO.53 JALAN PUTRA 1, TAMAN SRI PUTRA, 81200 JOHOR BAHRU, JOHOR",
        ),
        (
            """
            MÜLLER HANDEL GMBH
            Pohlweg 110
            33100 Paderborn
            Tel. 05251 180420
            """,
            "Pohlweg 110, 33100 Paderborn",
        ),
        ("MÜLLER HANDEL GMBH\nRechnung Nr. 12\nDatum 12.03.2019", None),
        (
            "Nopal SA de CV\nFactura 12\nNopal SA de CV · Calle Hidalgo 130 · 64000 Monterrey · 55 9999 8122",
            "Calle Hidalgo 130, 64000 Monterrey",
        ),
        (
            """
            Pennine Office Supplies Ltd
            Credit note no CN-00876
            Copier paper                       21.95
            Copier paper                       21.95
            Copier paper                       21.95
            Copier paper                       21.95
            Copier paper                       21.95
            Copier paper                       21.95
            Copier paper                       21.95
            Copier paper                       21.95
            Copier paper                       21.95
            Copier paper                       21.95
            Pennine Office Supplies Ltd
            12 Canal Road
            Halifax HX3 9WT
            """,
            "12 Canal Road, Halifax HX3 9WT",
        ),
        ("Skogheim Trelast AS\nKirkeveien 117 B\n5014 Bergen\nwww.skogheim.no", "Kirkeveien 117 B, 5014 Bergen"),
        pytest.param(
            "KEDAI ABU SDN BHD\nLOT 37636, JALAN 6/37A,\nTAMAN MALURI\n52100 KUALA LUMPUR\n1249-TMN PANDAN\nTEL 03-1234567",
            "LOT 37636, JALAN 6/37A, TAMAN MALURI, 52100 KUALA LUMPUR, 1249-TMN PANDAN",
            id="the number of a plot is no postal code, a branch below the town",
        ),
        pytest.param(
            "KEDAI ABU SDN BHD\nNO 8, JALAN 7/118B\n56000 KUALA LUMPUR, MALAYSIA\nSUNWAY VELOCITY\nTAX INVOICE",
            "NO 8, JALAN 7/118B, 56000 KUALA LUMPUR, MALAYSIA",
            id="the country ends it",
        ),
        pytest.param(
            "KEDAI ABU SDN BHD\nNO.17, JALAN BESAR, 39100 BRINCHANG,\nCAMERON HIGHLANDS,\nPAHANG\nTEL 05-1234567",
            "NO.17, JALAN BESAR, 39100 BRINCHANG, CAMERON HIGHLANDS, PAHANG",
            id="lines that end with a comma go on below the town",
        ),
        pytest.param(
            "KEDAI ABU SDN BHD\nABU TAMAN UNIVERSITI\n30, JLN KEBUDAYAAN 7\n81300 SKUDAI, JOHOR\nTAX INVOICE",
            "30, JLN KEBUDAYAAN 7, 81300 SKUDAI, JOHOR",
            id="the name of a branch above the number of the house",
        ),
        pytest.param(
            "KEDAI ABU SDN BHD\nA-16-1, TOWER A,\n47301 PETALING JAYA. TEL NO.: 07-387 3322\nTAX INVOICE",
            "A-16-1, TOWER A, 47301 PETALING JAYA.",
            id="a unit, and a telephone behind the town",
        ),
        pytest.param(
            "KEDAI ABU SDN BHD\nHQ ADD: LOT 11995, BATU 2, JALAN KAPAR\n41400 KLANG\n1e1: 05-60952052\nTAX INVOICE",
            "LOT 11995, BATU 2, JALAN KAPAR, 41400 KLANG",
            id="a label, and a telephone with a misread one",
        ),
        pytest.param(
            "KEDAI ABU SDN BHD\nSITE 2395\nLOT 485 TMN KERAMAT\n54200 KUALA LUMPUR\n\n\n\nPREPAY CHIT",
            "LOT 485 TMN KERAMAT, 54200 KUALA LUMPUR",
            id="the number of a site, and a line apart",
        ),
        pytest.param(
            "RELAIS OULMES SARL\nAUTOROUTE RABAT MEKNES\n15000 KHEMISSET\nTel.: 05.22.95.66.66",
            "AUTOROUTE RABAT MEKNES, 15000 KHEMISSET",
            id="a street without a number above the town",
        ),
        pytest.param(
            "KEDAI ABU SDN BHD\nCAR PARK OFFICE, BASEMENT 1,\nPJU6A, LEBUHRAYA SPRINT,\n47400 PETALING JAYA\nTEL 03-1234567",
            "CAR PARK OFFICE, BASEMENT 1, PJU6A, LEBUHRAYA SPRINT, 47400 PETALING JAYA",
            id="a line above that ends with a comma",
        ),
    ],
)
def test_the_address_of_the_supplier(drawing: str, address: str | None) -> None:
    assert extract(drawing).invoice.supplier_address == address


def test_the_branch_in_brackets_below_a_company_is_a_candidate() -> None:
    extraction = extract(
        "-\n" * 5 + "CHECKERS HYPERMARKET SDN BHD\n(JALAN KLANG LAMA)\nLOT 2942, JLN SERI 8\n58000 KUALA LUMPUR"
    )
    names = [entry.value for entry in extraction.candidates if entry.field == "supplier_name"]
    assert "CHECKERS HYPERMARKET SDN BHD (JALAN KLANG LAMA)" in names
