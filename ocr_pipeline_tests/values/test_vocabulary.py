"""The lexicon of the rules keeps its own lists, because they are hashed; this vocabulary covers them."""

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.text import plain
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.vocabulary import MONTHS


def test_months_of_the_lexicon_are_known() -> None:
    lexicon_months = {name: number for name, number in lexicon.load().months.items() if len(name) > 3}
    assert {name: MONTHS.get(plain(name)) for name in lexicon_months} == lexicon_months


def test_currency_codes_of_the_lexicon_are_known() -> None:
    codes = [code for code, currencies in lexicon.load().currency_signs.items() if currencies == (code,)]
    assert len(codes) == 19
    assert all(parse_amount(f"{code} 12.50") is not None for code in codes)
