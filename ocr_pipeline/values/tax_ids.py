"""Tax and registration numbers of companies: recognised by shape and check digits, and compared across their spellings.

Check digits do not name a country: a valid German number is valid in other countries, too, in more than one case of ten.
`recognise` therefore gives every kind of number that a text can be.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from ocr_pipeline.values.tax_id_schemes import Scheme, all_schemes, by_prefix

MAX_LENGTH = 40
"""Characters. Longer text is not one number with its label."""

_LABEL = re.compile(
    r"""^\W*(?:
        (?:US?T|UMSATZSTEUER)\W*ID(?:ENT)?\W*(?:NR|NO|NUMMER)?
      | (?:VAT|GST|GSTIN|TAX|TIN|EIN|ABN|ACN|NZBN|UEN|NIP|REGON|CNPJ|CPF|VKN|TCKN|CUIT|RFC|RUT|RUC|NIT|NIF|CIF|CVR|UID|NPWP
        |MST|PAN|SIREN|SIRET|TVA|P\W?IVA|PARTITA\W+IVA|BTW|MWST|MOMS|ORG|KVK|OIB|PIB|INN|EDRPOU|ICE|DIC|IC)
        (?:\W*(?:REG|ID|NO|NR|NUMBER|NUM|N))*
    )(?:[\W_]+|(?=\d))""",
    re.VERBOSE,
)
_SWISS = re.compile(r"CHE(\d{9})(?:MWST|TVA|IVA|VAT|HR|MWSTNR)?")
_NORWEGIAN = re.compile(r"(?:NO)?(\d{9})MVA")
_DUTCH = re.compile(r"(NL)?(\d{1,9}B\d{2})")
_HUNGARIAN = re.compile(r"(HU)?(\d{8})\W?[1-5]\W?\d{2}")
_INDONESIAN = re.compile(r"0(\d{15})")
_BELGIAN = re.compile(r"BE(\d{9})")


@dataclass(frozen=True)
class TaxId:
    """One kind of number that a text can be.

    `country`: ISO 3166-1 alpha-2, `XI` for Northern Ireland. `kind`: `vat`, `org` or `person`. `number`: without separators
    and prefix. `prefixed`: the country's prefix was printed. `checked`: the number has check digits and they are right; only
    prefixed numbers and those without check digits are given where this is False.
    """

    country: str
    kind: str
    number: str
    prefixed: bool
    checked: bool


class _Spelling(NamedTuple):
    """A number without separators; `prefix` is that of the country, "" where none is printed."""

    prefix: str
    number: str

    @property
    def text(self) -> str:
        return self.prefix + self.number


def recognise(text: str) -> tuple[TaxId, ...]:
    """Every kind of number that a text is: with the right check digits, or with a country's prefix and the shape.

    Kinds without check digits are given if their shape fits, so only ask for text beside a label. `text` may have
    separators, a label before the number (`ABN 51 824 753 556`) and a word after it (`CHE-107.787.577 MWST`).
    """
    return _recognise(text) if len(text) <= MAX_LENGTH else ()


def same_tax_id(first: str, second: str) -> bool:
    """Whether two texts are spellings of one number.

    Separators, case, labels and words after the number do not count; `GR` is `EL`, Dutch numbers may lose their leading
    zeros. A country's prefix may be missing on one side if the check digits of that country fit.
    """
    one, other = _spelling(first), _spelling(second)
    if one.text == other.text:
        return bool(one.number)
    if bool(one.prefix) == bool(other.prefix):
        return False
    with_prefix, bare = (one, other) if one.prefix else (other, one)
    return with_prefix.number == _padded(with_prefix.prefix, bare.number) and _fits(with_prefix)


def tax_id_key(text: str) -> str:
    """A text that is equal for two spellings of one number. Upper case letters and digits; "" if there are none.

    The country's prefix is left out where its check digits fit, so that numbers of two countries with the same digits have
    one key: group values of one document by it, and compare others by `same_tax_id`.
    """
    spelling = _spelling(text)
    return spelling.number if spelling.prefix and _fits(spelling) else spelling.text


def compact(text: str) -> str:
    """The letters and digits of a number as printed, upper case: `de 281 260-691` becomes `DE281260691`."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(c for c in plain if c.isalnum() or c == "&")


@lru_cache(maxsize=16384)
def _recognise(text: str) -> tuple[TaxId, ...]:
    spelling = _spelling(text)
    number = spelling.number
    found = []
    for scheme in by_prefix()[spelling.prefix] if spelling.prefix else _of_length(len(number)):
        if scheme.shape.fullmatch(number):
            checked = scheme.module is not None and scheme.is_valid(number)
            if checked or spelling.prefix or scheme.module is None:
                found.append(TaxId(scheme.country, scheme.kind, number, bool(spelling.prefix), checked))
    return tuple(found)


@cache
def _of_length(length: int) -> tuple[Scheme, ...]:
    """The schemes that numbers of a length may belong to."""
    digits, mixed = "1" * length, length > 5
    return tuple(scheme for scheme in all_schemes() if scheme.shape.fullmatch(digits) or mixed)


@lru_cache(maxsize=16384)
def _spelling(text: str) -> _Spelling:
    """A text without label, separators and words after the number, in the one spelling that its country uses."""
    plain = unicodedata.normalize("NFKC", text).upper()
    number = compact(_LABEL.sub("", plain, count=1)) or compact(plain)
    swiss, norwegian = _SWISS.fullmatch(number), _NORWEGIAN.fullmatch(number)
    if swiss:
        return _Spelling("CHE", swiss[1])
    if norwegian:
        return _Spelling("NO", norwegian[1])
    dutch, hungarian = _DUTCH.fullmatch(number), _HUNGARIAN.fullmatch(number)
    if dutch:
        return _Spelling(dutch[1] or "", dutch[2].zfill(12))
    if hungarian and (hungarian[1] or re.search(r"\d{8}-\d-\d\d", plain)):
        return _Spelling(hungarian[1] or "", hungarian[2])
    if number.startswith("GR"):
        number = "EL" + number[2:]
    if _INDONESIAN.fullmatch(number):
        number = number[1:]
    belgian = _BELGIAN.fullmatch(number)
    if belgian:
        return _Spelling("BE", "0" + belgian[1])
    return _split(number)


def _split(number: str) -> _Spelling:
    """The country's prefix and the rest, where the rest has the shape of that country's numbers."""
    for length in (1, 2, 3):
        prefix, rest = number[:length], number[length:]
        schemes = by_prefix().get(prefix, ()) if rest[-3:].isalnum() and any(map(str.isdigit, rest)) else ()
        if any(scheme.shape.fullmatch(rest) for scheme in schemes):
            return _Spelling(prefix, rest)
    return _Spelling("", number)


def _padded(prefix: str, number: str) -> str:
    return number.zfill(10) if prefix == "BE" and len(number) == 9 else number


def _fits(spelling: _Spelling) -> bool:
    """Whether the check digits of the prefix's country fit."""
    schemes = by_prefix()[spelling.prefix]
    return any(scheme.shape.fullmatch(spelling.number) and scheme.is_valid(spelling.number) for scheme in schemes)
