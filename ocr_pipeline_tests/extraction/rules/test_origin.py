"""The origin of a document: its country with a margin, day order and currency, from evidence of the seller."""

import pytest

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.lexicon import clues
from ocr_pipeline_tests.extraction.rules.printed import extract, read

FROM = {
    "AU": "Bushland Tools Pty Ltd\nABN 51 824 753 556\nTax Invoice   03/04/2024\nTotal   $110.00",
    "US": "Joe's Diner\n12 Main St\nPortland, OR 97204\n(503) 555-0142\nSales Tax   $5.50\nTotal   $55.50",
    "CA": "Maple Books Inc.\nToronto ON M5V 2T6\nGST/HST 123456782 RT0001\nTotal   $20.00",
    "NZ": "Kauri Ltd\nAuckland 1010\nGST no 49-091-850\nwww.kauri.co.nz\nTotal   $20.00",
    "SG": "Merlion Pte Ltd\nSingapore 048616\nGST Reg No: M9-0001234-5\nTotal   S$20.00",
    "MY": "KEDAI MAKAN SDN BHD\nNo 5, Jalan Ampang\n50450 Kuala Lumpur\nTotal   RM 20.00",
    "GB": "Studio Marlow Ltd\nBristol BS1 4DJ\nVAT Reg No GB 123 4567 82\nTotal   £20.00",
    "DE": "Holz GmbH\n80331 München\nSteuernummer 143/815/08155\nRechnung\nGesamtbetrag   20,00 EUR",
    "AT": "Holz GmbH\n1010 Wien\nATU13585627\nRechnung\nGesamtbetrag   20,00 EUR",
    "CH": "Holz AG\n8001 Zürich\nCHE-107.787.577 MWST\nTotal   CHF 20.00",
    "SE": "Lundqvist Bygg AB\nGöteborg\nOrg.nr 556012-5790\nMoms 25 %   200 kr\nAtt betala   1 000 kr",
    "NO": "Fjord Bygg AS\nBergen\nOrg.nr 988 077 917 MVA\nÅ betale   1 000 kr",
    "DK": "Havn ApS\nKøbenhavn\nCVR-nr. 13585628\nMoms   200 kr.\nI alt   1.000 kr.",
    "PL": "Kowalski Meble Sp. z o.o.\n00-950 Warszawa\nNIP 856-734-62-15\nRazem   123,00 zł",
    "CZ": "Novák s.r.o.\nPraha\nDIČ CZ25123891\nCelkem   123,00 Kč",
    "HU": "Kovács Kft.\n1051 Budapest\nAdószám: 12892312-2-41\nÖsszesen   12 300 Ft",
    "FI": "Järvi Oy\nHelsinki\nY-tunnus 2077474-0\nALV 24 %\nYhteensä   20,00 €",
    "TR": "Yıldız Ltd. Şti.\nİstanbul\nVergi Dairesi Kadıköy\nKDV   20,00\nToplam   120,00 TL",
    "BR": "Padaria Ltda\nCNPJ 11.222.333/0001-81\nSão Paulo\nTotal   R$ 20,00",
    "MX": "Tacos S.A. de C.V.\nRFC GODE561231GR8\nIVA   $16.00\nTotal   $116.00",
    "IN": "Sundaram Textiles Pvt Ltd\nGSTIN 27AAPFU0939F1ZV\nCGST   90.00\nTotal   1,180.00",
    "ID": "PT Maju Jaya\nJl. Sudirman, Jakarta\nPPN   11.000\nTotal   Rp 111.000",
    "JP": "株式会社さくら\n東京都\n登録番号 T5835678256246\n合計   ¥1,100",
    "KR": "서울커피\n사업자 116-82-00276\n합계   5,500",
    "TH": "ABC Co., Ltd.\nกรุงเทพฯ\nรวม   107.00",
    "AE": "Palm Star Trading LLC\nDubai, UAE\nTRN 100123456700003\nTotal   AED 105.00",
    "ZA": "Protea (Pty) Ltd\nCape Town\nVAT   R 15.00\nTotal   R 115.00",
    "UA": "ТОВ Калина\nКиїв\nПДВ   20,00 грн\nВсього   120,00 грн",
}


@pytest.mark.parametrize("company", ["KEDAI MAKAN SDN BHD", "KEDAI MAKAN SDN. BHD.", "KEDAI MAKAN SDN.BHD."])
def test_the_legal_form_sdn_bhd_is_no_dinar(company: str) -> None:
    assert extract(f"{company}\n81750 Masai, Johor\nTotal   20.00").invoice.currency == "MYR"


