"""What the rest of a document says for a supplier's name: web and mail addresses, a repetition, registrations beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.fields.line_shapes import domains, not_a_name
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row
from ocr_pipeline.extraction.rules.text import alphanumeric, key, plain

_TABLE_HEADS = frozenset({"description", "quantity", "unit", "unit_price", "amount", "code", "position"})
_MIN_DOMAIN, _MIN_INSIDE = 3, 6
"""Letters from which a domain may be the beginning of a name or a name that of a domain, and from which a part of it."""
_MIN_REPEATED = 4
_NEAR = 3
"""A registration at most this many rows below a name belongs to it."""
_BANKS = ("bank", "banque", "banco", "banca", "sparkasse", "banka", "bankas", "pankki")


@dataclass(frozen=True)
class SupplierEvidence:
    """Facts about the rows of a document. `domains`: names in web and mail addresses."""

    domains: frozenset[str]
    rows: Mapping[int, str]
    """Row -> its letters and digits."""
    registered: frozenset[int]
    """Rows with a tax id or a registration."""
    banking: frozenset[int]
    """Rows with an account number."""
    table_heads: frozenset[int]

    def in_domain(self, name: str) -> float:
        """How much of a web or mail address the name is, or of the name the address, 0..1; 0 for less than a third."""
        folded = key(name)
        shares = [
            min(len(folded), len(domain)) / max(len(folded), len(domain), 1)
            for domain in map(key, self.domains)
            if folded == domain or _overlap(folded, domain)
        ]
        return max((share for share in shares if share > 1 / 3), default=0.0)

    def respelled(self, name: str) -> str:
        """The name with look-alike letters as in its web address: `Slicedlnvoices` of `slicedinvoices.com`."""
        letters = alphanumeric(name)
        for domain in self.domains:
            if domain != letters and len(domain) == len(letters) and key(domain) == key(name):
                spelling = iter(domain)
                return "".join(_as_in(next(spelling), c) if c.isalnum() else c for c in name)
        return name

    def repeated(self, name: str, row: int) -> bool:
        """Whether another row has the name, too."""
        folded = alphanumeric(name)
        if len(folded) < _MIN_REPEATED:
            return False
        return any(folded in text for other, text in self.rows.items() if abs(other - row) > 1)

    def identified(self, row: int) -> bool:
        """Whether a tax id or a registration, and an account, stand in the rows right below."""
        near = range(row, row + _NEAR + 1)
        return not self.registered.isdisjoint(near) and not self.banking.isdisjoint(range(row, row + 2 * _NEAR))

    def is_bank(self, name: str, row: int) -> bool:
        """Whether a name is that of the bank where the supplier has an account."""
        words = plain(name).split()
        near = range(row - _NEAR, row + _NEAR + 1)
        return any(word.endswith(_BANKS) for word in words) and not self.banking.isdisjoint(near)


def find(reading: Reading, buyers: frozenset[int]) -> SupplierEvidence:
    """The evidence of a document. `buyers`: the words of receivers' names."""
    ids = frozenset({"supplier_tax_id", "tax_number", "registration"})
    known = [(row, reading.keywords.classes(row.index)) for row in reading.rows]
    return SupplierEvidence(
        domains=frozenset().union(*(domains(row.text) for row in reading.rows if _may_have_domain(row.text))),
        rows={row.index: alphanumeric(row.text) for row in reading.rows if buyers.isdisjoint(row.span.words)},
        registered=frozenset(row.index for row, classes in known if classes & ids and _has_number(row)),
        banking=frozenset(row.index for row, _ in known if _is_banking(row.text)),
        table_heads=frozenset(
            row.index
            for row, classes in known
            if len(classes & _TABLE_HEADS) >= 3 and len(row.cells) >= 3 and not reading.has_money(row.index)
        ),
    )


def _overlap(name: str, domain: str) -> bool:
    short, long = sorted((name, domain), key=len)
    return (len(short) >= _MIN_DOMAIN and long.startswith(short)) or (len(short) >= _MIN_INSIDE and short in long)


def _as_in(spelled: str, printed: str) -> str:
    """A letter of a web address in the case of the printed one; the printed one if both are the same letter."""
    if alphanumeric(printed) == spelled:
        return printed
    return spelled.upper() if printed.isupper() or spelled == "i" else spelled


def _may_have_domain(text: str) -> bool:
    return "." in text and not_a_name(text) != "town"


def _has_number(row: Row) -> bool:
    return sum(c.isdigit() for c in row.text) >= 5


@lru_cache(maxsize=8192)
def _is_banking(text: str) -> bool:
    words = {key(word) for word in text.split()}
    return bool(
        words & {key("iban"), key("bic"), key("swift"), key("ifsc"), key("bankgiro"), key("plusgiro"), key("bsb")}
    )


@lru_cache(maxsize=8192)
def speaks(text: str) -> bool:
    """Whether a line addresses its reader: `your`, `wir`, an exclamation mark."""
    known = lexicon.load().speech_words
    return text.rstrip().endswith(("!", "?")) or any(plain(word).strip(".,;:!?'’") in known for word in text.split())
