"""Shapes of printed lines that are not a name: a town, a street, a telephone number, a web address, `label: value`.

A shape is told from how a line is written, so it needs no words of a language; keyword classes say the rest.
"""

import re
from functools import lru_cache
from typing import Literal

from ocr_pipeline.extraction.rules.text import letters_in, plain

Shape = Literal["town", "street", "phone", "web", "label", "code"]

_TOWN = re.compile(
    r"""
      ,\s*(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])[.,]?$
                                                             # San Mateo, CA
    | \b[A-Z]{2},?\s+\d{5}(?:-\d{4})?$                       # San Mateo, CA 94401
    | \b(?:NSW|VIC|QLD|TAS|SA|WA|NT|ACT)\s+\d{4}$            # Newcastle NSW 2300
    | ^(?:[A-Z]{1,3}[- ])?\d{4,6}\s+[^\W\d]{2}               # 24103 Kiel   D-50933 Köln   010101 București
    | ^\d{4}\s?[A-Z]{2}\s+[^\W\d]{2}                         # 3012 CN Rotterdam
    | ^(?:[A-Z]{1,2}[- ])?\d{3}\s\d{2}\s+[^\W\d]{2}          # 411 38 Göteborg
    | ^\d{2}-\d{3}\s+[^\W\d]{2}                              # 31-147 Kraków
    | ^\d{4}-\d{3}\s+[^\W\d]{2}                              # 1250-096 Lisboa
    | [^\W\d]{2}[\s,–-]+\d{5,6}(?:-\d{3,4})?[.,]?$           # Chennai 600002   São Paulo 01310-100
    | \b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b                  # Leeds LS1 4AP
    | \b[A-Z]\d[A-Z]\s?\d[A-Z]\d$                            # Toronto ON M5V 2T6
    """,
    re.VERBOSE,
)
_STREET = re.compile(
    r"""
      ^\d{1,5}[a-zA-Z]?(?:\s?[-/]\s?\d+[a-zA-Z]?)?,?\s+[^\W\d][\w'’.-]*(?:\s*[\s,]\s*[^\W\d][\w'’.-]*)+$  # 12 rue du Lac
    | ^\#\d+\s+\d+\s                                                                        # #03296 191 E 3RD AVE
    | ^\d{1,5}\s(?:[NSEW]\.?\s)?\d+(?:st|nd|rd|th)\s                                         # 191 E 3rd Ave
    | ^[^\d,]{3,},?\s(?:n[r°ºo]?\.?\s?)?\d{1,4}(?:\s?[-/]\s?\d{1,4})?\s?[a-zA-Z]?(?:\s*[,/]\s*\d{1,4}\w?)*[.,]?$   # Kaistr. 8
    | ^[^\d]{3,}(?:str|straße|strasse|weg|gasse|platz|allee)\.?\s?\d                         # Kaistr.8
    | ^[^\d,:]{4,},?\s\d{1,4}[a-zA-Z]?\s?[,–-]\s?[^\W\d]                                     # Rua Sete, 74 - Centro
    | ^P\.?\s?O\.?\s?Box\b | ^Post\s?Office\s?Box\b | ^Postfach\b | ^Postbus\b | ^BP\s\d
    | ^(?:ul|al|pl|os)\.\s | ^(?:ул|пр|пер)\.\s
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PHONE = re.compile(r"(?:[^\W\d]{1,12}[.:]*\s*:?\s+)?\W{0,3}[+(]?\d[\d\s()./–-]{6,}\d\W*(?:\(.*\))?")
_WEB = re.compile(
    r"@|\bwww\b|https?:|\b[a-z][a-z0-9-]{2,}\.(?:com|net|org|eu|io|info|biz|gov|edu|co\.[a-z]{2}|com\.[a-z]{2})\b(?![\w-])"
    r"|\b[a-z][a-z0-9-]{3,}\.[a-z]{2}$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^[^\d:]{2,40}:(?:\s|$)|:$|\s(?:number|nombor|nummer|num[eé]ro)\W?$", re.IGNORECASE)
_CODE = re.compile(r"[\W\d]*\b[A-Z]{0,4}[-/.]?\d[\w./-]{5,}\W*")
_DOMAIN = re.compile(r"(?:@|www\s?\.\s?|https?:\s?//(?:www\.)?)([a-z0-9-]{2,})(?:\.[a-z0-9-]{2,}){1,3}", re.IGNORECASE)
_BARE_DOMAIN = re.compile(r"\b([a-z][a-z0-9-]{1,})\.(?:com|net|org|eu|[a-z]{2})\b", re.IGNORECASE)
_MAIL_HOSTS = frozenset(
    {"gmail", "googlemail", "yahoo", "hotmail", "outlook", "live", "msn", "icloud", "aol", "gmx", "web", "t-online"}
    | {"orange", "wanadoo", "libero", "mail", "example", "email", "localhost", "proton", "protonmail", "qq", "163"}
)
"""Hosts where anybody has a mailbox."""


_POSTAL_CODE = re.compile(
    r"""
      (?<![\d./:-])\b(?:[A-Z]{1,2}[- ])?\d{5}(?:\b|(?=[A-Z][^\W\d]{2}))(?![./:-]\d)    # 53300   D-50933   52100Kepong
    | \b(?:CH[- ]|A[- ])?[1-9]\d{3}\s[A-Z][^\W\d]{2}             # 1260 Nyon
    | \b(?!NO\d)[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b              # HX3 9WT, but not NO12GF
    """,
    re.VERBOSE,
)


_PLOT = re.compile(r"\b(?:lot|ptd?|p\.?\s?t|plot|no|unit|parcel|hs)[.,:]*\s*$|\d\s?[&+]\s?$", re.IGNORECASE)
"""What stands before the number of a plot: `LOT 37636`, `LOT 2110&2111`."""


@lru_cache(maxsize=8192)
def has_postal_code(text: str) -> bool:
    return any(not _PLOT.search(text[: code.start()]) for code in _POSTAL_CODE.finditer(text))


@lru_cache(maxsize=8192)
def not_a_name(text: str) -> Shape | None:
    """The shape that speaks against a name, if any."""
    line = text.strip(" |*·•-")
    if _WEB.search(line):
        return "web"
    if _TOWN.search(line):
        return "town"
    if _PHONE.fullmatch(line):
        return "phone"
    if _LABEL.search(line):
        return "label"
    if _STREET.search(line):
        return "street"
    return "code" if _CODE.fullmatch(line) and letters_in(line) < 6 else None


def domains(text: str) -> set[str]:
    """Names in web and mail addresses, lower case: `info@sliced-invoices.com` gives `slicedinvoices`."""
    found = {match[1] for match in _DOMAIN.finditer(text)} | {match[1] for match in _BARE_DOMAIN.finditer(text)}
    return {plain(name).replace("-", "") for name in found if name.lower() not in _MAIL_HOSTS}
