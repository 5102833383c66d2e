import pytest

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline_tests.extraction.rules.printed import read


@pytest.mark.parametrize(
    ("row", "classes"),
    [
        ("Total", {"total"}),
        ("T0TAL", {"total"}),
        ("TOTAl :", {"total"}),
        ("Totol", {"total"}),
        ("SUB-TCTAL", {"subtotal"}),
        ("Sub Total", {"subtotal"}),  # and not also total
        ("SubTotal", {"subtotal"}),
        ("Grand Tota1", {"grand_total"}),
        ("Rounding Adiustments", {"rounding"}),
        ("TotalSalesInclusiveGST", {"total", "incl"}),
        ("Total (VAT Incl)", {"total", "tax", "incl"}),
        ("8.00 80", set()),
        ("Musterlieferant", set()),  # a supplier in its name only
        ("Goods 0% supplies", set()),
    ],
)
def test_a_row_says(row: str, classes: set[str]) -> None:
    english = "Date Invoice Cashier Change"  # so that the language is settled
    reading = read(f"{english}\n{row}")
    assert reading.keywords.classes(1) == classes


@pytest.mark.parametrize(
    ("rows", "language"),
    [
        ("Rechnung\nSumme\nRückgeld\nMwSt", "de"),
        ("Facture\nMontant TTC\nTVA\nSolde à payer", "fr"),
        ("Fattura\nTotale\nImponibile\nIVA", "it"),
        ("Factura\nFecha\nImporte\nBase imponible", "es"),
        ("Invoice\nAmount due\nDate\nQuantity", "en"),
    ],
)
def test_the_language_of_a_document(rows: str, language: str) -> None:
    assert read(rows).keywords.languages[0] == language


def test_a_word_means_what_it_means_in_the_language_of_the_document() -> None:
    german = read("Summe\nRückgeld\nRechnung\nBar   20,00")
    english = read("Total\nChange\nInvoice\nBar   20.00")
    assert "cash" in german.keywords.classes(3)
    assert not english.keywords.classes(3)


def test_all_languages_use_the_classes_of_the_english_file() -> None:
    phrases = lexicon.load().phrases.values()
    classes = {lang: set().union(*(known.get(lang, ()) for known in phrases)) for lang in lexicon.LANGUAGES}
    for language, used in classes.items():
        assert used <= classes["en"], language
    assert len(set(lexicon.load().months.values())) == 12
