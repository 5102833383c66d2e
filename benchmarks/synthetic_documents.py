"""Spurious receipts and invoices in endless layouts: names, amounts and their order are drawn; sums are right.

The words come from the lexicon of the rules, from lists below, and from syllables. Nothing is taken from a real document.
"""

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from synthetic_page import Page

from ocr_pipeline.schemas import Invoice, Label, OcrText

CENT = Decimal("0.01")

REGIONS: dict[str, dict[str, Any]] = {
    "my": {
        "language": "en", "more": "ms", "currency": "MYR", "signs": ["RM", "", "MYR"], "tax": ["GST", "SST", "Tax"],
        "rates": [6, 6, 6, 0], "cash": Decimal("0.05"),
        "forms": ["SDN BHD", "SDN. BHD.", "(M) SDN BHD", "ENTERPRISE", "TRADING", ""],
    },
    "gb": {
        "language": "en", "more": None, "currency": "GBP", "signs": ["£", "", "GBP"], "tax": ["VAT"],
        "rates": [20, 20, 5, 0], "cash": None, "forms": ["LTD", "Limited", "PLC", ""],
    },
    "us": {
        "language": "en", "more": None, "currency": "USD", "signs": ["$", ""], "tax": ["Tax", "Sales Tax"],
        "rates": [8, 7, 0], "cash": None, "forms": ["INC", "LLC", "Corp", ""],
    },
    "de": {
        "language": "de", "more": None, "currency": "EUR", "signs": ["EUR", "€", ""], "tax": ["MwSt", "USt", "MwSt."],
        "rates": [19, 19, 7], "cash": None, "forms": ["GmbH", "GmbH & Co. KG", "AG", "KG", "e.K.", ""],
    },
    "fr": {
        "language": "fr", "more": None, "currency": "EUR", "signs": ["€", "EUR", ""], "tax": ["TVA"],
        "rates": [20, 10, Decimal("5.5")], "cash": None, "forms": ["SARL", "SAS", "SA", ""],
    },
}  # fmt: skip

SYLLABLES = [
    "ka", "ra", "mo", "tan", "lim", "bel", "nor", "sun", "vir", "tek", "pro", "gar", "lo", "mi", "san", "del", "fon",
    "hart", "wag", "bru", "ster", "len", "ho", "ng", "pak", "wee", "chin", "dor", "ma", "fi",
]  # fmt: skip
STREETS = [
    "JALAN {}", "LORONG {} {n}", "{} STREET", "{} ROAD", "{}straße {n}", "{}weg {n}", "rue {}", "NO {n}, JALAN {}",
    "LOT {n} {}",
]  # fmt: skip
THINGS = [
    "rice", "bread", "milk", "coffee", "tea", "sugar", "oil", "paper", "pen", "cable", "lamp", "battery", "soap",
    "water", "juice", "chicken", "noodle", "egg", "cake", "bolt", "screw", "paint", "brush", "tape", "book", "folder",
    "toner", "chair", "service", "repair", "hours", "delivery", "cleaning", "consulting", "license", "hosting",
    "material",
]  # fmt: skip
ENDINGS = [
    "Thank you", "Please come again", "Goods sold are not returnable", "THANK YOU", "Vielen Dank für Ihren Einkauf",
    "Merci de votre visite", "Exchange within 7 days with receipt", "Customer service line", "www.{}.com",
    "This is a computer generated invoice", "Powered by {}",
]  # fmt: skip
TITLES = ("TAX INVOICE", "RECEIPT", "INVOICE", "CASH BILL", "Quittung", "Kassenbon", "SIMPLIFIED TAX INVOICE")
DATES = (
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%d/%m/%y",
    "%d-%m-%y",
    "%d %b %Y",
    "%Y-%m-%d",
    "%d %B %Y",
    "%d-%b-%Y",
    "%d%m%Y",
)


@cache
def phrases(language: str) -> dict[str, list[str]]:
    """Keyword classes of a language, as the rules know them."""
    text = files("ocr_pipeline.extraction.rules.lexicon").joinpath(f"{language}.yaml").read_text("utf-8")
    content = yaml.safe_load(text)
    return {**content["keywords"], "trade": content["trade_words"]}


