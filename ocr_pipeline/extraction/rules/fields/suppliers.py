"""Chooses the supplier's name among the lines that may be one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, starmap

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields import blocks, name_lines, supplier_evidence
from ocr_pipeline.extraction.rules.fields.address_lines import is_unit
from ocr_pipeline.extraction.rules.fields.company_names import clean, is_registration, legal_form
from ocr_pipeline.extraction.rules.fields.line_shapes import not_a_name
from ocr_pipeline.extraction.rules.fields.name_lines import TOP_ROWS, NameLine, completes, ends_open, joined
from ocr_pipeline.extraction.rules.fields.parties import labelled_receivers, named_under
from ocr_pipeline.extraction.rules.fields.sender_lines import sender
from ocr_pipeline.extraction.rules.fields.supplier_evidence import SupplierEvidence, speaks
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
    "only_keywords": -2.5,
    "town": -3.0,
    "street": -2.5,
    "phone": -3.0,
    "web": -2.0,
    "label": -2.5,
    "code": -2.0,
    "speaks": -1.5,
    "open_end": -1.5,
    "table_head": -3.0,
    "bank": -3.5,
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
    "buyer": -6.0,
    "addressee": -2.5,
    "below_title": -2.0,
    "below_address": -1.2,
    "before_address": 0.8,
    "registration_beside": 1.2,
    "identified": 1.6,
    "in_domain": 1.8,
    "repeated": 0.6,
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
    buyer_names: frozenset[str]
    addressees: frozenset[int]
    evidence: SupplierEvidence


def candidates(reading: Reading) -> list[Candidate[str]]:
    """Names that the document may have been issued by, in reading order."""
    lines = name_lines.find(reading)
    receivers = labelled_receivers(reading)
    buyers = frozenset(index for receiver in receivers for index in receiver.span.words)
    page = _Page(
        first_title=_first_row(reading, "invoice_title"),
        first_address=_first_row(reading, "address"),
        sellers=frozenset(index for span in named_under(reading, "seller") for index in span.words),
        buyers=buyers,
        buyer_names=frozenset(alphanumeric(receiver.value) for receiver in receivers),
        addressees=blocks.addressees(reading) if not reading.layout.is_narrow else frozenset(),
        evidence=supplier_evidence.find(reading, buyers),
    )
    return [_candidate(reading, page, parts) for parts in name_lines.merged(lines)]


def _first_row(reading: Reading, keyword_class: str) -> int:
    """The first row below the top one with a keyword of the class."""
    rows = (row.index for row in reading.rows[1:] if keyword_class in reading.keywords.classes(row.index))
    return next(rows, len(reading.rows))


def _candidate(reading: Reading, page: _Page, parts: Sequence[NameLine]) -> Candidate[str]:
    span = join([line.span for line in parts])
    name = clean(joined(parts))[0]
    if reading.region and reading.region.code == "MY":  # Malay and English have no accents: they are dirt on the paper
        name = without_accents(name)
    name = page.evidence.respelled(name)
    correction = None if alphanumeric(name) in alphanumeric(span.text) else SPELLING
    return Candidate(
        name,
        span,
        _wording(name, parts, page.evidence.in_domain(name)) | _place(reading, page, name, parts),
        correction,
    )


@cache
def _generic_words() -> frozenset[str]:
    """Words that are no name by themselves."""
    return frozenset(lexicon.load().trade_words) | lexicon.load().legal_words


def _wording(name: str, parts: Sequence[NameLine], in_domain: float) -> dict[str, float]:
    words = name.split()
    letters = letters_in(name)
    trade_words = lexicon.load().trade_words
    generic = _generic_words()
    form = legal_form(name)
    classes = frozenset().union(*(line.classes for line in parts))
    labels = frozenset().union(*(line.labels for line in parts))
    return {
        "ends_with_legal_form": float(form == "end"),
        "legal_form_inside": float(form == "inside"),
        "ends_with_trade_word": float(bool(words) and _ends_with_trade_word(key(words[-1]))),
        "trade_word": float(any(key(word) in trade_words for word in words)),
        "only_trade_words": float(all(key(word) in generic for word in words if len(word) > 1)),
        "not_a_name": float("not_a_name" in classes),
        "number_label": float(bool(labels & _NUMBER_LABELS)),
        "only_keywords": float(all(line.known > 0.95 for line in parts) and form is None),
        "speaks": float(form is None and any(speaks(line.span.text) for line in parts)),
        "open_end": float(len(parts) == 1 and ends_open(name)),
        **_shapes(parts, certain=form == "end"),
        "address": float("address" in classes),
        "upper_case": float(name.isupper()),
        "digit_share": sum(c.isdigit() for c in name) / max(letters, 1),
        "short": float(letters < 5 and not in_domain),
        "long": float(len(words) > 8),
        "sentence": float(sum(word.islower() for word in words) >= 3),
        "loose_letters": float(form != "end" and sum(len(word) <= 2 for word in words) > len(words) / 2),
        "in_brackets": float(name.startswith("(") and name.endswith(")")),
        "in_domain": in_domain,
        "merged": len(parts) - 1.0,
        "merge_completes": float(sum(starmap(completes, pairwise(parts)))),
    }


def _shapes(parts: Sequence[NameLine], *, certain: bool) -> dict[str, float]:
    """The shapes of other things that the lines have. `certain`: a legal form settles that they are a name."""
    if certain:
        return {}
    shapes = {not_a_name(line.span.text) for line in parts} | {not_a_name(sender(line.span.text)) for line in parts[:1]}
    if any(is_unit(line.span.text) for line in parts):
        shapes.add("street")
    trade = any(key(word) in lexicon.load().trade_words for line in parts for word in line.text.split())
    return {shape: 1.0 for shape in sorted(shape for shape in shapes if shape) if not (trade and shape == "street")}


def _ends_with_trade_word(word: str) -> bool:
    """Whether a word is a trade word or, its spaces lost, ends with one: `SANYUSTATIONERYSHOP`."""
    known = lexicon.load().trade_words
    return word in known or (len(word) > 10 and any(word.endswith(end) for end in known if len(end) > 3))


def _before_address(reading: Reading, last: NameLine) -> bool:
    """Whether the next row mentions a street, or has the shape of one or of a town below the name."""
    if "address" in reading.keywords.classes(last.row + 1):
        return True
    if reading.layout.is_narrow:
        return False
    below = reading.rows[last.row + 1].cells if last.row + 1 < len(reading.rows) else ()
    return any(cell.span.overlap(last.span) > 0 and not_a_name(cell.span.text) in ("street", "town") for cell in below)


def _is_buyer(page: _Page, name: str, first: NameLine) -> bool:
    named = first.role == "buyer" or not page.buyers.isdisjoint(first.span.words)
    return named or alphanumeric(name) in page.buyer_names


def _place(reading: Reading, page: _Page, name: str, parts: Sequence[NameLine]) -> dict[str, float]:
    first, last, evidence = parts[0], parts[-1], page.evidence
    identified = any(line.letterhead for line in parts) or (legal_form(name) == "end" and evidence.identified(last.row))
    next_row = reading.rows[last.row + 1].text if last.row + 1 < len(reading.rows) else ""
    return {
        "large_print": min(max(first.span.height / reading.layout.text_height - 1.1, 0.0), 1.0),
        "first_rows": max(0.0, 1 - first.row / TOP_ROWS),
        "first_row": float(first.row == 0),
        "seller": float(first.role == "seller" or not page.sellers.isdisjoint(first.span.words)),
        "buyer": float(any(_is_buyer(page, name, line) for line in parts)),
        "identified": float(identified),
        "repeated": float(evidence.repeated(name, first.row)),
        "table_head": float(first.row in evidence.table_heads),
        "bank": float(evidence.is_bank(name, first.row)),
        "addressee": float(
            not page.addressees.isdisjoint(first.span.words) or not reading.buyer_words.isdisjoint(first.span.words)
        ),
        "below_title": float(first.row > page.first_title and not identified),
        "below_address": float(first.row > page.first_address and not identified),
        "before_address": float(_before_address(reading, last)),
        "registration_beside": float(last.registered or is_registration(next_row)),
        "beside_amount": float(reading.has_money(first.row)),
        "part_of_row": float(first.part_of_row),
    }