@pytest.mark.parametrize("country", FROM)
def test_the_country_and_its_currency(country: str) -> None:
    drawing = FROM[country]
    origin = read(drawing).origin
    assert origin.country == country, (origin.shares, origin.clues)
    assert origin.margin > 0.4
    assert extract(drawing).invoice.currency == lexicon.load().regions[country].currency


@pytest.mark.parametrize(
    "drawing",
    [
        "Coffee   12.50\nTotal   12.50",
        "Total   $5.50\n55   5.50",  # `$5`, `55` and `ss` are no Singaporean sign
        "GST   1.00\nTotal   11.00",
        "Invoice\nTotal   12.50 EUR",
        "Shop GmbH\nTotal   12.50",
        "Rose, CA   12.50\nTotal   12.50",
    ],
)
def test_one_hint_names_no_country(drawing: str) -> None:
    origin = read(drawing).origin
    assert origin.country is None, (origin.shares, origin.clues)
    assert origin.region is None


def test_the_buyer_speaks_for_the_buyer() -> None:
    reading = read(
        """
        Corvid Cloud Inc.
        San Francisco, CA 94105

        Bill to:
        Tallinna Arendus OU
        Tallinn 10111, Estonia
        VAT EE102809963

        Total   $ 20.00
        """
    )
    assert (reading.origin.country, reading.origin.buyer) == ("US", "EE")


def test_the_second_of_two_addresses_is_the_buyer() -> None:
    reading = read(
        """
        Tessuti Bianchi S.r.l.
        Via Roma 12
        20121 Milano
        Italia
        VAT No. IT01234567890

        Mode Lang GmbH
        Gartenstr. 1
        80331 München
        VAT ID DE811128135

        Total   2.300,00 EUR
        """
    )
    assert (reading.origin.country, reading.origin.buyer) == ("IT", "DE")


@pytest.mark.parametrize(
    ("country", "day_first", "at_least"),
    [("US", False, 0.85), ("GB", True, 0.9), ("CA", False, 0.5), ("AU", True, 0.9)],
)
def test_the_order_of_day_and_month(country: str, day_first: bool, at_least: float) -> None:
    origin = read(FROM[country]).origin
    assert origin.day_first is day_first
    assert origin.day_first_confidence >= at_least


@pytest.mark.parametrize(
    ("drawing", "code"),
    [
        ("Currency: CAD\nTotal   $20.00", "CAD"),
        ("Lakes & Co\nTotal   Rs.1,180.00", "INR"),
        ("Total   kr 100,00\nMVA", "NOK"),
        ("Holz GmbH, Berlin\nRechnungswährung : GBP\nKurs EUR   1,12\nSumme   20,00", "GBP"),
        ("Berlin, Deutschland\nSumme   20,00 EUR\nCHF 21,00", "EUR"),
        ("Teil MK1914   1,00\nden 20.11.2018\nSumme   20,00 EUR", "EUR"),
        ("Koivu Oy, Helsinki, Suomi\nLasku   FT 2024/971\nYhteensä   20,00", "EUR"),
        ("Gökçe A.Ş., İzmir, Türkiye\nCumhuriyet Cad. No: 22\nGenel Toplam   20,00", "TRY"),
    ],
)
def test_the_currency(drawing: str, code: str) -> None:
    assert extract(drawing).invoice.currency == code


def test_every_country_of_the_data_is_one_of_the_world() -> None:
    regions = lexicon.load().regions
    known = clues.load()
    named = {code for phrases in known.phrases.values() for phrase in phrases for code in phrase.weights}
    named |= {code for _, weights in known.postcodes for code in weights} | set(known.priors)
    assert named <= regions.keys()
    assert len(regions) > 200
    assert sum(bool(region.tax_rates) for region in regions.values()) > 100


@pytest.mark.parametrize(
    ("country", "currency", "day_first", "rate"),
    [("SE", "SEK", True, "25"), ("US", "USD", False, None), ("IN", "INR", True, "18"), ("CH", "CHF", True, "8.1")],
)
def test_regions(country: str, currency: str, day_first: bool, rate: str | None) -> None:
    region = lexicon.load().regions[country]
    assert (region.currency, region.day_first) == (currency, day_first)
    assert rate is None or rate in map(str, region.tax_rates)
