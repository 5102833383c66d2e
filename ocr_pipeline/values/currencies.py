"""Currencies: codes and decimals of ISO 4217, and how their signs, abbreviations and names are printed.

Names in the languages of the world are those of CLDR (`scripts/make_currency_names.py` writes them from Babel). What is
printed on invoices beside them is in `currency_spellings.txt`. The decimals are those of ISO 4217: CLDR's
change from release to release; they only tell which currencies are used without cents.
"""

import json
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_NO_DECIMALS_TEXT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_NO_DECIMALS = frozenset(_NO_DECIMALS_TEXT.split())
_THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])

_ALSO_WITHOUT_CENTS = frozenset({"TWD", "KHR", "TZS", "UZS", "CRC", "ADP"})
"""CLDR gives these decimals; prices and receipts have none."""

_WORDS_TEXT = (
    "ALL CUP GEL MAD MOP PAB PEN RON SOS TOP TRY LAK BAM ERN COP ETB KES NIO RUB STD SIT XAF SVC KGS BTN "
    "ANG STN GIP SHP AMD BOB FIM ATS ESP LSL"
)
_WORDS = frozenset(_WORDS_TEXT.split())
"""Codes that are also words or abbreviations of other things: they name a currency only in capitals."""

_WEAK_TEXT = (
    "fr le nt eu din den man lv km kn da ar mt mn mtn ks re ro bd jd dt kd ll sr qr dh sh gs bs gh so fs fc br kz "
    "rf kc zl nis real sol lira won dong kip peso lek mrs don tk rs r.o b.d s.r k.d sit сом ман р cfa lps stg cg"
)
_WEAK = frozenset(_WEAK_TEXT.split())
"""Abbreviations that mean something else at least as often."""


def fold(spelling: str) -> str:
    """How spellings are compared: compatibility characters resolved, lower case, without dots and brackets around."""
    visible = "".join(c for c in unicodedata.normalize("NFKC", spelling) if unicodedata.category(c) != "Cf")
    return " ".join(visible.casefold().split()).strip(" .:,;()[]")


def codes_of(spelling: str) -> tuple[str, ...]:
    """The ISO 4217 codes of the currencies that a printed sign, code or name can mean, the likeliest first; empty if none.

    A code that is also a word (`all`, `top`, `try`) must be in capitals.
    """
    folded = fold(spelling)
    code = folded.upper()
    if code in _WORDS and code not in spelling:
        return _spellings().get(folded, ()) if folded in _printed() else ()
    return _spellings().get(folded, ())


def is_weak(spelling: str) -> bool:
    """Whether a spelling of a currency is also something else (`fr`, `da`, `km`, single letters): believe it only beside an
    amount, and if more speaks for the currency."""
    folded = fold(spelling)
    return folded in _WEAK or folded.upper() in _WORDS or (len(folded) == 1 and "a" <= folded <= "z")


def spellings_of(code: str) -> tuple[str, ...]:
    """Folded spellings that can mean a currency, its code first."""
    return _by_code().get(code.upper(), (code.casefold(),))


def all_codes() -> frozenset[str]:
    """Codes of all currencies that have been legal tender since 2000."""
    return frozenset(_data()["names"])


def all_spellings() -> Mapping[str, tuple[str, ...]]:
    """Every folded spelling, codes among them -> codes of currencies, the likeliest first."""
    return _spellings()


def decimals(code: str) -> int:
    """Minor units by ISO 4217: 2, 0 (JPY) or 3 (KWD)."""
    return 0 if code in _NO_DECIMALS else 3 if code in _THREE_DECIMALS else 2


def is_without_cents(code: str) -> bool:
    """Whether prices in a currency are mostly printed without decimals, whatever ISO 4217 says: IDR, HUF, COP, JPY."""
    return code in _NO_DECIMALS or code in _without_cents()


@lru_cache(maxsize=1)
def _printed() -> dict[str, tuple[str, ...]]:
    """Folded spelling -> codes, from `currency_spellings.txt`: `CODE CODE | spelling spelling`, `_` for a blank."""
    printed: dict[str, tuple[str, ...]] = {}
    for line in Path(__file__).with_name("currency_spellings.txt").read_text("utf-8").splitlines():
        codes, mark, spellings = line.partition("|")
        if mark and not line.startswith("#"):
            printed |= {fold(spelling.replace("_", " ")): tuple(codes.split()) for spelling in spellings.split()}
    return printed


@lru_cache(maxsize=1)
def _data() -> Any:
    return json.loads(Path(__file__).with_name("currency_names.json").read_text("utf-8"))


@lru_cache(maxsize=1)
def _without_cents() -> frozenset[str]:
    return frozenset(_data()["without_cents"]) | _ALSO_WITHOUT_CENTS


@lru_cache(maxsize=1)
def _spellings() -> dict[str, tuple[str, ...]]:
    spellings: dict[str, tuple[str, ...]] = {}
    for code, names in _data()["names"].items():
        for name in names:
            spellings[name] = (*spellings.get(name, ()), code)
    codes = {code.casefold(): (code,) for code in _data()["names"]}
    return spellings | _printed() | codes


@lru_cache(maxsize=1)
def _by_code() -> dict[str, tuple[str, ...]]:
    by_code: dict[str, list[str]] = {code: [code.casefold()] for code in _data()["names"]}
    for spelling, codes in _spellings().items():
        for code in codes:
            if spelling not in by_code[code]:
                by_code[code].append(spelling)
    return {code: tuple(spellings) for code, spellings in by_code.items()}
