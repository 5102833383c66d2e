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
    "sk": ("Faktúra číslo\nDodávateľ\nOdberateľ\nZáklad dane\nSpolu k úhrade", {"grand_total"}),
    "fi": ("Laskun päiväys\nEräpäivä\nViitenumero\nVeroton yhteensä\nMaksettava yhteensä", {"grand_total"}),
    "ro": ("Factură seria\nFurnizor\nCumpărător\nPreț unitar\nTotal de plată", {"grand_total"}),
    "hu": ("Számla sorszáma\nTeljesítés dátuma\nMegnevezés\nNettó egységár\nFizetendő végösszeg", {"grand_total"}),
    "el": ("Αριθμός Τιμολογίου\nΗμερομηνία\nΠεριγραφή\nΦΠΑ\nΠΛΗΡΩΤΕΟ ΠΟΣΟ", {"grand_total"}),
    "bg": ("Фактура №\nДоставчик\nПолучател\nДанъчна основа\nСума за плащане", {"grand_total"}),
    "uk": ("Рахунок-фактура №\nПостачальник\nПокупець\nКількість\nВсього до сплати", {"grand_total"}),
    "ru": ("Счёт на оплату №\nПоставщик\nПокупатель\nКоличество\nИтого к оплате", {"grand_total"}),
    "ja": ("請求書\n登録番号T1234567890123\n消費税額\n小計\nご請求金額(税込)", {"grand_total", "incl"}),
    "ko": ("영수증\n사업자등록번호\n공급가액\n부가세\n합계금액", {"grand_total"}),
    "zh": ("增值税普通发票\n销售方\n购买方\n税额\n价税合计(小写)", {"grand_total"}),
    "th": ("ใบกำกับภาษี\nเลขที่\nวันที่\nภาษีมูลค่าเพิ่ม 7%\nจำนวนเงินรวมทั้งสิ้น", {"grand_total"}),
    "id": ("Faktur Pajak\nTanggal\nPembeli\nPPN\nJumlah tagihan", {"grand_total"}),
    "vi": ("HÓA ĐƠN GIÁ TRỊ GIA TĂNG\nMã số thuế\nĐơn giá\nTiền thuế\nTổng cộng tiền thanh toán", {"grand_total"}),
    "hi": ("कर चालान\nदिनांक\nविवरण\nमात्रा\nकुल देय राशि", {"grand_total"}),
    "ar": ("فاتورة ضريبية\nتاريخ الفاتورة\nالكمية\nالسعر\nالإجمالي", {"grand_total"}),
    "hr": ("Račun br.\nKupac\nKoličina\nDatum dospijeća\nUkupno za platiti", {"grand_total"}),
    "sl": ("Račun št.\nKupec\nKoličina\nRok plačila\nSkupaj za plačilo", {"grand_total"}),
    "et": ("Arve nr\nMaksja\nKogus\nMaksetähtaeg\nKokku tasuda", {"grand_total"}),
    "lv": ("Rēķins Nr.\nPircējs\nDaudzums\nApmaksas termiņš\nKopā apmaksai", {"grand_total"}),
    "lt": ("PVM sąskaita faktūra\nPirkėjas\nKiekis\nApmokėti iki\nIš viso mokėti", {"grand_total"}),
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


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("合計¥1,200", ["合計", "¥1,200"]),
        ("お釣り500円", ["お釣り", "500円"]),
        ("登録番号T1234567890123", ["登録番号", "T1234567890123"]),
        ("2024年3月1日", ["2024年3月1日"]),
        ("令和6年3月1日", ["令和6年3月1日"]),
    ],
)
def test_labels_of_a_script_without_spaces_are_split_from_their_values(text: str, pieces: list[str]) -> None:
    assert [word.text for word in read(text).rows[0].words] == pieces


def test_every_language_has_words_for_the_amounts_and_dates_of_a_document() -> None:
    needed = {"grand_total", "total", "net", "tax", "due", "cash", "invoice_date", "due_date", "invoice_id", "buyer"}
    for language in set(lexicon.LANGUAGES) - set(lexicon.BASE_LANGUAGES):
        known = (meanings[language] for meanings in lexicon.load().phrases.values() if language in meanings)
        assert needed <= set().union(*known), language
