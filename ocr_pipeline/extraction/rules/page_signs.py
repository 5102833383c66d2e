"""What a page says about the invoice that it belongs to: title, number, page counter, sums, date and sender."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ocr_pipeline.extraction.rules.candidates import rank
from ocr_pipeline.extraction.rules.fields import invoice_ids
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row
from ocr_pipeline.extraction.rules.text import alphanumeric, digits_of_lookalikes, plain

_TITLES = frozenset({"invoice_title", "credit_note_title", "receipt_title"})
_NO_TITLES = frozenset({"cash", "change", "card"})
"""Classes whose phrases count as titles of a receipt elsewhere, and stand on any page that tells how it was paid."""
_TOTALS = frozenset({"grand_total", "total", "due"})
_TOP = 0.5
"""Share of a page on which a number is that of the page, rather than one that it refers to."""
_MAX_NUMBERS = 3
"""Invoice numbers on a page; with more it is a list of invoices."""
_EDGE_ROWS = 3
"""Rows at the top and at the bottom of a page where `1/2` is a page counter without saying so."""
_PAGE_WORD = (
    r"(?:pages?|pag|pagina|seite|blatt|sida|side|sivu|oldal|strana|stranka|strona|str|sayfa|lehekulg|puslapis|lapa|"
    r"σελιδα|страница|стр|сторінка|стор|halaman|trang|หน้า|page no|seite nr)"
)
_OF = r"(?:\s*(?:/|of|von|de|di|da|van|av|af|sur|z|ze|din|от|из|з|dari|\||trên)\s*)"
_COUNTER = re.compile(rf"(?<!\w){_PAGE_WORD}\W{{0,3}}(\d{{1,3}})(?:{_OF}(\d{{1,3}}))?(?!\d|[.,]\d)")
_BARE_COUNTER = re.compile(rf"\W*(\d{{1,2}}){_OF}(\d{{1,2}})\W*")
_CJK_COUNTER = re.compile(r"(\d{1,3})\s*(?:/\s*(\d{1,3})\s*)?(?:ページ|頁|页)")
_OTHER_DOCUMENTS = frozenset(
    """
    delivery note|packing slip|packing list|terms and conditions|general terms and conditions|terms of sale|timesheet|
    time sheet|order confirmation|quotation|quote|statement|statement of account|account statement|payment reminder|
    lieferschein|packliste|allgemeine geschaftsbedingungen|agb|auftragsbestatigung|angebot|stundenzettel|stundennachweis|
    leistungsnachweis|arbeitsnachweis|mahnung|zahlungserinnerung|zahlteil|empfangsschein|anlage|anhang|appendix|annex|
    bon de livraison|conditions generales|conditions generales de vente|devis|releve|recepisse|section paiement|
    albaran|nota de entrega|condiciones generales|presupuesto|documento di trasporto|ddt|bolla di consegna|
    condizioni generali|condizioni generali di vendita|preventivo|ricevuta sezione pagamento|pakbon|leveringsbon|
    algemene voorwaarden|guia de remessa|guia de transporte|condicoes gerais|dodaci list|dokument dostawy|foljesedel|
    folgeseddel|lahetysluettelo|szallitolevel|aviz de insotire a marfii|irsaliye|накладная|surat jalan|payment part
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_SENDER = re.compile(r"(?:[\w.+-]+@|www\.)((?:[a-z0-9-]+\.)+[a-z]{2,})", re.IGNORECASE)
_TAX_ID = re.compile(r"[A-Z]{2,3}[A-Z0-9]?\d{7,12}")


@dataclass
class PageSigns:
    """What a page says about the invoice that it belongs to. Numbers are `folded`, the best one first."""

    page: int
    title: bool = False
    corrects: bool = False
    other_document: bool = False
    numbers: Sequence[str] = ()
    on_top: bool = False
    counter: int | None = None
    of: int | None = None
    money: bool = False
    total: bool = False
    totals: set[Decimal] = field(default_factory=set)
    dates: set[str] = field(default_factory=set)
    senders: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    @property
    def number(self) -> str | None:
        return self.numbers[0] if self.numbers else None


def _numbers(reading: Reading) -> list[tuple[str, float]]:
    """The invoice numbers of a page that have a label, the best first, with their vertical place in page widths."""
    ranked = rank(invoice_ids.candidates(reading, "invoice_id"), invoice_ids.WEIGHTS)
    return [
        (folded(entry.value), entry.candidate.span.y)
        for entry in ranked
        if entry.score >= invoice_ids.AT_LEAST and any(c.isdigit() for c in entry.value)
    ]


