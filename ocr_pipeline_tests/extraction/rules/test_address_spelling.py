"""OCR slips in addresses, and the runs of lines that rankers choose from."""

import pytest

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.fields import address_runs
from ocr_pipeline.extraction.rules.fields.address_spelling import spelled
from ocr_pipeline_tests.extraction.rules.printed import extract, read


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("4D170 SHAH ALAM", "40170 SHAH ALAM"),
        ("NO 29O, JALAN AIR", "NO 290, JALAN AIR"),
        ("LOT 1B51-B", "LOT 1851-B"),
        ("1st F1r, Leve1 2, Ma11", "1st Flr, Level 2, Mall"),
        ("BIk G, JIn PJU 1A/3", "Blk G, Jln PJU 1A/3"),
        ("Jalan lpoh", "Jalan Ipoh"),
        ("UNIT G-5B, 7/118B, U13/BG, No1, UOA II, 3DO", "UNIT G-5B, 7/118B, U13/BG, No1, UOA II, 3DO"),
    ],
)
def test_slips_are_undone_where_the_neighbours_settle_them(printed: str, expected: str) -> None:
    assert spelled(printed, None) == expected


@pytest.mark.parametrize(("country", "expected"), [("MY", "SETIA ALAM"), ("SG", "SETIA ALAM"), ("FR", "SETIA ÁLAM")])
def test_accents_are_dirt_where_no_language_has_any(country: str, expected: str) -> None:
    assert spelled("SETIA ÁLAM", lexicon.load().regions[country]) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ("LOT 12, JALAN DUA", "52100 KEPONG"),
        ("LOT 12, JALAN DUA", "52100 KEPONG", "Johor"),
        ("Site: 2076 LOT 12, JALAN DUA", "52100 KEPONG"),
    ],
)
def test_runs_come_without_label_and_telephone_too(expected: tuple[str, ...]) -> None:
    reading = read("""
        KEDAI BUKU SDN BHD
        Site: 2076 LOT 12, JALAN DUA
        52100 KEPONG
        Johor Tel No.: 07-387 3322
    """)
    name = reading.rows[0].span
    texts = [tuple(line.text for line in run) for _, run in address_runs.find(reading, 0, name, [])]
    assert expected in texts


def test_a_run_has_no_amount_and_not_the_name() -> None:
    reading = read("""
        KEDAI BUKU SDN BHD
        LOT 12, JALAN DUA
        TEH TARIK         2.50
        52100 KEPONG
    """)
    runs = [run for _, run in address_runs.find(reading, 0, reading.rows[0].span, [])]
    texts = [line.text for run in runs for line in run]
    assert runs
    assert not any("KEDAI" in text or "2.50" in text for text in texts)


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("NO 5, JÀLAN MERANTI, 40170 SETIA ÁLAM, MALAYSIA", "NO 5, JALAN MERANTI, 40170 SETIA ALAM, MALAYSIA"),
        ("LOT 1B51, JALAN KPB 6, 4330O KLANG, MALAYSIA", "LOT 1851, JALAN KPB 6, 43300 KLANG, MALAYSIA"),
        ("NO 29O, J1n Air Panas, lpoh, Malaysia", "NO 290, Jln Air Panas, Ipoh, Malaysia"),
        ("5, JALAN BESAR, 45600 IJOK, SCLANGOR, MALAYSIA", "5, JALAN BESAR, 45600 IJOK, SELANGOR, MALAYSIA"),
        ("5, JALAN BESAR, 40150 SHAH ALAH, MALAYSIA", "5, JALAN BESAR, 40150 SHAH ALAM, MALAYSIA"),
        ("5, JALAN BESAR, 50000 KUALA L.UMPUR, MALAYSIA", "5, JALAN BESAR, 50000 KUALA LUMPUR, MALAYSIA"),
        # other words, not misread ones
        (
            "5, JALAN JASA UTAMA 12B, 47301 PETALING JAYA, MALAYSIA",
            "5, JALAN JASA UTAMA 12B, 47301 PETALING JAYA, MALAYSIA",
        ),
        ("5, JALAN KUANTAN, TAMAN PERAI, MALAYSIA", "5, JALAN KUANTAN, TAMAN PERAI, MALAYSIA"),
    ],
)
def test_known_words_of_the_country_settle_slips(printed: str, meant: str) -> None:
    extraction = extract(f"KEDAI ABU SDN BHD\n{printed}\nTAX INVOICE")
    assert extraction.invoice.supplier_address == meant
    assert (extraction.evidence["supplier_address"].correction is None) == (printed == meant)


def test_accents_stay_where_the_language_has_them() -> None:
    extraction = extract("BOULANGERIE MARTIN SARL\n12 rue Général Leclerc\n75001 Paris, France\nTVA FR 40303265045")
    assert extraction.invoice.supplier_address == "12 rue Général Leclerc, 75001 Paris, France"
