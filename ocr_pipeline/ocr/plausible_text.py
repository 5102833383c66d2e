"""Whether words can be text of a real page: a cheap test that finds wrong tables of characters.

It only decides whether a look at the picture is worth its time, so a short list of frequent words will do.
"""

import unicodedata
from collections.abc import Sequence

_MIN_WORDS = 6
"""Fewer words of letters than this are not judged."""
_MIN_FREQUENT = 0.02

# Frequent words of business pages: articles, prepositions, and the labels of invoices.
_FREQUENT_WORDS = {
    "eng": """the of and to in for on by with from no total date invoice number tax amount due bill item quantity qty price
        unit description payment page subtotal order customer vat ltd inc street account bank phone tel fax email www receipt
        cash""",
    "deu": """der die das und für von bis mit den auf rechnung datum betrag summe menge preis mwst ust gesamt netto kunde
        nummer nr seite bank iban bic konto gmbh telefon straße artikel steuer zahlung bezeichnung einzelpreis ihre wir
        bitte""",
    "fra": """le la les de du des et au pour par sur facture montant tva date total prix quantité client numéro ht ttc
        page""",
    "spa": "el los las y en por para con factura fecha importe iva precio cantidad cliente número",
    "ita": "il lo gli di da per con fattura data importo prezzo quantità cliente numero totale imponibile",
    "nld": "het een van en voor met op factuur datum bedrag btw prijs aantal klant nummer totaal",
    "por": "o os as e em do da dos fatura data valor preço quantidade cliente número imposto",
    "pol": "i w z na do od dla faktura data kwota cena ilość razem nabywca sprzedawca netto brutto sztuk",
    "tur": "ve bir için ile fatura tarih tutar toplam kdv fiyat miktar",
    "ces": "a v s na ze za faktura datum částka cena dph celkem množství dodavatel odběratel",
    "slk": "a v na za faktúra dátum suma cena spolu množstvo dodávateľ odberateľ",
    "swe": "och att för med på av faktura datum belopp moms pris antal summa kund",
    "dan": "og til for med af faktura dato beløb moms pris antal i alt kunde",
    "nor": "og til for med av faktura dato beløp mva pris antall sum kunde",
    "fin": "ja lasku päiväys summa alv hinta määrä yhteensä asiakas",
    "ron": "din și cu pe de factura data total preț cantitate furnizor",
    "hun": "és az a számla dátum összeg áfa ár mennyiség összesen",
    "hrv": "i za od račun datum iznos cijena ukupno količina",
    "est": "ja arve kuupäev summa kokku hind",
    "lav": "un rēķins datums kopā summa cena",
    "lit": "ir sąskaita suma data iš kaina",
    "ell": "και του της το με για τιμολόγιο ημερομηνία φπα σύνολο ποσό αξία τιμή",
    "rus": "и в на по от за с счет счёт дата сумма ндс цена итого количество товар",
    "ukr": "і в на по від за з рахунок дата сума пдв ціна разом кількість",
    "bul": "и в на по от за с фактура дата сума ддс цена общо количество",
    "ind": "dan untuk tanggal jumlah harga total pajak faktur di",
    "vie": "và ngày số tiền tổng cộng hóa đơn của",
}
FREQUENT = {language: frozenset(words.split()) for language, words in _FREQUENT_WORDS.items()}
"""Words by Tesseract's code of the language."""
_KNOWN = frozenset().union(*FREQUENT.values())
_WITHOUT_SPACES = (
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "THAI",
    "ARABIC",
    "HEBREW",
    "DEVANAGARI",
    "BENGALI",
    "TAMIL",
)
"""Scripts that are not judged by words: without spaces, or not in the list above."""


def is_plausible(words: Sequence[str]) -> bool:
    """Whether these words of one font can be text. Fonts with few letters (amounts, bullets) always can."""
    tokens = [token for word in words if (token := word.strip(".,:;()-/'\"").casefold()).isalpha() and len(token) > 1]
    if len(tokens) < _MIN_WORDS:
        return not _is_private(words)
    if any(_script(token) in _WITHOUT_SPACES for token in tokens):
        return True
    return sum(token in _KNOWN for token in tokens) >= max(1, _MIN_FREQUENT * len(tokens))


def _script(token: str) -> str:
    return unicodedata.name(token[0], "").partition(" ")[0]


def _is_private(words: Sequence[str]) -> bool:
    """Whether most characters are in the private use area: a font with its own codes."""
    characters = "".join(words)
    private = sum(unicodedata.category(character) in ("Co", "Cn") for character in characters)
    return private > len(characters) / 2
