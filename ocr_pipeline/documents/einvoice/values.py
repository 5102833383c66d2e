"""Collecting the values of an e-invoice, each with the element that it was read from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from ocr_pipeline.documents.einvoice import xml
from ocr_pipeline.documents.einvoice.arithmetic import Check

PRICE_DIGITS = Decimal("1.000000")
"""Prices are computed to this many places, as `schemas.Amount` stores them."""


@dataclass(frozen=True)
class Place:
    """Where a value stands: the path of its element from the root, by local names, and the text in it."""

    path: str
    text: str


@dataclass
class Values:
    """The values of one invoice by field, in the types of `schemas.Invoice`; text that cannot be parsed stays text.

    Attributes:
        alternatives: further accepted values by field.
        places: by field path (`total_amount`, `tax_lines.0.rate`).
        sums: amounts that only the arithmetic needs, by business term of EN 16931 (`BT-106`).
        checks: sums that were checked.
        country: ISO code in the supplier's address.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    alternatives: dict[str, list[str]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    sums: dict[str, Decimal] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    country: str | None = None

    def put(self, name: str, value: Any, element: Any = None) -> None:
        """Set a field that has no value yet. None is no value."""
        if value is None or self.fields.get(name) is not None:
            return
        self.fields[name] = value
        if element is not None:
            self.keep(name, element)

    def keep(self, name: str, element: Any) -> None:
        """Keep the element as the place of the value with this path."""
        self.places[name] = Place(xml.path_of(element), xml.joined(element))

    def texts(self, name: str, elements: Iterable[Any]) -> None:
        """The first text is the value, others are accepted, too."""
        by_text = {text: element for element in reversed(list(elements)) if (text := xml.joined(element))}
        for number, (text, element) in enumerate(reversed(by_text.items())):
            if number == 0:
                self.put(name, text, element)
            else:
                self.also(name, text)

    def dates(self, name: str, elements: Iterable[Any]) -> None:
        """The earliest date is the value, later ones are accepted, too: a page prints all dates of instalments."""
        by_date = {xml.parse_date(text): element for element in elements if (text := xml.joined(element))}
        known = sorted(day for day in by_date if isinstance(day, date))
        for value, element in by_date.items():
            if not isinstance(value, date) and not known:
                self.put(name, value, element)  # reported as invalid
        for number, day in enumerate(known):
            if number == 0:
                self.put(name, day, by_date[day])
            else:
                self.also(name, day.isoformat())

    def amount(self, name: str, elements: Iterable[Any], currency: str | None = None) -> None:
        """The first amount in the invoice's currency; the tax total may stand there again in another currency."""
        for element in elements:
            if currency is None or element.get("currencyID") in (None, "", currency):
                self.put(name, xml.decimal(xml.joined(element) or None), element)

    def sum_of(self, term: str, elements: Iterable[Any]) -> None:
        """An amount for the arithmetic."""
        for element in elements:
            value = xml.decimal(xml.joined(element) or None)
            if isinstance(value, Decimal):
                self.sums.setdefault(term, value)

    def also(self, name: str, text: str) -> None:
        """Accept a further value."""
        known = self.alternatives.setdefault(name, [])
        if text not in known and text != str(self.fields.get(name)):
            known.append(text)

    def add_rows(
        self, name: str, elements: Sequence[Any], texts: dict[str, str], amounts: dict[str, str], *, pieces: str = ""
    ) -> None:
        """Append rows to `line_items` or `tax_lines`. `texts`, `amounts`: paths below each element, by column. `pieces`: path
        of the number of pieces that the unit price is for. Elements without any amount are remarks and left out."""
        rows = self.fields.setdefault(name, [])
        for position, element in enumerate(elements, start=1):
            found = {
                column: nodes[0] for column, path in {**texts, **amounts}.items() if (nodes := xml.find(element, path))
            }
            cells: dict[str, Any] = {
                column: xml.decimal(text) if column in amounts else text
                for column, node in found.items()
                if (text := xml.joined(node))
            }
            if not any(column in cells for column in amounts if column != "unit_price"):
                continue
            number = xml.decimal(xml.text(element, pieces)) if pieces else None
            price = cells.get("unit_price")
            if isinstance(price, Decimal) and isinstance(number, Decimal) and number not in (0, 1):
                cells["unit_price"] = (price / number).quantize(PRICE_DIGITS).normalize()
            start = f"{name}.{len(rows)}"
            base = f"{xml.path_of(element)}[{position}]"
            for column in cells:
                path = xml.path_of(found[column], element)
                self.places[f"{start}.{column}"] = Place(f"{base}/{path}" if path else base, xml.joined(found[column]))
            rows.append(cells)

    def address(self, elements: Sequence[Any], parts: Sequence[str], country: str, region: str = "") -> None:
        """The supplier's address in one line, without its country, which is kept as a code.

        Args:
            parts: what stands between commas; names joined by a blank are joined by one.
            country, region: names of the elements. The region is put in brackets, as in Italy.
        """
        for element in elements[:1]:
            texts = [
                " ".join(
                    text for name in part.split() for node in xml.find(element, name) if (text := xml.joined(node))
                )
                for part in parts
            ]
            province = xml.text(element, region) if region else None
            if province and texts[-1]:
                texts[-1] += f" ({province})"
            self.put("supplier_address", ", ".join(text for text in texts if text) or None, element)
            code = (xml.text(element, country) or "").upper()
            self.country = _alpha2(code) or None


def _alpha2(country: str) -> str:
    """The ISO 3166 code of two letters of one of two or three; Facturae has three."""
    if len(country) != 3:
        return country
    from babel.core import get_global

    [known, *_] = get_global("territory_aliases").get(country) or [country]
    return str(known)
