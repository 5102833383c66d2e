"""What stands on a synthetic page: a company, a customer, goods and sums, printed as its country prints them.

Countries and words are data (`synthetic/countries.yaml`, `synthetic/languages.yaml`). Names are made up; tax ids and IBANs
have right check digits and belong to nobody we know of.
"""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from babel.dates import format_date

DATA = Path(__file__).with_name("synthetic")

LAYOUTS = ("letter", "modern", "receipt", "utility", "form")
ADDED_TAX = {"in", "ca", "ca-fr"}
"""Countries whose receipts print prices without tax and add it below."""
NUMBER_SHAPES = (
    "{y}-{n4}", "INV-{n5}", "{y}/{n4}", "{n7}", "F{yy}-{n4}", "FT {y}/{n3}", "{n3}/{m}/{y}", "A-{n6}", "{yy}{n6}",
    "RE.{yy}.{n4}",
)  # fmt: skip


@cache
def countries() -> dict[str, dict[str, Any]]:
    return yaml.safe_load((DATA / "countries.yaml").read_text("utf-8"))  # type: ignore[no-any-return]


@cache
def languages() -> dict[str, dict[str, Any]]:
    return yaml.safe_load((DATA / "languages.yaml").read_text("utf-8"))  # type: ignore[no-any-return]


def printed_number(value: Decimal, sample: str, digits: int) -> str:
    """A number in the style of `sample`, which is 1234567.89 as printed: `1.234.567,89`, `12,34,567.89`, `1234567.89`."""
    whole, _, cents = f"{abs(value):.{digits}f}".partition(".")
    point = sample[-3]
    group = next((letter for letter in sample[:-3] if not letter.isdigit()), "")
    step = 2 if sample.startswith(f"12{group}34") and group else 3
    head, tail = whole[:-3], whole[-3:]
    parts = [tail]
    while group and head:
        parts.insert(0, head[-step:])
        head = head[:-step]
    return ("-" if value < 0 else "") + head + group.join(parts) + (point + cents if cents else "")


def printed_date(day: date, pattern: str, locale: str) -> str:
    """A date as a pattern of `countries.yaml` says."""
    if pattern == "long":
        return format_date(day, "long", locale=locale)
    if pattern == "buddhist":
        return f"{day.day} {format_date(day, 'MMMM', locale='th_TH')} {day.year + 543}"
    if pattern == "buddhist_numeric":
        return f"{day:%d/%m}/{day.year + 543}"
    if pattern == "era":
        return f"令和{day.year - 2018}年{day.month}月{day.day}日"
    if pattern == "vietnamese":
        return f"Ngày {day:%d} tháng {day:%m} năm {day.year}"
    return day.strftime(
        pattern.replace("{d}", str(day.day)).replace("{m}", str(day.month)).replace("{y}", str(day.year))
    )


def filled(shape: str, chance: random.Random) -> str:
    """A shape with random digits for # and letters for A."""
    letters = (chance.choice(string.digits if c == "#" else string.ascii_uppercase) if c in "#A" else c for c in shape)
    return "".join(letters)


def accepts(module: str | None) -> Callable[[str], bool]:
    """The check of python-stdnum for an id; every number passes without one."""
    if module is None:
        return lambda number: True
    return import_module(f"stdnum.{module}").is_valid  # type: ignore[no-any-return]


def tax_number(spec: dict[str, Any], chance: random.Random) -> str:
    """A number with right check digits: the last one or two digits (letters for an RFC or GSTIN) are tried through."""
    valid = accepts(spec["check"])
    for _ in range(20000):
        number = filled(spec["shape"], chance)
        if "?" in number:
            tries = (number.replace("?", end) for end in string.digits + string.ascii_uppercase)
        elif spec["check"] == "mx.rfc":
            tries = (number[:-1] + end for end in string.digits + "A")
        else:
            tries = (
                (number,)
                if number.endswith("01")
                else (number[:-2] + "".join(end) for end in product(string.digits, repeat=2))
            )
        for candidate in tries:
            if valid(candidate):
                return candidate
    raise ValueError(f"no valid number of the shape {spec['shape']}")


def grouped(number: str, pattern: str) -> str:
    """A number printed by a pattern: `{}` is all of it, `{3}` the next three characters."""
    if "{}" in pattern:
        return pattern.replace("{}", number)
    printed, rest = "", number
    for part in pattern.split("{")[1:]:
        count, _, after = part.partition("}")
        printed, rest = printed + rest[: int(count)] + after, rest[int(count) :]
    return pattern.split("{")[0] + printed + rest


def iban(shape: str, chance: random.Random) -> str:
    """An IBAN with right check digits, in groups of four: `NLINGB##########` has country and account, no check digits."""
    from stdnum.iban import calc_check_digits

    drawn = filled(shape[2:].replace("A", "a"), chance).upper()
    account = shape[:2] + calc_check_digits(f"{shape[:2]}00{drawn}") + drawn
    return " ".join(account[i : i + 4] for i in range(0, len(account), 4))


@dataclass(frozen=True)
class Company:
    name: str
    phone: str
    site: str
    tax_id: str
    tax_label: str
    register: str | None
    iban: str | None
    place: tuple[str, str]
    """Street and town in the order in which the country prints them."""

    @property
    def address(self) -> str:
        return ", ".join(self.place)


