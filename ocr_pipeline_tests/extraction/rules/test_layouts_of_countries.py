"""Names, number and kind on invented documents in the layouts of many countries."""

import pytest

from ocr_pipeline_tests.extraction.rules.printed import extract


@pytest.mark.parametrize(
    ("drawing", "supplier", "receiver", "number", "kind"),
    [
        pytest.param(
            """
                                                      Faktura VAT nr FV/2024/06/117
            Data wystawienia: 14.06.2024              Data sprzedaży: 14.06.2024

            Sprzedawca:                               Nabywca:
            Zakład Stolarski Nowak Jan                Hurtownia Budowlana Omega Sp. z o.o.
            ul. Leśna 14                              ul. Fabryczna 2/4
            62-020 Swarzędz                           60-001 Poznań
            NIP: 777-12-34-567                        NIP: 781-000-11-22
            Lp.  Nazwa            Ilość   Cena netto   Wartość
            1    Stół dębowy      2       500,00       1000,00
            Razem do zapłaty: 1230,00 PLN
            """,
            "Zakład Stolarski Nowak Jan",
            "Hurtownia Budowlana Omega Sp. z o.o.",
            "FV/2024/06/117",
            "invoice",
            id="Polish columns",
        ),
        pytest.param(
            """
                                                                 Gärtnerei Sommer
            Gärtnerei Sommer - Am Bach 3 - 79100 Freiburg        Inh. Petra Sommer
            Frau                                                 Am Bach 3
            Dr. Eva Lindner                                      79100 Freiburg
            Rosenweg 12                                          Tel. 0761 445566
            79104 Freiburg                                       www.gaertnerei-sommer.de

            Rechnung
            Rechnungs-Nr. 2024/0815         Freiburg, den 03.06.2024
            Sehr geehrte Frau Dr. Lindner,
            für die Gartenpflege berechnen wir Ihnen:
            Gartenpflege Mai                                      238,00 €
            Gesamtbetrag                                          238,00 €
            """,
            "Gärtnerei Sommer",
            "Dr. Eva Lindner",
            "2024/0815",
            "invoice",
            id="German letter",
        ),
        pytest.param(
            """
            ATELIER DUPONT
            Menuiserie - Agencement
            14 rue des Lilas
            35000 Rennes
            Tél : 02 99 11 22 33
            SIRET 123 456 789 00012
                                                         Mairie de Vern
                                                         12 place de l'Église
                                                         35770 Vern-sur-Seiche

            FACTURE N° F2024-117                         Rennes, le 12 mars 2024
            Désignation             Qté    PU HT     Montant HT
            Pose porte              1      300,00    300,00
            Total TTC                                360,00 €
            """,
            "ATELIER DUPONT",
            "Mairie de Vern",
            "F2024-117",
            "invoice",
            id="French letter",
        ),
        pytest.param(
            """
            BlueRidge Landscaping                                           INVOICE
            4821 Mountain View Rd                                   Invoice # 10233
            Asheville, NC 28801                                     Date 06/04/2024
            (828) 555-0142

            Bill To                          Ship To
            Grace Kim                        Grace Kim
            22 Willow Ct                     22 Willow Ct
            Asheville, NC 28803              Asheville, NC 28803
            Qty    Description               Unit Price     Amount
            1      Spring cleanup            350.00         350.00
            Total                                           $350.00
            """,
            "BlueRidge Landscaping",
            "Grace Kim",
            "10233",
            "invoice",
            id="American invoice",
        ),
        pytest.param(
            """
            Officine Meccaniche Rossi S.n.c.            Spett.le
            di Rossi Paolo e C.                         COMUNE DI LODI
            Via Milano 55                               Piazza Broletto 1
            26900 Lodi (LO)                             26900 Lodi (LO)
            P.IVA 01234567890
            Fattura n. 45/A del 31/05/2024
            Descrizione        Quantità    Prezzo    Importo
            Riparazione        1           100,00    100,00
            Totale fattura                           122,00
            """,
            "Officine Meccaniche Rossi S.n.c.",
            "COMUNE DI LODI",
            "45/A",
            "invoice",
            id="Italian invoice",
        ),
        pytest.param(
            """
            Reformas Hermanos Gil, S.L.
            CIF: B12345674
            C/ Mayor 15, 2º B
            46002 Valencia
            FACTURA
            Nº Factura: 2024-A-0032
            Fecha: 21/05/2024
            DATOS DEL CLIENTE
            Nombre: Comunidad de Propietarios Sol 4
            Dirección: C/ Sol 4, 46003 Valencia
            Concepto             Cantidad   Precio   Importe
            Pintura fachada      1          900,00   900,00
            TOTAL                                    1.089,00 €
            """,
            "Reformas Hermanos Gil, S.L.",
            "Comunidad de Propietarios Sol 4",
            "2024-A-0032",
            "invoice",
            id="Spanish invoice",
        ),
        pytest.param(
            """
            Faktura                                  Fakturanummer    20240331
                                                     Fakturadatum     2024-05-31
                                                     Kundnummer       1187
            Norrlands Rör & Värme AB                 Förfallodatum    2024-06-30
            Box 114
            901 03 Umeå
                                                     Fakturaadress
                                                     Brf Solgläntan
                                                     Skolgatan 8
                                                     903 22 Umeå
            Benämning          Antal    À-pris    Belopp
            Service            2        800,00    1 600,00
            Att betala                            2 000,00 SEK
            Bankgiro 123-4567      Org.nr 556677-8899
            """,
            "Norrlands Rör & Värme AB",
            "Brf Solgläntan",
            "20240331",
            "invoice",
            id="Swedish invoice",
        ),
        pytest.param(
            """
            TAX INVOICE
            SHREE GANESH TRADERS
            Shop No. 12, MG Road, Pune - 411001
            GSTIN: 27AAPFU0939F1ZV
            Invoice No.: SGT/2024-25/0456        Dated: 05-Jul-2024
            Buyer (Bill to)
            Omkar Electricals
            Nashik Road, Nashik 422101
            GSTIN/UIN: 27AAACR5055K1Z7
            Sl No  Description of Goods   HSN    Qty   Rate    Amount
            1      LED Bulb               8539   10    100.00  1,000.00
            Total                                        1,180.00
            """,
            "SHREE GANESH TRADERS",
            "Omkar Electricals",
            "SGT/2024-25/0456",
            "invoice",
            id="Indian invoice",
        ),
        pytest.param(
            """
            Bakkerij De Korenaar
            Dorpsstraat 7
            3437 AB Nieuwegein
            KvK 30123456
                                             Hotel Zonnehof B.V.
                                             T.a.v. de administratie
                                             Stationsweg 1
                                             3811 MH Amersfoort
            FACTUUR
            Factuurnummer : 2024.0117
            Factuurdatum  : 07-06-2024
            Omschrijving     Aantal    Prijs    Bedrag
            Brood            100       2,50     250,00
            Totaal incl. btw                    272,50
            """,
            "Bakkerij De Korenaar",
            "Hotel Zonnehof B.V.",
            "2024.0117",
            "invoice",
            id="Dutch letter",
        ),
        pytest.param(
            """
            Padaria Central de Braga, Lda
            Rua do Souto, 21
            4700-329 Braga
            NIF 501234567
            Fatura FT 2024/118                       Original
            Data: 2024-05-17
            Exmo.(s) Sr.(s)
            Café Avenida Unipessoal Lda
            Av. da Liberdade 100
            4710-251 Braga
            Descrição     Qtd    Preço    Total
            Pão           50     0,20     10,00
            Total a pagar                 10,60 €
            """,
            "Padaria Central de Braga, Lda",
            "Café Avenida Unipessoal Lda",
            "FT2024/118",
            "invoice",
            id="Portuguese invoice",
        ),
        pytest.param(
            """
            FAKTURA - DAŇOVÝ DOKLAD č. 240100123
            Dodavatel:                          Odběratel:
            Truhlářství Novák s.r.o.            Město Kolín
            Polní 8                             Karlovo náměstí 78
            280 02 Kolín                        280 12 Kolín
            IČ: 12345678                        IČ: 00235440
            Datum vystavení: 12.04.2024
            Celkem k úhradě                     12 100,00 Kč
            """,
            "Truhlářství Novák s.r.o.",
            "Město Kolín",
            "240100123",
            "invoice",
            id="Czech invoice",
        ),
        pytest.param(
            """
                                                                Tømrerfirmaet Holm ApS
            Jens Petersen                                       Havnegade 12
            Strandvejen 44                                      8000 Aarhus C
            8000 Aarhus C                                       CVR-nr. 12345678

            Faktura
            Fakturanr. 10457                                    Fakturadato: 03-05-2024
            Beskrivelse        Antal    Pris    Beløb
            Nyt tag            1        5000    5.000,00
            I alt DKK                           6.250,00
            """,
            "Tømrerfirmaet Holm ApS",
            "Jens Petersen",
            "10457",
            "invoice",
            id="Danish letter",
        ),
        pytest.param(
            """
            Invoice
            Invoice number   8C4F2A1B-0003
            Date of issue    May 4, 2024
            Date due         May 4, 2024

            Nimbus Hosting                   Bill to
            548 Market Street                Oakfield Studio
            PMB 72296                        9 Quay Street
            San Francisco, California 94104  Bristol BS1 4DJ
            United States                    United Kingdom
            billing@nimbushosting.com        hello@oakfield.studio
            $20.00 due May 4, 2024
            Description      Qty   Unit price   Amount
            Pro plan         1     $20.00       $20.00
            Amount due                          $20.00
            """,
            "Nimbus Hosting",
            "Oakfield Studio",
            "8C4F2A1B-0003",
            "invoice",
            id="American subscription",
        ),
        pytest.param(
            """
            SAYIN                                      e-FATURA
            MEHMET YILMAZ                              Fatura No: GIB2024000000123
            Atatürk Cad. No:5 Kadıköy / İSTANBUL       Fatura Tarihi: 12-05-2024
                                              ANADOLU MOBİLYA TİC. LTD. ŞTİ.
                                                       Organize Sanayi Bölgesi
                                                       Vergi No: 0680064321
            Malzeme     Miktar    Birim Fiyat    Tutar
            Masa        1         1.000,00       1.000,00
            Ödenecek Tutar                       1.200,00 TL
            """,
            "ANADOLU MOBİLYA TİC. LTD. ŞTİ.",
            "MEHMET YILMAZ",
            "GIB2024000000123",
            "invoice",
            id="Turkish invoice",
        ),
        pytest.param(
            """
                 JOE'S DINER
               1200 Main St
              Boise, ID 83702
               208-555-0199
             Server: Amy   Table 4
             06/14/24   7:42 PM
             1 Burger        12.50
             1 Coke           2.50
             Subtotal        15.00
             Tax              0.90
             Total           15.90
             Visa            15.90
             Thank You!
            """,
            "JOE'S DINER",
            None,
            None,
            "receipt",
            id="American receipt",
        ),
        pytest.param(
            """
            Kowalik Instalacje Sp. z o.o.
            ul. Leśna 14
            62-020 Swarzędz
                                                    Zielony Dąb S.A.
                                                    ul. Fabryczna 2/4
                                                    60-001 Poznań
                                                    NIP: 7810001122
            Tax Invoice INV/2024/0012
            Invoice date:        Due date:         Source:
            12.03.2024           26.03.2024        S01234
            Montaż               1,000             100,00 zł
            Total                                  123,00 zł
            +48 61 222 33 44 info@kowalik.pl http://www.kowalik.pl NIP: 7771234567
            """,
            "Kowalik Instalacje Sp. z o.o.",
            "Zielony Dąb S.A.",
            "INV/2024/0012",
            "invoice",
            id="buyer in a lower column, number behind the title",
        ),
        pytest.param(
            """
                                                    INVOICE
            Invoice No.   Invoice Date   P.O. No.     Due Date
            23141031      09/08/2023     PO-29646     08/09/2023

            Kupac / Bill to:                 Ship to:
            Wattle Creek Plumbing Limited    Wattle Creek Plumbing Limited
            134 Banksia Street               7 Railway Parade
            Fitzroy VIC 3065                 Parramatta NSW 2150
            Item             Quantity        Rate         Total
            LED globe        3               90.08        270.24
            Total                                         $270.24

            Gum Pty Ltd | 12 Banksia Street | Fitzroy VIC 3065 | (03) 9107 0790
            """,
            "Gum Pty Ltd",
            "Wattle Creek Plumbing Limited",
            "23141031",
            "invoice",
            id="labels above values, label in two languages, letterhead at the foot",
        ),
    ],
)
def test_names_number_and_kind(
    drawing: str, supplier: str, receiver: str | None, number: str | None, kind: str
) -> None:
    invoice = extract(drawing).invoice
    found = (invoice.supplier_name, invoice.receiver_name, invoice.invoice_id, invoice.document_type)
    assert found == (supplier, receiver, number, kind)