class Maker:
    """One document: what stands on it, in the order in which it is put on the page."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.region = REGIONS[chance.choice(["my", "my", "my", "my", "gb", "us", "de", "de", "fr"])]
        self.case: Callable[[str], str] = chance.choice([str.upper, str.upper, str.title, str.capitalize])
        self.sign = chance.choice(self.region["signs"])
        self.sign_first = chance.random() < 0.8
        self.with_sign = chance.random()
        self.truth: dict[str, Any] = {"currency": self.region["currency"]}
        self.day = date(2012, 1, 1) + timedelta(days=chance.randrange(4700))
        self.date_form = chance.choice(DATES if self.region["currency"] != "EUR" else DATES[2:3] * 6 + DATES)

    # ---- words ----

    def pick(self, *options: Any) -> Any:
        return self.chance.choice(options)

    def word(self) -> str:
        return "".join(self.chance.choices(SYLLABLES, k=self.chance.randint(2, 3)))

    def term(self, name: str) -> str:
        """A way to say a keyword class."""
        language = self.region["language"]
        if self.region["more"] and self.chance.random() < 0.15:
            language = self.region["more"]
        known = phrases(language).get(name) or phrases(self.region["language"]).get(name) or phrases("en")[name]
        text = known[min(int(self.chance.expovariate(0.35)), len(known) - 1)]
        return self.case(text) + self.pick("", "", ":", " :", ".")

    def number(self, digits: int) -> str:
        return "".join(self.chance.choices("0123456789", k=digits))

    def money(self, value: Decimal, sign: bool | None = None) -> str:
        text = f"{value:,.2f}" if self.chance.random() < 0.9 else f"{value:.2f}"
        if self.region["currency"] == "EUR":
            text = text.replace(",", " ").replace(".", ",").replace(" ", ".")
        if (self.chance.random() < self.with_sign * 0.6 if sign is None else sign) and self.sign:
            text = f"{self.sign}{self.pick('', ' ')}{text}" if self.sign_first else f"{text} {self.sign}"
        return text

    def show(self, day: date) -> str:
        return day.strftime(self.date_form)

    def name(self) -> str:
        trade = self.chance.choice(phrases(self.region["language"])["trade"]) if self.chance.random() < 0.5 else ""
        stem = " ".join(self.word() for _ in range(self.chance.choice([1, 1, 2, 2, 3])))
        parts = [stem, trade, self.chance.choice(self.region["forms"])]
        text = " ".join(part for part in parts if part)
        return text.upper() if self.chance.random() < 0.8 or self.region["language"] == "en" else text.title()

    def address(self) -> list[str]:
        street = self.chance.choice(STREETS).replace("{n}", str(self.chance.randint(1, 99)))
        place = f"{self.number(5)} {self.word().upper()}"
        lines = [
            street.format(self.word()).upper(),
            *([f"TAMAN {self.word().upper()},"] if self.chance.random() < 0.5 else []),
            place,
        ]
        return [f"{line}," if self.chance.random() < 0.3 else line for line in lines]

    # ---- parts ----

    def head(self, page: Page, put: Callable[..., None]) -> None:
        name = self.name()
        self.truth["supplier_name"] = name
        if self.chance.random() < 0.2:
            put(self.pick(self.word().upper(), "*** COPY ***", self.number(6), "WELCOME TO", f"{self.day:%d/%m}"))
        size = page.size * self.pick(1.0, 1.0, 1.3, 1.6)
        words = name.split()
        with page.drawing("supplier_name", name):
            if len(words) > 3 and self.chance.random() < 0.3:
                cut = self.chance.randint(1, len(words) - 1)
                put(" ".join(words[:cut]), size=size)
                put(" ".join(words[cut:]), size=size)
            else:
                put(
                    name + (f" ({self.number(6)}-{self.pick('X', 'K', 'A')})" if self.chance.random() < 0.2 else ""),
                    size=size,
                )
        if self.chance.random() < 0.4:
            put(
                self.pick(
                    f"({self.number(6)}-{self.pick('V', 'T', 'M')})",
                    f"CO. REG NO: {self.number(7)}",
                    f"ROC {self.number(8)}",
                )
            )
        lines = self.address()
        self.truth["supplier_address"] = " ".join(lines)
        with page.drawing("supplier_address", self.truth["supplier_address"]):
            for line in lines:
                put(line)
        if self.chance.random() < 0.7:
            put(self.pick("TEL: ", "Tel ", "PHONE: ", "Tel./Fax: ") + f"0{self.number(1)}-{self.number(7)}")
        if self.chance.random() < 0.2:
            put(f"{self.word()}@{self.word()}.com")
        if self.chance.random() < 0.5:
            tax_id = {"EUR": f"DE{self.number(9)}", "MYR": f"00{self.number(10)}"}.get(
                self.region["currency"], f"GB{self.number(9)}"
            )
            self.truth["supplier_tax_id"] = tax_id
            with page.drawing("supplier_tax_id", tax_id):
                put(f"{self.region['tax'][0]} {self.pick('ID', 'NO', 'REG NO')}{self.pick(':', ' :', ' ')} {tax_id}")

    def facts(self, page: Page, pairs: Callable[[str, str], None]) -> None:
        """Number, date and what stands around them, in any order."""
        number = self.pick("", "INV", "CS-", "R", "RE-", "A") + self.number(self.chance.randint(4, 9))
        self.truth |= {"invoice_id": number, "invoice_date": self.day}
        shown = self.show(self.day)
        clock = f"{self.chance.randint(8, 21):02}:{self.chance.randint(0, 59):02}"
        when = shown + self.pick("", "", f" {clock}", f" {clock}:{self.number(2)}", f"  {clock} PM")

        def id_part() -> None:
            with page.drawing("invoice_id", number):
                pairs(self.term("invoice_id") if self.chance.random() < 0.9 else "NO", number)

        named = self.chance.random() < 0.8

        def date_part() -> None:
            with page.drawing("invoice_date", shown):
                pairs(self.term("invoice_date"), when) if named else page.left(when)

        parts = [id_part, date_part]
        for label, value in (
            ("Cashier", self.word()), ("Table", self.number(2)), ("Counter", self.number(1)), ("Salesperson", self.word()),
            ("Customer No", self.number(6)), ("Time", clock), ("Terms", "C.O.D."), ("Ref", self.number(8)), ("Page", "1 of 1"),
        ):  # fmt: skip
            if self.chance.random() < 0.25:
                parts.append(lambda label=label, value=value: pairs(self.case(label) + ":", value))  # type: ignore[misc]
        self.chance.shuffle(parts)
        for part in parts:
            part()

    def sold(self) -> list[tuple[str, int, Decimal]]:
        count = min(12, 1 + int(self.chance.expovariate(0.3)))
        top = self.pick(10, 30, 100, 800)
        return [
            (
                " ".join(self.chance.choices(THINGS, k=self.chance.randint(1, 3))),
                self.pick(1, 1, 1, 1, 2, 2, 3, 5, 12),
                Decimal(self.chance.randint(50, top * 100)) / 100,
            )
            for _ in range(count)
        ]

    def table(self, page: Page, items: Sequence[tuple[str, int, Decimal]]) -> None:
        right, style = page.width - 20, self.pick("one", "one", "two", "code")
        if self.chance.random() < 0.7:
            for x, name in (
                (20.0, "description"),
                (0.5 * page.width, "quantity"),
                (0.65 * page.width, "unit_price"),
                (0.85 * page.width, "amount"),
            ):
                page.put(self.term(name), x)
            page.feed()
        for name, quantity, price in items:
            shown, text = self.money(quantity * price, sign=False), self.case(name)
            if self.chance.random() < 0.2:
                shown += self.pick(" S", " SR", " A", " B", " T", " *")
            if style == "one":
                page.put(text, 20)
                if quantity > 1 or self.chance.random() < 0.5:
                    page.put(str(quantity), 0.52 * page.width)
                    page.put(self.money(price, sign=False), 0.64 * page.width)
                page.put(shown, right - 10.4 * len(shown))
            else:
                page.left(f"{self.number(12)} {text}" if style == "code" else text)
                page.put(f"{quantity} x {self.money(price, sign=False)}", 60)
                page.put(shown, right - 10.4 * len(shown))
            page.feed()
            if self.chance.random() < 0.1:
                page.feed(lines=0.5)

    def totals(self, page: Page, items: Sequence[tuple[str, int, Decimal]], x: float) -> None:
        """Sums, in one of the ways in which they are printed."""
        chance, region = self.chance, self.region
        rate, gross = (
            Decimal(chance.choice(region["rates"])),
            sum((q * p for _, q, p in items), Decimal(0)).quantize(CENT),
        )
        discount = (
            (gross * Decimal(chance.choice([5, 10])) / 100).quantize(CENT) if chance.random() < 0.12 else Decimal(0)
        )
        base = gross - discount
        inclusive = chance.random() < (0.5 if region["currency"] != "USD" else 0.0)
        if inclusive:
            tax = (base * rate / (100 + rate)).quantize(CENT, ROUND_HALF_UP)
            net, total = base - tax, base
        else:
            tax = (base * rate / 100).quantize(CENT, ROUND_HALF_UP)
            net, total = base, base + tax
        step, rounding = region["cash"], Decimal(0)
        if step and chance.random() < 0.6:
            rounding = (total / step).quantize(Decimal(1), ROUND_HALF_UP) * step - total
        payable = total + rounding
        self.truth |= {"net_amount": net, "total_tax_amount": tax, "total_amount": payable}
        tax_name = f"{chance.choice(region['tax'])} {rate}%" if chance.random() < 0.7 else self.term("tax")
        rows: list[tuple[str, str]] = []
        fields: dict[tuple[str, str], str] = {}
        if chance.random() < 0.3:
            rows.append((self.term("count"), str(sum(q for _, q, _ in items))))
        if discount:
            rows += [
                (self.term("subtotal"), self.money(gross)),
                (self.term("discount"), f"-{self.money(discount, sign=False)}"),
            ]
        elif chance.random() < 0.6:
            rows.append((self.term("subtotal"), self.money(gross)))
        if rate and not inclusive:
            rows.append((tax_name, self.money(tax)))
            fields[rows[-1]] = "total_tax_amount"
        if rate and chance.random() < 0.5:
            rows.insert(
                len(rows) - (not inclusive),
                (f"{self.term('total')} {self.term('excl')} {region['tax'][0]}", self.money(net)),
            )
            fields[rows[len(rows) - 1 - (not inclusive)]] = "net_amount"
        if rounding or (step and chance.random() < 0.3):
            if chance.random() < 0.6:
                rows.append((self.term("total"), self.money(total)))
            rows.append((self.term("rounding"), self.money(rounding, sign=False)))
        rows.append((self.term("grand_total") if chance.random() < 0.5 else self.term("total"), self.money(payable)))
        fields[rows[-1]] = "total_amount"
        if chance.random() < 0.15:
            rows.append((self.term("total"), self.money(payable)))
            fields[rows[-1]] = "total_amount"
        paid = chance.random()
        if paid < 0.5:
            handed = payable if chance.random() < 0.3 else (payable / 10).quantize(Decimal(1), "ROUND_CEILING") * 10
            rows.append((self.term("cash"), self.money(handed)))
            if handed > payable or chance.random() < 0.6:
                rows.append((self.term("change"), self.money(handed - payable)))
        elif paid < 0.8:
            rows.append((self.term("card"), self.money(payable)))
        if inclusive and rate and chance.random() < 0.5:
            rows.append((f"{self.term('incl')} {tax_name}", self.money(tax)))
            fields[rows[-1]] = "total_tax_amount"
        for label, value in rows:
            with page.drawing(fields.get((label, value)), value):
                if chance.random() < 0.25:
                    page.left(f"{label} {value}", x=x)
                else:
                    page.pair(label, value, x=x)
        if rate and chance.random() < 0.35:
            page.left(self.term("tax_summary"))
            for text, at in (
                (f"S {rate}%", 20.0),
                (self.money(net, sign=False), 0.45 * page.width),
                (self.money(tax, sign=False), 0.75 * page.width),
            ):
                page.put(text, at)
            page.feed()

    def end(self, page: Page) -> None:
        for _ in range(self.chance.randint(0, 3)):
            page.centred(self.chance.choice(ENDINGS).format(self.word()))
        if self.chance.random() < 0.15:
            later = self.show(self.day + timedelta(days=self.chance.randint(0, 400)))
            page.left(f"{self.pick('Printed', 'Exp', 'Valid until', 'Join us before')} {later}")
        if self.chance.random() < 0.2:
            page.centred(self.word().upper() + self.pick("", " SDN BHD", " LTD"))


def receipt(chance: random.Random) -> tuple[OcrText, Label]:
    """A till receipt: one narrow column."""
    maker, page = Maker(chance), Page(chance.choice([420.0, 520.0, 640.0]), 0.0, chance)
    put = page.centred if chance.random() < 0.7 else page.left
    maker.head(page, put)
    page.feed(lines=chance.choice([0, 0.5, 1]))
    if chance.random() < 0.6:
        page.centred(
            maker.pick(
                "TAX INVOICE", "RECEIPT", "INVOICE", "CASH BILL", "Quittung", "Kassenbon", "SIMPLIFIED TAX INVOICE"
            )
        )
    late, items = chance.random() < 0.2, maker.sold()
    glued = chance.random() < 0.6

    def pairs(label: str, value: str) -> None:
        if glued:
            page.left(f"{label} {value}")
        else:
            page.put(label, 20)
            page.put(value, 0.35 * page.width)
            page.feed()

    if not late:
        maker.facts(page, pairs)
    maker.table(page, items)
    maker.totals(page, items, chance.choice([20.0, 20.0, 0.4 * page.width]))
    if late:
        maker.facts(page, pairs)
    maker.end(page)
    return _finished(maker, page)


def invoice(chance: random.Random) -> tuple[OcrText, Label]:
    """An A4 invoice: sender and receiver, facts at the right, a table, sums at the right."""
    maker, page = Maker(chance), Page(1240.0, 1754.0, chance)
    left = chance.random() < 0.5
    maker.head(page, page.left if left else (lambda text, size=None: page.left(text, x=720, size=size)))
    receiver, start = maker.name(), page.y + 30 if left else 220.0
    maker.truth["receiver_name"] = receiver
    y = start
    for text in ([maker.pick("Bill To:", "To:", "Attn:")] if chance.random() < 0.4 else []) + [
        receiver,
        *maker.address(),
    ]:
        page.put(text, 40, y=y)
        y += 26
    below = max(page.y, y)
    page.y = start
    due = maker.day + timedelta(days=chance.choice([7, 14, 30]))

    def pairs(label: str, value: str) -> None:
        page.put(label, 700)
        page.put(value, 960)
        page.feed()

    maker.facts(page, pairs)
    if chance.random() < 0.5:
        maker.truth["due_date"] = due
        pairs(maker.term("due_date"), maker.show(due))
    page.y = max(below, page.y) + 40
    number = maker.pick("", f" {maker.truth['invoice_id']}")
    with page.drawing("invoice_id", maker.truth["invoice_id"]):
        page.left(maker.pick("INVOICE", "Rechnung", "Facture", "TAX INVOICE") + number, size=30)
    items = maker.sold()
    maker.table(page, items)
    page.feed()
    maker.totals(page, items, 700.0)
    page.y = max(page.y + 60, 1500.0)
    with page.drawing("supplier_name", maker.truth["supplier_name"]):
        page.left(f"{maker.truth['supplier_name']} · IBAN DE{maker.number(20)} · Tel {maker.number(8)}")
    return _finished(maker, page)


def _finished(maker: Maker, page: Page) -> tuple[OcrText, Label]:
    slips = maker.chance.choice([0.0, 0.003, 0.01, 0.02])
    text = page.read(slips)
    return text, Label(invoice=Invoice.model_validate(maker.truth), boxes=page.boxes())
