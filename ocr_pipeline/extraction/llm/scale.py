"""Thousands or decimals: what `161.000` in a reply means.

The prompt asks for a decimal point and no separators, and models copy what is printed nevertheless. The grammar of `values`
gives both readings; the page decides, then the other amounts of the reply. Money is seldom printed with three decimals, so
where nothing decides it is thousands, as for the scorer, and not to be trusted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ocr_pipeline.extraction.rules.fields.doubts import LIMITS
from ocr_pipeline.schemas import Evidence, Fields, OcrText
from ocr_pipeline.values import currencies
from ocr_pipeline.values.numerals import read_numeral

MAX_SCORE = LIMITS["open_scale"]
"""The highest score of a value whose scale nothing decides."""


@dataclass(frozen=True)
class Settled:
    """The values with each amount of this shape read in one way. `doubts`: by path, a sentence where nothing decided."""

    invoice: Fields
    doubts: dict[str, str]

    def limited(self, evidence: dict[str, Evidence]) -> dict[str, Evidence]:
        """The evidence, its score not above what the doubt allows."""
        return {
            path: place.model_copy(update={"score": min(place.score, MAX_SCORE)}) if path in self.doubts else place
            for path, place in evidence.items()
        }


def settle(invoice: Fields, text: OcrText | None) -> Settled:
    """Read every amount of money that has the ambiguous shape. `text`: the words of the page, None if there are none."""
    amounts = list(_amounts(invoice))
    ambiguous = {path: value for path, value in amounts if _is_open(value)}
    if not ambiguous or currencies.decimals(getattr(invoice, "currency", None) or "") == 3:
        return Settled(invoice, {})
    printed = _printed(text) if text else {}
    has_cents = any(value.as_tuple().exponent == -2 for _, value in amounts)
    values, doubts = invoice.model_dump(), {}
    for path, decimals in ambiguous.items():
        thousands = (decimals * 1000).quantize(Decimal(1))
        known = {value: printed[abs(value)] for value in (thousands, decimals) if abs(value) in printed}
        sure = [value for value, is_open in known.items() if not is_open]
        chosen = sure[0] if sure else decimals if has_cents and not known else thousands
        _put(values, path, chosen)
        if not sure and chosen == thousands:
            doubts[path] = (
                f"{path}: the model wrote {decimals:f}, taken for {thousands:f}; nothing on the page decides."
            )
    return Settled(type(invoice).model_validate(values), doubts)


def _amounts(invoice: Fields) -> Iterator[tuple[str, Decimal]]:
    for name, kind in invoice.KINDS.items():
        if kind == "money" and (value := getattr(invoice, name)) is not None:
            yield name, value
    for name, columns in invoice.LISTS.items():
        for position, row in enumerate(getattr(invoice, name)):
            for column, kind in columns.items():
                if kind == "money" and (value := getattr(row, column)) is not None:
                    yield f"{name}.{position}.{column}", value


def _is_open(value: Decimal) -> bool:
    numeral = read_numeral(f"{abs(value):f}")
    return numeral is not None and numeral.other is not None


def _printed(text: OcrText) -> dict[Decimal, bool]:
    """The numbers on the page as the page reads them, and whether their scale is open everywhere."""
    from ocr_pipeline.extraction.rules.reading import read

    found: dict[Decimal, bool] = {}
    for number in read(text).numbers:
        found[abs(number.value)] = number.open and found.get(abs(number.value), True)
    return found


def _put(values: dict[str, Any], path: str, value: Decimal) -> None:
    *parents, last = path.split(".")
    target: Any = values
    for parent in parents:
        target = target[int(parent)] if parent.isdecimal() else target[parent]
    target[last] = value
