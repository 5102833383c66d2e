"""How a page prints numbers: which mark comes before decimals, and whether amounts have decimals at all.

`14.875` is ambiguous by itself. What the page says decides: amounts whose marks leave no doubt, the currency, arithmetic with
unambiguous amounts, the country. If nothing does, thousands are likelier, because money is seldom printed with three
decimals; but the number stays open, and whatever is chosen from it is not trusted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import combinations, product

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.reading.layout import Layout
from ocr_pipeline.extraction.rules.reading.numbers import Number
from ocr_pipeline.values import currencies

_OTHER_MARK = {".": ",", ",": "."}
_CENTS, _GROUPS, _FRACTION = 2, 2, 1
"""How much an amount with two decimals, groups beyond the thousand, and `0.144` say about the decimal mark."""
_MAX_TERMS = 16
"""Numbers that are combined in search of a sum."""
_MAX_FACTOR = 1000
_MIN_TERM = 50
"""Smaller amounts add up to others by chance."""
_MIN_COUNTRY, _CLEARLY = 0.2, 0.7
_SETTLED = 3
"""So many different amounts of this shape, on a page of unknown currency, leave no doubt."""

_POINT_TEXT = (
    "US GB IE AU NZ CA SG MY TH PH IN PK BD LK NP CN HK TW JP KR MX IL NG KE GH TZ UG CH LI MT GT HN NI PA DO SV PR JM TT "
    "AE SA QA KW BH OM EG JO ZW ZM BW MM KH MO"
)
_POINT_COUNTRIES = frozenset(_POINT_TEXT.split())
"""Countries whose decimal mark is a point; in the others it is a comma (CLDR)."""


@dataclass(frozen=True)
class Separators:
    """What a page says about its numbers. `decimal`: the decimal mark; None if nothing tells it.

    `open`: the shape `14.875` stays ambiguous. `without_cents`: amounts have no decimals. `decimals`: those of the currency.
    """

    decimal: str | None
    open: bool
    without_cents: bool
    decimals: int = 2


def decide(numbers: Sequence[Number], layout: Layout, countries: Sequence[tuple[str, float]]) -> Separators:
    """Judge the numbers of a page, in which the ambiguous shape is still read as thousands.

    `countries` are those that the document may come from (ISO 3166), with their probabilities.
    """
    country = _country(countries)
    region = lexicon.load().regions.get(country) if country else None
    currency = _currency(numbers, layout, region.currency if region else None)
    votes = _votes(numbers)
    decimals = currencies.decimals(currency) if currency else 2
    without_cents = decimals != 3 and _is_without_cents(numbers, currency)
    ambiguous = [number for number in numbers if number.other is not None and not number.percent]
    seldom = currency is not None and currencies.is_without_cents(currency)
    if not ambiguous or (votes and not without_cents and not seldom):
        mark = max(sorted(votes), key=lambda key: votes[key]) if votes else None
        return Separators(mark, open=False, without_cents=without_cents, decimals=decimals)
    settled = _settled(ambiguous, numbers, country, currency)
    if settled is None:
        return Separators(None, open=True, without_cents=without_cents, decimals=decimals)
    thousands, mark = settled
    return Separators(None if thousands else mark, open=False, without_cents=without_cents, decimals=decimals)


def _country(countries: Sequence[tuple[str, float]]) -> str | None:
    """The likeliest country if it is much likelier than the others that are considered."""
    if not countries or countries[0][1] < _MIN_COUNTRY:
        return None
    code, share = countries[0]
    return code if share >= _CLEARLY * sum(other for _, other in countries) else None


def _is_without_cents(numbers: Sequence[Number], currency: str | None) -> bool:
    """Whether amounts have no decimals: none has, or most have not; fewer are enough in a currency without cents."""
    cents = sum(number.decimals == 2 and not number.percent for number in numbers)
    whole = sum(number.decimals == 0 and bool(number.group) and not number.percent for number in numbers)
    seldom = currency is not None and currencies.is_without_cents(currency)
    return not cents or whole > 2 * cents or (seldom and whole >= cents)


def resolve(numbers: Iterable[Number], separators: Separators) -> Iterator[Number]:
    """The numbers with the ambiguous shape read as the page prints it."""
    for number in numbers:
        if number.other is None:
            yield number
        elif number.group == separators.decimal or number.measure or number.percent:
            yield number.as_decimals
        else:
            yield replace(number, open=separators.open)


def _votes(numbers: Iterable[Number], *, cents: bool = True) -> Counter[str]:
    """Decimal mark -> how much unambiguous numbers speak for it; with or without those that have two decimals."""
    votes: Counter[str] = Counter()
    for number in numbers:
        if number.other is not None or number.percent:
            continue
        if number.mark in _OTHER_MARK and number.decimals == 2:
            votes[number.mark] += _CENTS * cents
        elif number.mark in _OTHER_MARK and number.decimals == 3 and 0 < abs(number.value) < 1 and not number.measure:
            votes[number.mark] += _FRACTION
        if number.group in _OTHER_MARK:
            votes[_OTHER_MARK[number.group]] += _GROUPS
    return +votes


def _settled(
    ambiguous: Sequence[Number],
    numbers: Sequence[Number],
    country: str | None,
    currency: str | None,
) -> tuple[bool, str] | None:
    """Whether the ambiguous shape means thousands, and its mark; None if nothing tells."""
    mark = Counter(number.group for number in ambiguous).most_common(1)[0][0]
    if currency is not None and currencies.is_without_cents(currency):
        return True, mark
    votes = _votes(numbers, cents=False)  # a rate or price with two decimals may stand among amounts without
    if votes:
        return votes[mark] <= votes[_OTHER_MARK[mark]], mark
    by_sum = _by_arithmetic(ambiguous, numbers)
    if by_sum is not None:
        return by_sum, mark
    if currency is not None and currencies.decimals(currency) == 3:
        return False, mark
    if country is not None and mark != ("." if country in _POINT_COUNTRIES else ","):
        return True, mark
    many = len({number.value for number in ambiguous}) >= _SETTLED
    return (True, mark) if many and currency is None else None


def _by_arithmetic(ambiguous: Sequence[Number], numbers: Sequence[Number]) -> bool | None:
    """Whether sums and products with unambiguous amounts hold for thousands (True) or for decimals (False).

    A sum of ambiguous numbers alone holds for both. Only numbers at the end of a row, or with a currency, are amounts; a
    factor may stand anywhere.
    """
    ends = {id(number) for number in {number.row: number for number in numbers}.values()}
    plain = [number for number in numbers if _is_unambiguous(number)]
    factors = _first(n.value for n in plain if n.value < _MAX_FACTOR)
    sure = _first(n.value for n in plain if n.value >= _MIN_TERM and (id(n) in ends or n.sign))
    thousands = _first(n.value for n in ambiguous if id(n) in ends or n.sign)
    decimals = [value / 1000 for value in thousands]
    for_thousands, for_decimals = (_holds(sure, factors, values) for values in (thousands, decimals))
    return None if for_thousands == for_decimals else for_thousands


def _is_unambiguous(number: Number) -> bool:
    return number.other is None and not number.percent and number.decimals in (0, 2) and number.value > 1


def _first(values: Iterable[Decimal]) -> list[Decimal]:
    return list(dict.fromkeys(values))[:_MAX_TERMS]


def _holds(sure: Sequence[Decimal], factors: Sequence[Decimal], values: Sequence[Decimal]) -> bool:
    """Whether a value is the sum of a sure one and another, or the product of a factor and a sure one."""
    targets = set(values)
    sums = {a + b for a, b in product(sure, [*sure, *values]) if a != b}
    products = {a * b for a, b in product(factors, sure)}
    return not targets.isdisjoint(sums | products) or any(a + b in sure for a, b in combinations(values, 2))


def _currency(numbers: Iterable[Number], layout: Layout, home: str | None) -> str | None:
    """The currency that most signs and codes on the page mean; a shared sign means the home currency."""
    counts: Counter[str] = Counter()
    for sign in [*(number.sign for number in numbers if number.sign), *_codes(layout)]:
        codes = currencies.codes_of(sign)
        if codes:
            counts[home if home in codes else codes[0]] += 1
    return counts.most_common(1)[0][0] if counts else home


def _codes(layout: Layout) -> Iterator[str]:
    for row in layout.rows:
        for word in row.words:
            if len(word.text) <= _LONGEST_CODE:
                code = _code(word.text)
                if code:
                    yield code


_LONGEST_CODE = 6


@lru_cache(maxsize=65536)
def _code(word: str) -> str | None:
    """The sign or code that a word is, in brackets or not: `(IDR)`, `円`."""
    text = word.strip("():.,[]/")
    is_code = len(text) == 3 and text.isupper() and text.isascii()
    is_sign = len(text) <= 2 and not text.isascii()
    known = (is_code or is_sign) and currencies.codes_of(text) and not currencies.is_weak(text)
    return text if known else None