def folded(number: str) -> str:
    """An invoice number for comparison: without punctuation, with look-alike letters and digits as one."""
    return digits_of_lookalikes(alphanumeric(number).upper())


def signs_of(number: int, reading: Reading) -> PageSigns:
    """The signs of page `number`, from the reading of that page alone."""
    page, rows = PageSigns(number), reading.rows
    if not rows:
        return page
    numbers = _numbers(reading)
    top, bottom = rows[0].span.y0, max(row.span.y1 for row in rows)
    middle = top + _TOP * (bottom - top)
    number_at = bottom
    if numbers and len({text for text, _ in numbers}) <= _MAX_NUMBERS:
        page.numbers, number_at = [text for text, _ in numbers], numbers[0][1]
        page.on_top = number_at <= middle
    for position, row in enumerate(rows):
        is_edge = min(position, len(rows) - 1 - position) < _EDGE_ROWS
        _count(page, row, is_edge=is_edge)
        _add_row(page, reading, row)
        if titles := _titles(reading, row):
            page.title = True
            page.corrects |= "credit_note_title" in titles
        if not page.title and row.span.y < min(middle, number_at):  # a title stands above the number
            page.other_document |= _is_other_document(row)
    return page


def _add_row(page: PageSigns, reading: Reading, row: Row) -> None:
    """Money, totals, dates and senders of a row."""
    classes = reading.keywords.classes(row.index)
    amounts = [number.value for number in reading.numbers_in(row.index) if number.is_money]
    page.money |= bool(amounts)
    if classes & _TOTALS and not classes & _NO_TITLES:
        page.total |= bool(amounts) or _has_money_below(reading, row)
        page.totals.update(amounts)
    if "invoice_date" in classes:
        page.dates.update(date.value.isoformat() for date in reading.dates if date.row == row.index)
    for word in row.words:
        folded_word = folded(word.text)
        page.words.add(folded_word)
        if sender := _SENDER.search(word.text):
            page.senders.add(sender[1].casefold())
        elif folded_word != page.number and _TAX_ID.fullmatch(word.text.replace(".", "").replace("-", "").strip(":,;")):
            page.senders.add(folded_word)


def _has_money_below(reading: Reading, row: Row) -> bool:
    below = row.index + 1
    return below < len(reading.rows) and reading.rows[below].page == row.page and reading.has_money(below)


def _titles(reading: Reading, row: Row) -> frozenset[str]:
    """The kinds of title that cells of the row are: the phrase alone, or with a number behind it, in a row without money."""
    found: frozenset[str] = frozenset()
    if reading.has_money(row.index):
        return found
    starts = {}
    position = 0
    for cell in row.cells:
        starts[position] = position + len(cell.words)
        position += len(cell.words)
    for hit in reading.keywords.in_row(row.index):
        if hit.classes & _TITLES and not hit.classes & _NO_TITLES and hit.first in starts:
            rest = [word.text for word in row.words[hit.last + 1 : starts[hit.first]]]
            if not rest or any(c.isdigit() for c in rest[0] + rest[-1]):
                found |= hit.classes & _TITLES
    return found


def _is_other_document(row: Row) -> bool:
    return any(_title_text(cell.span.text) in _OTHER_DOCUMENTS for cell in row.cells)


def _title_text(text: str) -> str:
    """A title without its number: `Lieferschein Nr. 4711` becomes `lieferschein`."""
    words = re.sub(r"[^\w\s]", " ", plain(text)).split()
    while words and (any(c.isdigit() for c in words[-1]) or words[-1] in ("nr", "no", "number", "nummer", "n")):
        words.pop()
    return " ".join(words)


def _count(page: PageSigns, row: Row, *, is_edge: bool) -> None:
    """The page counter of a row: `Page 1 of 2`, `Seite 2`, and `1/2` alone at the edge of a page."""
    if page.counter is not None and page.of is not None:
        return
    for text in _texts(row):
        found = _COUNTER.search(text) or _CJK_COUNTER.search(text)
        if found is None and is_edge:
            found = _BARE_COUNTER.fullmatch(text)
        if found is None:
            continue
        counter, of = int(found[1]), int(found[2]) if found[2] else None
        if counter and (of is None or counter <= of) and (page.counter is None or of is not None):
            page.counter, page.of = counter, of


def _texts(row: Row) -> Iterable[str]:
    """The cells of a row, and the whole row if several cells may make up a counter."""
    texts = [plain(cell.span.text) for cell in row.cells]
    return [*texts, " ".join(texts)] if len(texts) > 1 else texts
