"""Documents in further languages: their words count where a document shows the language, and only there."""

import pytest

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline_tests.extraction.rules.printed import read

SHOWN = {
    "nl": ("Factuur\nFactuurdatum\nOmschrijving\nBTW bedrag\nTe betalen", {"grand_total"}),
    "pt": ("Fatura n.º\nVencimento\nDescrição\nQuantidade\nTotal a pagar", {"grand_total"}),
    "pl": ("Faktura VAT nr\nSprzedawca\nNabywca\nIlość\nDo zapłaty", {"grand_total"}),
    "tr": ("Fatura Tarihi\nMiktar\nBirim Fiyat\nHesaplanan KDV\nÖdenecek Tutar", {"grand_total"}),
    "cs": ("Faktura číslo\nDodavatel\nOdběratel\nZáklad daně\nCelkem k úhradě", {"grand_total"}),
    "sv": ("Fakturadatum\nFörfallodatum\nBenämning\nÖresavrundning\nAtt betala", {"grand_total"}),
    "da": ("Fakturadato\nForfaldsdato\nBeskrivelse\nVarenummer\nBeløb", {"total", "amount"}),
    "nb": ("Fakturadato\nForfallsdato\nBeskrivelse\nMVA-grunnlag\nSum eks. mva", {"net"}),
}


@pytest.mark.parametrize("language", SHOWN)
def test_words_of_a_further_language_count_where_the_document_shows_it(language: str) -> None:
    rows, classes = SHOWN[language]
    keywords = read(rows).keywords
    assert language in keywords.languages
    assert classes <= keywords.classes(4)


@pytest.mark.parametrize(
    "rows",
    [
        "Invoice\nDate\nTotal\nAmount due\nSum\nFaktura\nKort",
        "Rechnung\nDatum\nSumme\nRückgeld\nBon\nPris\nTerug",
        "Receipt\nTax\nTotal\nCash\nChange\nDe\nVs\nPin",
    ],
)
def test_single_words_do_not_show_a_language(rows: str) -> None:
    assert set(read(rows).keywords.languages) <= set(lexicon.BASE_LANGUAGES)


def test_slips_of_a_further_language_are_tolerated_where_it_is_shown() -> None:
    shown = read("Faktura VAT nr\nSprzedawca\nNabywca\nIlość\nRazem netio\nDo zaplatv").keywords
    assert "net" in shown.classes(4)
    assert "grand_total" in shown.classes(5)
    assert not read("Invoice\nDate\nAmount due\nRazem netio").keywords.classes(3)
