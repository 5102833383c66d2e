"""The ten demo documents as data. Every company, person and number in them is invented."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from ocr_pipeline.schemas import Invoice
from scripts.make_documents.model import Document, cents, line, plain, totals
from scripts.make_documents.numbers import ean13, iban, nif_es, uid_ch, vat_de, vat_gb, vat_it


def cafe() -> Document:
    lines = [
        line("Flat White", "2", "4.20", "19"),
        line("Kännchen Darjeeling", "1", "5.60", "19"),
        line("Rhabarberschorle 0,4", "1", "4.90", "19"),
        line("Käsekuchen", "2", "4.80", "7"),
        line("Frühstück Lindenhof", "1", "14.50", "7"),
        line("Extra Sauerteigbrot", "1", "2.20", "7"),
    ]
    money = totals(lines, included=True)
    cash = Decimal("50.00")
    return Document(
        stem="cafe-receipt-two-tax-rates",
        suffix="png",
        language="de",
        numbers="1.234,56",
        dates="%d.%m.%Y",
        lines=lines,
        invoice=Invoice(
            document_type="receipt",
            supplier_name="Kaffeehaus Lindenhof",
            supplier_address="Tieckstraße 47, 10115 Berlin",
            supplier_tax_id=vat_de("28165430"),
            invoice_id="4-20431",
            invoice_date=date(2026, 3, 14),
            currency="EUR",
            **money,
        ),
        alternatives={"supplier_name": ["Lindenhof Gastronomie GmbH"]},
        extra={
            "legal_name": "Lindenhof Gastronomie GmbH",
            "phone": "030 / 23125 418",
            "marks": {Decimal(19): "A", Decimal(7): "B"},
            "cash": cash,
            "change": cash - money["total_amount"],
            "time": "10:52",
            "signature": "kR3vX0p7dQm1Zs8uTfYbN2hWc5JgLa9eKo4RiVx6PzDtMuBqSn7Hy0wEjCF1lGAU",
        },
    )


def hardware_store() -> Document:
    lines = [
        line("CSK WOODSCREW 5X70 200PK", "1", "9.49", "20", code="104482"),
        line("DECKING OIL NATURAL 5L", "2", "27.99", "20", code="221907"),
        line("SANDING SHEET ASST 120G", "3", "3.25", "20", code="187340"),
        line("MASONRY BIT SET 5PC", "1", "12.99", "20", code="150066"),
        line("PVA WOOD GLUE 1L", "1", "6.79", "20", code="118251"),
        line("NITRILE GLOVES L", "2", "2.49", "20", code="130015"),
    ]
    before = sum((position.amount for position in lines), Decimal(0))
    lines.append(plain("TRADE CARD 10%", str(-cents(before / 10)), "20"))
    return Document(
        stem="hardware-store-phone-photo",
        suffix="jpg",
        language="en",
        numbers="1,234.56",
        dates="%d/%m/%Y",
        lines=lines,
        invoice=Invoice(
            document_type="receipt",
            supplier_name="HOLLIS & GREY",
            supplier_address="Unit 3, Copthorne Trade Park, Shrewsbury SY3 8QZ",
            supplier_tax_id=vat_gb("3471829"),
            invoice_id="0317-02-88164",
            invoice_date=date(2026, 4, 3),
            currency="GBP",
            **totals(lines, included=True),
        ),
        alternatives={"supplier_name": ["Hollis & Grey Hardware Ltd"]},
        extra={"phone": "01632 960 174", "time": "08:17", "subtotal": before, "barcode_digits": ean13("031702881640")},
    )


def kuala_lumpur() -> Document:
    lines = [
        line("NASI LEMAK AYAM REMPAH", "2", "14.90", "6"),
        line("MEE GORENG MAMAK", "1", "11.50", "6"),
        line("ROTI CANAI KOSONG", "3", "2.20", "6"),
        line("SATAY AYAM (6)", "1", "10.80", "6"),
        line("TEH TARIK", "3", "3.30", "6"),
        line("LIMAU AIS", "1", "3.60", "6"),
    ]
    money = totals(lines, included=False)
    # Malaysian tills round cash totals to five sen.
    due = (money["total_amount"] * 20).quantize(Decimal(1)) / 20
    due = cents(due)
    cash = Decimal("100.00")
    return Document(
        stem="restaurant-faded-thermal",
        suffix="jpg",
        language="en",
        numbers="1,234.56",
        dates="%d/%m/%Y",
        lines=lines,
        invoice=Invoice(
            document_type="receipt",
            supplier_name="RESTORAN SERI KENANGA SDN BHD",
            supplier_address="No. 12, Jalan Wangsa Delima 5, Seksyen 2, 53300 Kuala Lumpur",
            supplier_tax_id="W10-1809-31000482",
            invoice_id="CS-00041877",
            invoice_date=date(2026, 5, 7),
            currency="MYR",
            amount_due=due,
            **money,
        ),
        extra={
            "registration": "201801034567 (1296593-K)",
            "rounding": due - money["total_amount"],
            "cash": cash,
            "change": cash - due,
            "time": "19:42:08",
        },
    )


def tapas_bar() -> Document:
    lines = [
        line("Caña especial", "4", "2.20", "10"),
        line("Tinto de verano", "2", "3.50", "10"),
        line("Salmorejo cordobés", "1", "6.80", "10"),
        line("Jamón ibérico 1/2", "1", "13.50", "10"),
        line("Tortillitas camarones", "2", "5.90", "10"),
        line("Ensaladilla rusa", "1", "7.20", "10"),
        line("Servicio de pan", "3", "1.20", "10"),
        line("Café solo", "2", "1.60", "10"),
    ]
    money = totals(lines, included=True)
    return Document(
        stem="tapas-bar-crumpled-stained",
        suffix="jpg",
        language="es",
        numbers="1.234,56",
        dates="%d/%m/%Y",
        lines=lines,
        invoice=Invoice(
            document_type="receipt",
            supplier_name="TABERNA EL OLIVAR",
            supplier_address="C/ Pérez Hervás 31, 41003 Sevilla",
            supplier_tax_id=nif_es("B", "9147352"),
            invoice_id="T2026/007316",
            invoice_date=date(2026, 3, 21),
            currency="EUR",
            **money,
        ),
        alternatives={"supplier_name": ["Hostelería Los Olivares del Sur, S.L."]},
        extra={"legal_name": "Hostelería Los Olivares del Sur, S.L.", "phone": "954 00 41 87", "time": "15:38"},
    )


def grocery() -> Document:
    lines = [
        plain("ORG BANANAS 2.31LB", "1.82", "0"),
        plain("WHOLE MILK 1/2 GAL", "4.29", "0"),
        plain("SOURDOUGH BOULE", "6.50", "0"),
        plain("FREE RANGE EGGS DZ", "5.99", "0"),
        plain("CHEDDAR SHARP 0.64LB", "7.67", "0"),
        plain("SPARKLING WATER 12PK", "6.49", "8.75"),
        plain("BTL DEPOSIT 12@.05", "0.60", "0"),
        plain("DISH SOAP LAVENDER", "4.79", "8.75"),
        plain("PAPER TOWELS 6CT", "9.99", "8.75"),
        plain("MEMBER SPECIAL", "-2.00", "8.75"),
    ]
    return Document(
        stem="grocery-dot-matrix",
        suffix="jpg",
        language="en",
        numbers="1,234.56",
        dates="%m/%d/%Y",
        lines=lines,
        invoice=Invoice(
            document_type="receipt",
            supplier_name="ALDER CREEK FOOD CO-OP",
            supplier_address="214 Water Street, Alder Creek, NY 13301",
            invoice_id="058233",
            invoice_date=date(2026, 3, 9),
            currency="USD",
            **totals(lines, included=False),
        ),
        extra={"phone": "(315) 555-0142", "time": "5:26 PM", "saved": Decimal("2.00")},
    )


def joinery() -> Document:
    lines = [
        line("Fenêtre bois-métal, 2 vantaux, mélèze", "2", "1180.00", "8.1", unit="pce", note="1250 x 1400 mm, Ug 0.6"),
        line("Tablette intérieure en chêne massif huilé", "2", "145.00", "8.1", unit="pce", note="1400 x 220 x 27 mm"),
        line("Dépose et évacuation des anciens cadres", "1", "380.00", "8.1", unit="fft"),
        line("Pose et réglage, main-d'œuvre", "9.5", "98.00", "8.1", unit="h"),
        line("Joints, fixations et petites fournitures", "1", "119.00", "8.1", unit="fft"),
    ]
    money = totals(lines, included=False)
    deposit = Decimal("1500.00")
    return Document(
        stem="joinery-invoice-swiss-qr-bill",
        suffix="pdf",
        language="fr",
        numbers="1'234.56",
        dates="%d.%m.%Y",
        lines=lines,
        invoice=Invoice(
            document_type="invoice",
            supplier_name="Menuiserie Aubonnet Sàrl",
            supplier_address="Chemin des Scieurs 14, 1260 Nyon",
            supplier_tax_id=f"{uid_ch('28431907')} TVA",
            receiver_name="Régie Vaucher & Fils SA",
            invoice_id="2026-0148",
            invoice_date=date(2026, 3, 12),
            due_date=date(2026, 4, 11),
            purchase_order="BT-5520",
            currency="CHF",
            amount_due=money["total_amount"] - deposit,
            **money,
        ),
        alternatives={"supplier_tax_id": [uid_ch("28431907")]},
        extra={
            "deposit": deposit,
            "deposit_date": date(2026, 2, 2),
            "delivery_date": date(2026, 3, 4),
            "receiver_street": "Rue de la Combe 3",
            "receiver_town": "1260 Nyon",
            "site": "Immeuble Les Marronniers, Nyon",
            "iban": iban("CH", "81999000123482015"),
        },
    )


def wholesale() -> Document:
    goods = [
        ("NYM-J 3x1,5 mm² Installationsleitung, Ring 100 m", "4", "RG", "58.40", "110315"),
        ("NYM-J 5x2,5 mm² Installationsleitung, Ring 50 m", "2", "RG", "87.90", "110525"),
        ("H07V-K 1x6 mm² grün-gelb, Ring 100 m", "1", "RG", "96.20", "112406"),
        ("Leerrohr flexibel EN20, Bund 50 m", "6", "BD", "17.85", "140020"),
        ("Leerrohr flexibel EN25, Bund 50 m", "4", "BD", "22.60", "140025"),
        ("Schalterdose UP 61 mm, winddicht", "120", "ST", "0.64", "151061"),
        ("Geräte-Verbindungsdose UP 66 mm tief", "60", "ST", "1.12", "151066"),
        ("Abzweigkasten AP IP54 85x85 mm", "25", "ST", "1.95", "152085"),
        ("Verbindungsklemme 3x4 mm², Pack 50", "10", "PK", "13.70", "160304"),
        ("Verbindungsklemme 5x4 mm², Pack 40", "6", "PK", "16.45", "160504"),
        ("Steckdoseneinsatz SCHUKO, reinweiß", "85", "ST", "3.28", "210110"),
        ("Wechselschalter-Einsatz 10 AX", "32", "ST", "4.15", "211206"),
        ("Serienschalter-Einsatz 10 AX", "8", "ST", "6.05", "211205"),
        ("Taster-Einsatz 10 A, Schließer", "14", "ST", "5.20", "211301"),
        ("Rahmen 1-fach, reinweiß glänzend", "70", "ST", "1.36", "215101"),
        ("Rahmen 2-fach, reinweiß glänzend", "24", "ST", "2.48", "215102"),
        ("Rahmen 3-fach, reinweiß glänzend", "12", "ST", "3.94", "215103"),
        ("Wippe für Wechselschalter, reinweiß", "32", "ST", "1.74", "216206"),
        ("Präsenzmelder 360° Deckenmontage UP", "5", "ST", "64.90", "230360"),
        ("Leitungsschutzschalter B16 1-polig 6 kA", "36", "ST", "2.95", "310116"),
        ("Leitungsschutzschalter C16 3-polig 6 kA", "4", "ST", "14.80", "310316"),
        ("FI-Schutzschalter 40 A/30 mA 4-polig Typ A", "4", "ST", "38.50", "320440"),
        ("FI/LS-Kombination B16/30 mA 2-polig", "6", "ST", "41.25", "321216"),
        ("Überspannungsableiter Typ 1+2, 4-polig", "1", "ST", "189.00", "330120"),
        ("Phasenschiene 3-polig, 12 TE", "6", "ST", "8.75", "341312"),
        ("Kleinverteiler UP 4-reihig, 48 TE", "2", "ST", "112.40", "350448"),
        ("Reihenklemme 4 mm² grau", "80", "ST", "0.92", "361004"),
        ("Hutschiene gelocht 35x7,5 mm, 2 m", "4", "ST", "5.60", "362035"),
        ("LED-Einbaustrahler 7 W 2700 K, weiß", "28", "ST", "13.95", "410702"),
        ("LED-Feuchtraumleuchte 1500 mm 40 W", "6", "ST", "44.80", "421540"),
        ("Nagelscheiben mit Gewinde, Pack 100", "3", "PK", "7.15", "510100"),
        ("Kabelbinder 200x4,8 mm schwarz, Pack 100", "5", "PK", "4.30", "511200"),
        ("Isolierband 15 mm x 10 m, schwarz", "20", "ST", "0.89", "512015"),
        ("Frachtkostenanteil", "1", "PA", "14.90", "900001"),
    ]
    lines = [line(text, count, price, "19", unit=unit, code=code) for text, count, unit, price, code in goods]
    money = totals(lines, included=False)
    return Document(
        stem="wholesale-invoice-two-pages",
        suffix="pdf",
        language="de",
        numbers="1.234,56",
        dates="%d.%m.%Y",
        lines=lines,
        invoice=Invoice(
            document_type="invoice",
            supplier_name="Voltara Elektrogroßhandel GmbH",
            supplier_address="Gewerbering 8, 50354 Hürth",
            supplier_tax_id=vat_de("31774205"),
            receiver_name="Brandt Gebäudetechnik GmbH",
            invoice_id="RE-2604118",
            invoice_date=date(2026, 4, 17),
            due_date=date(2026, 5, 17),
            purchase_order="26-0342/KiTa Nord",
            currency="EUR",
            amount_due=money["total_amount"],
            **money,
        ),
        extra={
            "delivery_date": date(2026, 4, 15),
            "delivery_note": "LS-884120",
            "customer": "104772",
            "receiver_street": "Aachener Weg 112",
            "receiver_town": "50933 Köln",
            "break_after": 26,
            "discount_date": date(2026, 4, 27),
            "discounted": cents(money["total_amount"] * Decimal("0.98")),
            "cash_discount": cents(money["total_amount"] * Decimal("0.02")),
            "iban": iban("DE", "370999010048172600"),
        },
    )


def design_studio() -> Document:
    lines = [
        line("Brand identity refresh", "32", "95.00", "8.25", unit="hrs", note="Logo, color system, typography"),
        line("Packaging design, cold brew line", "24", "95.00", "8.25", unit="hrs", note="4 SKUs, dielines"),
        line("Photography direction", "1", "640.00", "8.25", unit="day", note="On-site, East Austin roastery"),
        line("Licensed typefaces", "2", "149.00", "8.25", unit="seat"),
    ]
    discount = cents(sum((position.amount for position in lines), Decimal(0)) * Decimal("0.05"))
    money = totals(lines, included=False, discount=discount)
    return Document(
        stem="design-studio-invoice",
        suffix="pdf",
        language="en",
        numbers="1,234.56",
        dates="%B %-d, %Y",
        lines=lines,
        invoice=Invoice(
            document_type="invoice",
            supplier_name="Northpine Studio LLC",
            supplier_address="1180 E 7th Street, Suite 210, Austin, TX 78702",
            supplier_tax_id="87-4410326",
            receiver_name="Blue Heron Coffee Roasters, Inc.",
            invoice_id="NP-1093",
            invoice_date=date(2026, 2, 27),
            due_date=date(2026, 3, 29),
            purchase_order="4500-BHR",
            currency="USD",
            amount_due=money["total_amount"],
            **money,
        ),
        extra={"discount": discount, "subtotal": money["net_amount"] + discount},
    )


def olive_oil() -> Document:
    lines = [
        line("Olio extravergine di oliva DOP, bottiglia 0,75 l", "36", "11.40", "4", unit="pz", code="OL075"),
        line("Olio extravergine di oliva, latta 5 l", "6", "58.00", "4", unit="pz", code="OL500"),
        line("Miele di castagno, vaso 500 g", "12", "6.90", "10", unit="pz", code="MI050"),
        line("Chianti Colli Aretini DOCG 2023, 0,75 l", "24", "7.85", "22", unit="pz", code="VI023"),
        line("Vin Santo del Chianti 2018, 0,375 l", "6", "14.20", "22", unit="pz", code="VS018"),
        line("Contributo spese di trasporto", "1", "25.00", "22", unit="n", code="TRASP"),
    ]
    money = totals(lines, included=False)
    return Document(
        stem="olive-oil-invoice-skewed-scan",
        suffix="jpg",
        language="it",
        numbers="1.234,56",
        dates="%d/%m/%Y",
        lines=lines,
        invoice=Invoice(
            document_type="invoice",
            supplier_name="Azienda Agricola Poggio Sereno",
            supplier_address="Località Poggiolino 27, 52022 Cavriglia (AR)",
            supplier_tax_id=vat_it("0214873051"),
            receiver_name="Trattoria Da Brunella S.n.c.",
            receiver_tax_id=vat_it("0587142048"),
            invoice_id="63/2026",
            invoice_date=date(2026, 3, 16),
            due_date=date(2026, 4, 30),
            currency="EUR",
            amount_due=money["total_amount"],
            **money,
        ),
        alternatives={"supplier_name": ["Azienda Agricola Poggio Sereno di Lapo Mannelli", "Poggio Sereno"]},
        extra={
            "owner": "di Lapo Mannelli",
            "delivery_date": date(2026, 3, 9),
            "receiver_street": "Via Faentina 88/r",
            "receiver_town": "50133 Firenze (FI)",
            "iban": iban("IT", "X0899271330000000417265"),
        },
    )


def credit_note() -> Document:
    lines = [
        line("Copier paper A4 80gsm, box of 5 reams", "4", "21.95", "20", code="PAP-A480", note="Water damaged"),
        line("Toner cartridge black, 6k yield", "1", "74.50", "20", code="TNR-B6K", note="Ordered in error"),
        line("Lever arch file A4 blue", "10", "2.35", "20", code="LAF-BLU", note="Short delivered"),
    ]
    return Document(
        stem="office-supplies-credit-note",
        suffix="png",
        language="en",
        numbers="1,234.56",
        dates="%-d %b %Y",
        lines=lines,
        invoice=Invoice(
            document_type="credit_note",
            supplier_name="Pennine Office Supplies Ltd",
            supplier_address="Albion Mill, Canal Road, Halifax HX3 9WT",
            supplier_tax_id=vat_gb("5093617"),
            receiver_name="Wharfedale Dental Practice",
            invoice_id="CN-00876",
            invoice_date=date(2026, 1, 29),
            purchase_order="WDP-3391",
            currency="GBP",
            **totals(lines, included=False),
        ),
        extra={
            "original": "SI-114502",
            "original_date": date(2026, 1, 12),
            "account": "WHA012",
            "receiver_street": "2 Leeds Road",
            "receiver_town": "Otley LS21 7XB",
            "company_number": "04417730",
        },
    )


def all_documents() -> Iterator[Document]:
    """The ten documents, receipts first."""
    makers = (
        cafe,
        hardware_store,
        kuala_lumpur,
        tapas_bar,
        grocery,
        joinery,
        wholesale,
        design_studio,
        olive_oil,
        credit_note,
    )
    return (maker() for maker in makers)
