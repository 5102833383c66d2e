"""What of an e-invoice the pages of its PDF print, judged by their text layer."""

import re
from decimal import Decimal

from ocr_pipeline.schemas import Invoice

MAX_PAGES = 20
"""Pages of a PDF whose text is looked at."""
_NEAR = 60
"""Characters after the town within which the country belongs to the address."""
_LANGUAGES = ("en", "de", "fr")
"""Languages in which addresses name a country, besides its own."""
_SEPARATOR = r"[.,'’´ ]?"
"""Between groups of three digits."""


def text_of(content: bytes) -> str:
    """The text layer of the first pages of a PDF; empty if it has none, or cannot be opened."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(content) as pdf:
            pages = (pdf[number].get_textpage().get_text_bounded() for number in range(min(len(pdf), MAX_PAGES)))
            return " ".join("\n".join(pages).split())
    except pypdfium2.PdfiumError:
        return ""


def prints_amount(page: str, amount: Decimal) -> bool:
    """Whether a text has an amount, with whichever separators and sign."""
    whole, _, cents = f"{abs(amount):.2f}".partition(".")
    groups = [whole[max(0, end - 3) : end] for end in range(len(whole), 0, -3)][::-1]
    decimals = rf"[.,]\s?{cents}" if cents != "00" else r"(?:[.,]\s?(?:00|-|–|—))?"
    return bool(re.search(rf"(?<!\d)(?<!\d[.,]){_SEPARATOR.join(groups)}{decimals}(?![.,]?\d)", page))


def not_printed(invoice: Invoice, page: str) -> list[str]:
    """Which of number and total a text does not have: then XML and page contradict each other, or the text is incomplete."""
    absent = []
    if invoice.invoice_id and _letters(invoice.invoice_id) not in _letters(page):
        absent.append("invoice_id")
    if invoice.total_amount is not None and not prints_amount(page, invoice.total_amount):
        absent.append("total_amount")
    return absent


def with_country(page: str, address: str, country: str | None) -> list[str]:
    """The address with its country in the ways that a text prints it: a code before the postcode, a name behind the town."""
    town = address.rpartition(", ")[2]
    if not country or not town:
        return []
    parts = r"\s+".join(re.escape(part) for part in town.split())
    names = "|".join(re.escape(name) for name in _names(country)) or "(?!)"
    code = rf"(?:\b(?P<code>[A-Z]{{1,3}} ?[-–]|{country}) ?)?"
    behind = rf"(?:(?:(?!\d{{4}}).){{0,{_NEAR}}}?\b(?P<name>{names})\b)?"  # but not behind another postcode
    place = re.compile(rf"{code}\b{parts}\b{behind}", re.IGNORECASE)
    forms = []
    for found in place.finditer(page):
        before, name = found["code"] or "", found["name"] or ""
        if before.upper()[:1] != country[:1]:
            before = ""  # the end of another word
        before = f"{before} " if before and before[-1] not in "-–" else before.replace(" ", "")
        if before or name:
            forms.append(f"{address[: -len(town)]}{before}{town}{', ' if name else ''}{name}")
    return list(dict.fromkeys(forms))


def _names(country: str) -> list[str]:
    """Names of a country in its own languages and the usual ones, the longest first; not its code, which is too short."""
    from babel import Locale, UnknownLocaleError
    from babel.languages import get_official_languages

    names = set()
    for language in dict.fromkeys((*get_official_languages(country, de_facto=True), *_LANGUAGES)):
        try:
            names.add(str(Locale.parse(language).territories.get(country, "")))
        except (UnknownLocaleError, ValueError):
            continue
    return sorted((name for name in names if name), key=len, reverse=True)


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
