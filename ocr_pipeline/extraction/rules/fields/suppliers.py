"""Chooses the supplier's name among the lines that may be one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, starmap

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields import name_lines
from ocr_pipeline.extraction.rules.fields.company_names import clean, is_registration, legal_form
from ocr_pipeline.extraction.rules.fields.name_lines import TOP_ROWS, NameLine, completes
from ocr_pipeline.extraction.rules.fields.parties import named_under, receivers
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import join
from ocr_pipeline.extraction.rules.text import alphanumeric, key, letters_in, without_accents

WEIGHTS = {
    # what it says
    "ends_with_legal_form": 3.0,
    "legal_form_inside": 0.8,
    "ends_with_trade_word": 1.0,
    "trade_word": 0.8,
    "only_trade_words": -2.5,
    "not_a_name": -2.5,
    "number_label": -2.5,
    "address": -2.0,
    # how it is written
    "upper_case": 0.5,
    "digit_share": -4.0,
    "short": -1.5,
    "long": -1.0,
    "sentence": -1.0,
    "loose_letters": -2.0,
    "in_brackets": -3.0,
    "large_print": 0.8,
    # where it is
    "first_rows": 2.0,
    "first_row": 0.4,
    "seller": 3.0,
    "buyer": -3.0,
    "below_title": -2.0,
    "below_address": -1.2,
    "before_address": 0.8,
    "registration_beside": 1.2,
    "beside_amount": -3.0,
    "part_of_row": -0.3,
    # how it was put together
    "merged": -3.8,
    "merge_completes": 4.8,
}
AT_LEAST = 0.5
SPELLING = "spelling of known words"
"""Slips in a legal form or a trade word were undone: `SDH BHD`."""

_NUMBER_LABELS = frozenset({"supplier_tax_id", "invoice_id", "other_id", "registration", "tax_number", "order_id"})


@dataclass(frozen=True)
class _Page:
    """The context of a line. `sellers` and `buyers`: the words of names in these places."""

    first_title: int
    first_address: int
    sellers: frozenset[int]
    buyers: frozenset[int]


def candidates(reading: Reading) -> list[Candidate[str]]:
    """Names that the document may have been issued by, in reading order."""
    lines = name_lines.find(reading)
    page = _Page(
        first_title=_first_row(reading, "invoice_title"),
        first_address=_first_row(reading, "address"),
        sellers=frozenset(index for span in named_under(reading, "seller") for index in span.words),
        buyers=frozenset(index for receiver in receivers(reading) for index in receiver.span.words),
    )
    return [_candidate(reading, page, parts) for parts in name_lines.merged(lines)]


def _first_row(reading: Reading, keyword_class: str) -> int:
    """The first row below the top one with a keyword of the class."""
    rows = (row.index for row in reading.rows[1:] if keyword_class in reading.keywords.classes(row.index))
    return next(rows, len(reading.rows))


def _candidate(reading: Reading, page: _Page, parts: Sequence[NameLine]) -> Candidate[str]:
    span = join([line.span for line in parts])
    name = clean(" ".join(line.text for line in parts))[0]
    if reading.region and reading.region.code == "MY":  # Malay and English have no accents: they are dirt on the paper
        name = without_accents(name)
    correction = None if alphanumeric(name) in alphanumeric(span.text) else SPELLING
    return Candidate(name, span, _wording(name, parts) | _place(reading, page, parts), correction)


def _wording(name: str, parts: Sequence[NameLine]) -> dict[str, float]:
    words = name.split()
    letters = letters_in(name)
    trade_words = lexicon.load().trade_words
    form = legal_form(name)
    classes = frozenset().union(*(line.classes for line in parts))
    return {
        "ends_with_legal_form": float(form == "end"),
        "legal_form_inside": float(form == "inside"),
        "ends_with_trade_word": float(bool(words) and _ends_with_trade_word(key(words[-1]))),
        "trade_word": float(any(key(word) in trade_words for word in words)),
        "only_trade_words": float(all(key(word) in trade_words for word in words if len(word) > 1)),
        "not_a_name": float("not_a_name" in classes),
        "number_label": float(bool(classes & _NUMBER_LABELS)),
        "address": float("address" in classes),
        "upper_case": float(name.isupper()),
        "digit_share": sum(c.isdigit() for c in name) / max(letters, 1),
        "short": float(letters < 5),
        "long": float(len(words) > 8),
        "sentence": float(sum(word.islower() for word in words) >= 3),
        "loose_letters": float(sum(len(word) <= 2 for word in words) > len(words) / 2),
        "in_brackets": float(name.startswith("(") and name.endswith(")")),
        "merged": len(parts) - 1.0,
        "merge_completes": float(sum(starmap(completes, pairwise(parts)))),
    }


def _ends_with_trade_word(word: str) -> bool:
    """Whether a word is a trade word or, its spaces lost, ends with one: `SANYUSTATIONERYSHOP`."""
    known = lexicon.load().trade_words
    return word in known or (len(word) > 10 and any(word.endswith(end) for end in known if len(end) > 3))


def _place(reading: Reading, page: _Page, parts: Sequence[NameLine]) -> dict[str, float]:
    first, last = parts[0], parts[-1]
    next_row = reading.rows[last.row + 1].text if last.row + 1 < len(reading.rows) else ""
    return {
        "large_print": min(max(first.span.height / reading.layout.text_height - 1.1, 0.0), 1.0),
        "first_rows": max(0.0, 1 - first.row / TOP_ROWS),
        "first_row": float(first.row == 0),
        "seller": float(not page.sellers.isdisjoint(first.span.words)),
        "buyer": float(not page.buyers.isdisjoint(first.span.words)),
        "below_title": float(first.row > page.first_title),
        "below_address": float(first.row > page.first_address),
        "before_address": float("address" in reading.keywords.classes(last.row + 1)),
        "registration_beside": float(last.registered or is_registration(next_row)),
        "beside_amount": float(reading.has_money(first.row)),
        "part_of_row": float(first.part_of_row),
    }
