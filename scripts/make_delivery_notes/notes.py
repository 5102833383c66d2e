"""The data of the delivery notes. All companies, people, addresses and numbers are invented."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Delivery Note", "number": "Delivery note no.", "order": "Your order", "date": "Delivery date",
        "supplier": "Supplier", "receiver": "Consignee", "address": "Deliver to", "tax_id": "VAT reg. no.",
        "status": "Status", "complete": "complete", "partial": "part delivery", "checked": "Goods checked",
        "yes": "yes", "no": "no", "weight": "Gross weight", "total": "Total quantity", "value": "Goods value",
        "remarks": "Remarks", "article": "Article", "description": "Description", "quantity": "Quantity", "unit": "Unit",
        "page": "Page",
    },
    "de": {
        "title": "Lieferschein", "number": "Lieferschein-Nr.", "order": "Ihre Bestellung", "date": "Lieferdatum",
        "supplier": "Lieferant", "receiver": "Empfänger", "address": "Lieferanschrift", "tax_id": "USt-IdNr.",
        "status": "Status", "complete": "vollständig", "partial": "Teillieferung", "checked": "Ware geprüft",
        "yes": "ja", "no": "nein", "weight": "Bruttogewicht", "total": "Gesamtmenge", "value": "Warenwert",
        "remarks": "Bemerkung", "article": "Artikel-Nr.", "description": "Bezeichnung", "quantity": "Menge",
        "unit": "Einheit", "page": "Seite",
    },
    "fr": {
        "title": "Bon de livraison", "number": "Bon de livraison n°", "order": "Votre commande", "date": "Date de livraison",
        "supplier": "Fournisseur", "receiver": "Destinataire", "address": "Adresse de livraison", "tax_id": "N° TVA",
        "status": "Statut", "complete": "complète", "partial": "livraison partielle", "checked": "Marchandise contrôlée",
        "yes": "oui", "no": "non", "weight": "Poids brut", "total": "Quantité totale", "value": "Valeur marchandise",
        "remarks": "Remarques", "article": "Référence", "description": "Désignation", "quantity": "Quantité",
        "unit": "Unité", "page": "Page",
    },
    "es": {
        "title": "Albarán de entrega", "number": "Albarán n.º", "order": "Su pedido", "date": "Fecha de entrega",
        "supplier": "Proveedor", "receiver": "Destinatario", "address": "Dirección de entrega", "tax_id": "NIF",
        "status": "Estado", "complete": "completa", "partial": "entrega parcial", "checked": "Mercancía revisada",
        "yes": "sí", "no": "no", "weight": "Peso bruto", "total": "Cantidad total", "value": "Valor mercancía",
        "remarks": "Observaciones", "article": "Artículo", "description": "Descripción", "quantity": "Cantidad",
        "unit": "Unidad", "page": "Página",
    },
}  # fmt: skip
"""What is printed around the values, by language."""


@dataclass(frozen=True)
class Item:
    article: str
    description: str
    quantity: Decimal
    unit: str


@dataclass(frozen=True)
class Note:
    """One delivery note. None is not printed. `layout` names its template, `finish` what happened to the paper."""

    stem: str
    suffix: str
    language: str
    layout: str
    dates: str
    delivery_number: str
    supplier_name: str
    delivery_date: date
    status: str
    items: tuple[Item, ...]
    order_number: str | None = None
    supplier_tax_id: str | None = None
    receiver_name: str | None = None
    delivery_address: str | None = None
    goods_checked: bool | None = None
    gross_weight: Decimal | None = None
    goods_value: Decimal | None = None
    remarks: str | None = None
    with_total: bool = True
    currency: str = "EUR"
    finish: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def total_quantity(self) -> Decimal | None:
        return sum((item.quantity for item in self.items), Decimal(0)) if self.with_total else None

    @property
    def label(self) -> dict[str, object]:
        """The label file: every field, null where the note does not say."""
        single = (
            "delivery_number", "order_number", "supplier_name", "supplier_tax_id", "receiver_name", "delivery_address",
            "delivery_date", "status", "goods_checked", "total_quantity", "gross_weight", "goods_value", "remarks",
        )  # fmt: skip
        fields = {name: _plain(getattr(self, name)) for name in single}
        rows = [{name: _plain(value) for name, value in vars(item).items()} for item in self.items]
        return {"schema": "delivery_notes", "fields": {**fields, "items": rows}, "language": self.language}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _items(*rows: str) -> tuple[Item, ...]:
    """Items written as `article; description; quantity; unit`."""
    parts = [[part.strip() for part in row.split(";")] for row in rows]
    return tuple(Item(article, text, Decimal(quantity), unit) for article, text, quantity, unit in parts)


NOTES = (
    Note(
        "builders-merchant", "pdf", "en", "letter", "%d %B %Y", "DN-20418", "Hollin & Marsh Builders Merchants Ltd",
        date(2026, 3, 9), "complete",
        _items("TM-4401; Treated timber 47 x 100 mm; 36; pcs", "CE-025; Cement 25 kg; 20; bags",
               "NA-0075; Galvanised nails 75 mm; 4; boxes"),
        order_number="PO-7731", supplier_tax_id="GB 428 6119 34", receiver_name="Penrose Joinery",
        delivery_address="Unit 6, Canal Yard, Skipton BD23 1RT", goods_checked=True, gross_weight=Decimal("812.50"),
    ),
    Note(
        "timber-trade", "pdf", "de", "letter", "%d.%m.%Y", "LS-2026-0347", "Holzhandel Brandt & Söhne GmbH",
        date(2026, 2, 17), "partial",
        _items("70-1180; Lärche Glattkantbrett 27 x 143; 48; Stk", "70-2210; Konstruktionsvollholz 60 x 120; 24; Stk",
               "91-0042; Edelstahlschrauben 5 x 60; 6; Pkt"),
        order_number="B-55120", supplier_tax_id="DE 281 260 691", receiver_name="Zimmerei Oberland KG",
        delivery_address="Am Sägewerk 3, 83646 Bad Tölz", goods_checked=False, gross_weight=Decimal("640.00"),
        remarks="Rest folgt in KW 9",
    ),
    Note(
        "bakery-supplies", "pdf", "fr", "grid", "%d/%m/%Y", "BL 88214", "Minoterie du Val Clair SARL", date(2026, 4, 13),
        "complete",
        _items("F-T65; Farine de blé T65; 40; sac", "F-T80; Farine de meule T80; 15; sac",
               "L-0042; Levure fraîche; 12; kg", "S-0007; Sel de Guérande; 8; kg"),
        order_number="C-10977", receiver_name="Boulangerie Mercier", delivery_address="14 rue des Tilleuls, 37000 Tours",
        goods_checked=True, goods_value=Decimal("1486.20"),
    ),
    Note(
        "tiles", "pdf", "es", "grid", "%d/%m/%Y", "ALB-003912", "Cerámicas Ribera Alta S.L.", date(2026, 1, 27), "partial",
        _items("AZ-2040; Azulejo blanco mate 20 x 40; 120; ud", "GR-6060; Gres porcelánico 60 x 60; 64; ud",
               "CE-0005; Cemento cola C2; 18; saco"),
        order_number="P-4410", supplier_tax_id="ESB46117725", receiver_name="Reformas Lledó",
        delivery_address="Calle del Molino 8, 46600 Alzira", goods_checked=False, goods_value=Decimal("2310.75"),
        remarks="Faltan 30 azulejos",
    ),
    Note(
        "laboratory-chemicals", "jpg", "de", "slip", "%d.%m.%Y", "740115-2", "Chemiekontor Ahrens AG", date(2026, 5, 4),
        "complete",
        _items("C-1002; Ethanol 96 %; 12; L", "C-2231; Natriumchlorid reinst; 5; kg", "C-9007; Nitrilhandschuhe M; 10; Box"),
        order_number="4500217783", receiver_name="Institut Weserblick", gross_weight=Decimal("31.40"), goods_checked=True,
        finish="scan",
    ),
    Note(
        "bookshop", "jpg", "en", "slip", "%d/%m/%Y", "W-118203", "Larkspur Book Distribution", date(2026, 6, 25), "complete",
        _items("9780141; The Quiet Harbour; 5; copies", "9781782; Atlas of Small Rivers; 3; copies",
               "9780349; Winter Fieldnotes; 8; copies", "9781529; A Cook's Garden; 2; copies"),
        order_number="SO-20931", receiver_name="Marlow Books", delivery_address="22 Quay Street, Ludlow SY8 1BT",
        goods_value=Decimal("214.60"), currency="GBP", finish="photo",
    ),
    Note(
        "dental-practice", "pdf", "fr", "letter", "%d %B %Y", "BL-2026/0561", "Dentalis Distribution SAS", date(2026, 3, 30),
        "partial",
        _items("GA-200; Gants nitrile taille M; 20; boîte", "AN-015; Anesthésique 1,8 ml; 6; boîte",
               "CO-118; Composite A2; 9; seringue"),
        order_number="CMD-3312", supplier_tax_id="FR 61 552 081 317", receiver_name="Cabinet dentaire Aubry",
        delivery_address="3 place du Marché, 21000 Dijon", goods_checked=True, remarks="Reliquat sous 8 jours",
        finish="scan",
    ),
    Note(
        "winery", "jpg", "es", "letter", "%d/%m/%Y", "2026-A-771", "Bodegas Sierra Honda", date(2026, 7, 14), "complete",
        _items("TI-2022; Tinto crianza 2022; 30; caja", "BL-2025; Blanco joven 2025; 18; caja",
               "RO-2025; Rosado 2025; 6; caja"),
        receiver_name="Vinos Puerta Nueva", delivery_address="Avenida de la Estación 51, 26200 Haro",
        goods_checked=True, gross_weight=Decimal("486.00"), finish="photo",
    ),
    Note(
        "office-furniture", "pdf", "en", "form", "%d %b %Y", "FN 60772", "Ashgrove Contract Furniture", date(2026, 2, 3),
        "partial",
        _items("DK-160; Desk 160 x 80 oak; 14; pcs", "CH-220; Task chair grey; 14; pcs", "PD-003; Pedestal 3 drawers; 9; pcs",
               "LM-011; Desk lamp; 14; pcs", "SC-140; Screen 140 cm; 7; pcs", "CB-090; Cable tray; 14; pcs",
               "MT-002; Meeting table 240 cm; 2; pcs", "ST-018; Stool; 6; pcs"),
        order_number="PO 2291", supplier_tax_id="GB 771 2045 18", receiver_name="Tideway Studios",
        delivery_address="4th Floor, 9 Wharf Lane, Bristol BS1 6QH", goods_checked=False, with_total=False,
        goods_value=Decimal("11840.00"), currency="GBP", remarks="2 chairs to follow",
    ),
    Note(
        "medical-textiles", "png", "de", "form", "%d.%m.%Y", "WS 0099371", "Wäscheservice Nordmark GmbH", date(2026, 4, 22),
        "complete",
        _items("W-10; Bettlaken weiß 150 x 260; 180; Stk", "W-11; Kissenbezug 80 x 80; 160; Stk",
               "W-30; OP-Kittel grün; 75; Stk", "W-44; Handtuch 50 x 100; 240; Stk"),
        supplier_tax_id="DE 811 907 980", receiver_name="Klinik am Deich",
        delivery_address="Deichstraße 77, 26721 Emden", goods_checked=True, gross_weight=Decimal("388.70"), finish="copy",
    ),
)  # fmt: skip
