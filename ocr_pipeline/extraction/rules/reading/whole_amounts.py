"""Which whole numbers are amounts of money, on pages and in columns that print no cents."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ocr_pipeline.extraction.rules.reading.dates import PrintedDate
from ocr_pipeline.extraction.rules.reading.keywords import Keywords
from ocr_pipeline.extraction.rules.reading.layout import Layout
from ocr_pipeline.extraction.rules.reading.numbers import Number
from ocr_pipeline.extraction.rules.reading.separators import Separators

_SAME_EDGE = 0.03
"""Amounts of one column end within this distance, in page widths."""
_MAX_PLAIN = 10_000_000
"""Whole numbers without marks from here on are codes."""
_LONG_GROUPED = 1000
_MIN_ALONE = 100
"""Smaller whole numbers are no amounts unless others stand in their column or a label says so."""
_AMOUNTS = frozenset(
    {
        "total",
        "grand_total",
        "net_total",
        "subtotal",
        "net",
        "tax",
        "due",
        "cash",
        "card",
        "change",
        "rounding",
        "discount",
    }
    | {"saving", "service_charge", "surcharge", "prepaid", "excl", "incl", "amount"}
)
_NO_AMOUNTS = frozenset(
    {"invoice_id", "purchase_order", "order_id", "other_id", "supplier_tax_id", "receiver_tax_id", "tax_number", "code"}
    | {"registration", "count", "quantity", "position", "invoice_date", "due_date", "other_date", "address"}
)
"""Keyword classes of what is counted, named or dated."""


def mark(
    numbers: Sequence[Number], layout: Layout, keywords: Keywords, dates: Iterable[PrintedDate], page: Separators
) -> Iterator[Number]:
    """The numbers, those that are money without two decimals marked as `whole`."""
    of_dates = {(date.row, position) for date in dates for position in range(date.first, date.last + 1)}
    edges = [n.span.x1 for n in numbers if n.is_money or _is_grouped(n)]
    last_in_row = {number.row: position for position, number in enumerate(numbers)}
    for position, number in enumerate(numbers):
        counts = number.is_money or number.percent or number.measure or (number.row, number.first) in of_dates
        is_last = last_in_row[number.row] == position
        whole = not counts and _is_whole_amount(number, layout, keywords, edges, page, is_last=is_last)
        yield replace(number, whole=True) if whole else number


def _is_grouped(number: Number) -> bool:
    return number.decimals == 0 and bool(number.group) and not number.percent


def _is_whole_amount(
    number: Number, layout: Layout, keywords: Keywords, edges: Sequence[float], page: Separators, *, is_last: bool
) -> bool:
    if number.decimals:
        return number.decimals == 3 and _has_three_decimals(number, page)
    classes = _label(number, keywords)
    labelled = bool(classes & _AMOUNTS)
    if classes & _NO_AMOUNTS and not labelled:
        return False
    aligned = sum(abs(number.span.x1 - edge) < _SAME_EDGE for edge in edges) > _is_grouped(number)
    if _is_grouped(number):
        return page.without_cents or (is_last and (aligned or labelled) and abs(number.value) >= _LONG_GROUPED)
    if not page.without_cents or not is_last or _is_code(number, layout):
        return False
    if labelled or (aligned and _stands_apart(number, layout)):
        return True
    return not edges and abs(number.value) >= _MIN_ALONE and _is_own_cell(number, layout)


def _has_three_decimals(number: Number, page: Separators) -> bool:
    return page.decimals == 3 or (page.without_cents and not number.value)  # 0.000


def _is_code(number: Number, layout: Layout) -> bool:
    """Whether digits without marks are more likely a code, a count or a running number."""
    text = number.span.text.strip("-+()$ ")
    leading_zero = text.startswith("0") and len(text) > 1
    return leading_zero or abs(number.value) >= _MAX_PLAIN or _after_number_sign(number, layout)


def _stands_apart(number: Number, layout: Layout) -> bool:
    """Whether no word is close before a number, as the state is before a postcode: `IL 60601`."""
    row = layout.rows[number.row]
    before = row.words[number.first - 1].text if number.first else ""
    starts_cell = any(cell.words[0].words == row.words[number.first].words for cell in row.cells)
    return starts_cell or not any(character.isalpha() for character in before)


def _is_own_cell(number: Number, layout: Layout) -> bool:
    """Whether a number is the last cell of its row, apart from the text before it."""
    cells = layout.rows[number.row].cells
    return len(cells) > 1 and cells[-1].words[0] == number.span and len(cells[-1].words) == 1


def _label(number: Number, keywords: Keywords) -> frozenset[str]:
    """Classes of the phrase nearest on the left."""
    hits = [hit for hit in keywords.in_row(number.row) if hit.last < number.first]
    return max(hits, key=lambda hit: hit.last).classes if hits else frozenset()


def _after_number_sign(number: Number, layout: Layout) -> bool:
    before = layout.rows[number.row].words[number.first - 1].text if number.first else ""
    return before.endswith("#") or before.casefold().strip(":") in ("no.", "nr.", "n°", "no", "nr", "x")