@dataclass(frozen=True)
class Row:
    text: str
    count: int
    price: Decimal
    amount: Decimal


@dataclass
class Page:
    """A document before it is laid out; `words` is the entry of its language, `chance` its own source of randomness."""

    name: str
    code: str
    layout: str
    country: dict[str, Any]
    words: dict[str, Any]
    chance: random.Random
    seller: Company = field(init=False)
    buyer: Company = field(init=False)
    rows: list[Row] = field(init=False)
    taxes: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)
    """Name of the tax as printed, rate in percent, amount."""

    def __post_init__(self) -> None:
        self.digits = self.country.get("digits", 2)
        pick = self.chance.choice
        self.numbers = pick([self.country["numbers"][0], *self.country["numbers"]])
        self.money_form = pick(self.country["money"])
        self.date_form = pick(self.country["dates"])
        self.day = date(2023, 1, 5) + timedelta(days=self.chance.randrange(1060))
        self.due = self.day + timedelta(days=pick([10, 14, 20, 30]))
        names = self.chance.sample(self.country["names"], 2)
        self.seller, self.buyer = self._company(names[0]), self._company(names[1])
        shape = pick(NUMBER_SHAPES)
        count = self.chance.randrange(10**7)
        self.number = shape.format(
            y=self.day.year, yy=f"{self.day:%y}", m=f"{self.day:%m}", n7=f"{count:07}",
            **{f"n{n}": f"{count % 10**n:0{n}}" for n in (3, 4, 5, 6)},
        )  # fmt: skip
        self.net_prices = self.layout != "receipt" or self.code in ADDED_TAX
        self._sums()

    def say(self, term: str) -> str:
        """A wording of a term; the same one on the whole page."""
        chosen = self.__dict__.setdefault("_said", {})
        if term not in chosen:
            options = self.words[term]
            chosen[term] = self.chance.choice(options) if isinstance(options, list) else options
        return chosen[term]  # type: ignore[no-any-return]

    def number_of(self, value: Decimal) -> str:
        return printed_number(value, self.numbers, self.digits)

    def money(self, value: Decimal) -> str:
        return str(self.money_form).format(self.number_of(value))

    def on(self, day: date) -> str:
        return printed_date(day, self.date_form, self.country["locale"])

    def percent(self, rate: Decimal) -> str:
        text = f"{rate.normalize():f}"
        return text.replace(".", ",") if self.numbers[-3] == "," else text

    @property
    def net(self) -> Decimal:
        total = sum((row.amount for row in self.rows), Decimal(0))
        return total if self.net_prices else total - self.tax

    @property
    def tax(self) -> Decimal:
        return sum((amount for _, _, amount in self.taxes), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.net + self.tax

    def _company(self, stem: str) -> Company:
        country, chance = self.country, self.chance
        spec = country["tax_id"]
        register = country.get("register")
        street = chance.choice(country["streets"]).replace("{n}", str(chance.randrange(2, 180)))
        town = chance.choice(country["towns"])
        ascii_stem = "".join(c for c in stem.lower() if c.isascii() and c.isalnum()) or f"shop{chance.randrange(1000)}"
        return Company(
            name=chance.choice(country["legal"]).format(stem),
            place=(town, street) if country.get("town_first") else (street, town),
            phone=filled(country["phone"], chance),
            site=f"{ascii_stem[:14]}.{country['domain']}",
            tax_id=grouped(tax_number(spec, chance), chance.choice(spec["print"])),
            tax_label=chance.choice(spec["labels"]),
            register=f"{register['label']}: {filled(register['shape'], chance)}" if register else None,
            iban=iban(country["iban"], chance) if "iban" in country else None,
        )

    def _sums(self) -> None:
        low, high = self.country["prices"]
        cent = Decimal(1) if self.digits == 0 else Decimal("0.01")
        step = (
            Decimal(100 if low >= 1000 else 10)
            if self.digits == 0
            else self.chance.choice([cent, cent, Decimal("0.50")])
        )
        self.rows = []
        for text in self.chance.sample(self.words["items"], self.chance.randint(2, 5)):
            price = Decimal(str(low * (high / low) ** self.chance.random()))
            if self.layout == "receipt":
                price = price / 4 + Decimal(low) / 4
            price = max(step, (price / step).quantize(Decimal(1)) * step).quantize(cent)
            count = 1 if self.layout == "utility" else self.chance.choice([1, 1, 2, 3, 4, 10])
            self.rows.append(Row(text, count, price, price * count))
        total = sum((row.amount for row in self.rows), Decimal(0))
        for name, rate in self.chance.choice(self.country["taxes"]):
            share = Decimal(str(rate)) / 100 if self.net_prices else Decimal(str(rate)) / (100 + Decimal(str(rate)))
            amount = (total * share).quantize(cent, ROUND_HALF_UP)
            self.taxes.append((name, Decimal(str(rate)), amount))


def pages(seed: int = 1) -> list[Page]:
    """Two pages for each entry of `countries.yaml`, of different layouts, each with randomness of its own."""
    made = []
    for place, (code, country) in enumerate(countries().items()):
        for shift in (0, 2):
            layout = LAYOUTS[(place + shift) % len(LAYOUTS)]
            name = f"{code}-{layout}"
            chance = random.Random(f"{seed}:{name}")
            made.append(Page(name, code, layout, country, languages()[country["language"]], chance))
    return made
