import pytest

from ocr_pipeline.extraction.rules.fields.company_names import clean, is_registration, is_tail, legal_form


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("99 SPEED MART S/B (519537-X)", "99 SPEED MART S/B"),
        ("99 SPEED MART 5/B (519537-X)", "99 SPEED MART S/B"),
        ("99 SPEED MART 5/BS19537-X)", "99 SPEED MART S/B"),
        ("99 SPEED MART S/D", "99 SPEED MART S/B"),
        ("AIK HUAT HARDWARE (SETIA ALAM) SDN", "AIK HUAT HARDWARE (SETIA ALAM) SDN BHD"),
        ("AIK HUAT HARDWARE (SETIA ALAM)SDNBHI", "AIK HUAT HARDWARE (SETIA ALAM) SDN BHD"),
        ("GARDENIA BAKERIES (KL) SDN BHD (139386 X)", "GARDENIA BAKERIES (KL) SDN BHD"),
        ("KING'S CONFECTIONERY S/B 273500-U (KSB)", "KING'S CONFECTIONERY S/B"),
        ("MR. D.1.Y. (M) SON BHD", "MR. D.I.Y. (M) SDN BHD"),
        ("GREEN LANE PHARMACY SDN BHDI", "GREEN LANE PHARMACY SDN BHD"),
        ("FOUR QUARTERS SDN BHD (1", "FOUR QUARTERS SDN BHD"),
        ("THE STORE (MALAYSIA) SDN BHD WWW.TSTORE.COM.MY", "THE STORE (MALAYSIA) SDN BHD"),
        ("CHECKERS SDN BHD (JALAN KLANG LAMA)", "CHECKERS SDN BHD (JALAN KLANG LAMA)"),
        ("OWN BY: CHEF LEE SDN BHD", "CHEF LEE SDN BHD"),
        ("LAVENDER CONFECTEONERY & BAKERY S/B", "LAVENDER CONFECTIONERY & BAKERY S/B"),
        ("ARTRANGE STATIONERS & PRINT", "ARTRANGE STATIONERS & PRINT"),
        ("Taste Of The WorId", "Taste Of The World"),
        ("Aldi GmbH & Co. KG, Schloß Holte", "Aldi GmbH & Co. KG"),
        ("*** SANG KEE RESTAURANT ***", "SANG KEE RESTAURANT"),
        ("SIAM HARDWARE CO., LTD.", "SIAM HARDWARE CO., LTD."),
        ("LG Electronics MobileComm U.S.A, Inc.", "LG Electronics MobileComm U.S.A, Inc."),
        ("Tessuti Bianchi S.r.I.", "Tessuti Bianchi S.r.l."),
        ("Érablière des Cimes Itée", "Érablière des Cimes ltée"),
        ("Free SAS au capital de 3.441.812 Euros – RCS Paris", "Free SAS"),
        ("e-Luscious Nederland B.V. iov Saeco.com", "e-Luscious Nederland B.V."),
        ("Alfa s.r.o., Hlavní 5, 110 00 Praha", "Alfa s.r.o."),
    ],
)
def test_a_line_is_cleaned_to_a_name(line: str, name: str) -> None:
    assert clean(line)[0].casefold() == name.casefold()


@pytest.mark.parametrize(
    ("line", "registered"),
    [("AEON CO. (M) BHD (126926-H)", True), ("AEON CO. (M) BHD", False), ("(126926-H)", False)],
)
def test_a_registration_number_behind_a_name_is_noticed(line: str, registered: bool) -> None:
    assert clean(line)[1] is registered


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("(81109-A)", True),
        ("789417-W", True),
        ("(JM0352019-K)", True),
        ("Co. No. 113825-W", True),
        ("JALAN AIR PANAS 81109", False),
        ("(GST ID : 001661886464)", False),
        ("TEL:03-40210276", False),
    ],
)
def test_a_line_is_a_registration_number(line: str, expected: bool) -> None:
    assert is_registration(line) is expected


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Lieferant GmbH", "end"),
        ("Au bon moulin SARL", "end"),
        ("PRINT EXPERT SDN. BHD.", "end"),
        ("Metallbau Leipzig GmbH & Co. KG", "end"),
        ("AEON BHD TAMAN MALURI", "inside"),
        ("RESTORAN WAN SHENG", None),
        ("GmbH", None),
        ("Kowalski Meble Sp. z o.o.", "end"),
        ("Lundqvist Bygg AB", "end"),
        ("Kovács Kft.", "end"),
        ("Panificadora La Espiga S. de R.L. de C.V.", "end"),
        ("UAB Baltika", "end"),
        ("ООО Ромашка", "end"),
        ("合同会社北斗電機工業", "end"),
        ("sold as", None),
        ("1 maart 2023 - 15", None),
    ],
)
def test_a_legal_form_stands(name: str, place: str | None) -> None:
    assert legal_form(name) == place


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SDN BHD", True),
        ("CO. (M) SDN BHD", True),
        ("TRADING", True),
        ("COFFEE CO.", True),
        ("(SEMENYIH) SDN BHD", True),
        ("GH DISTRIBUTOR & MARKETING SDN BHD", False),
        ("JALAN BESAR", False),
    ],
)
def test_a_line_is_only_the_end_of_a_name(line: str, expected: bool) -> None:
    assert is_tail(line) is expected
