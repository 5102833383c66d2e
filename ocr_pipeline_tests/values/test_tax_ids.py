"""Tax ids: recognised with their check digits, and equal across national spellings."""

import pytest

from ocr_pipeline.values.tax_id_schemes import all_schemes
from ocr_pipeline.values.tax_ids import recognise, same_tax_id, tax_id_key

SAME = [
    ("NL004495445B01", "NL4495445B01"),
    ("NL 0044.95.445.B01", "NL4495445B01"),
    ("NL004495445B01", "004495445B01"),
    ("CHE-107.787.577 MWST", "CHE107787577"),
    ("CHE-107.787.577 TVA", "CHE-107.787.577"),
    ("CHE-107.787.577 IVA", "107.787.577"),
    ("T5835678256246", "5835678256246"),
    ("T5835678256246", "T5-8356-7825-6246"),
    ("GR094259216", "EL 094259216"),
    ("GR094259216", "094259216"),
    ("DE136695976", "136 695 976"),
    ("DE 136.695.976", "USt-IdNr. DE136695976"),
    ("ATU13585627", "ATU 135 85627"),
    ("BE0428759497", "BE 428.759.497"),
    ("BE0428759497", "0428.759.497"),
    ("NO 988 077 917 MVA", "988077917"),
    ("NO988077917MVA", "988 077 917 MVA"),
    ("51 824 753 556", "ABN 51824753556"),
    ("11.222.333/0001-81", "11222333000181"),
    ("FI20774740", "2077474-0"),
    ("HU12892312", "12892312-2-41"),
    ("PL 8567346215", "NIP: 856-734-62-15"),
    ("012892312", "012 892 312"),
    ("0013.1226.6609.1000".replace(".", ""), "013122666091000"),
    ("91-1144442", "EIN 911144442"),
    ("INV/17-A", "inv 17a"),
]
DIFFERENT = [
    ("DE136695976", "DE136695977"),
    ("DE136695976", "AT136695976"),
    ("DE136695977", "136695977"),  # the check digit does not fit, so the prefix may be part of the number
    ("GB136695976", "DE136695976"),
    ("IT01234567890", "01234567890"),
    ("", "-"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_spellings_of_one_number(first: str, second: str) -> None:
    assert same_tax_id(first, second)
    assert same_tax_id(second, first)
    assert tax_id_key(first) == tax_id_key(second) or second in ("428.759.497", "0428.759.497")


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_other_numbers(first: str, second: str) -> None:
    assert not same_tax_id(first, second)
    assert not same_tax_id(second, first)


@pytest.mark.parametrize(
    ("text", "country", "checked"),
    [
        ("DE136695976", "DE", True),
        ("DE 136 695 977", "DE", False),
        ("CHE-107.787.577 MWST", "CH", True),
        ("12.ABC.345/01DE-35", "BR", True),  # CNPJ with letters
        ("390.533.447-05", "BR", True),
        ("4540536920", "TR", True),
        ("27AAPFU0939F1ZV", "IN", True),
        ("AAPFU0939F", "IN", True),
        ("51 824 753 556", "AU", True),
        ("9429030000000", "NZ", False),
        ("T5835678256246", "JP", True),
        ("116-82-00276", "KR", True),
        ("0001339050", "ZA", True),
        ("GODE 561231 GR8", "MX", True),
        ("20-05536168-2", "AR", True),
        ("73282932000074", "FR", True),
        ("91110000600037341L", "CN", True),
        ("00501503", "TW", True),
        ("W10-1808-31000045", "MY", False),
        ("201901000005", "MY", False),
        ("M9-0001234-5", "SG", False),
        ("100123456700003", "AE", False),
        ("1-2345-45678-78-1", "TH", True),
    ],
)
def test_recognised(text: str, country: str, checked: bool) -> None:
    of_country = [tax_id.checked for tax_id in recognise(text) if tax_id.country == country]
    assert (True in of_country) if checked else (True not in of_country), recognise(text)


def test_check_digits_do_not_name_a_country() -> None:
    """A German number without its prefix may be that of another country."""
    assert len({tax_id.country for tax_id in recognise("136695976")}) > 1


def test_modules_of_all_schemes_exist() -> None:
    for scheme in all_schemes():
        scheme.is_valid("1")
