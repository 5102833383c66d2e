"""Which spellings are of one number."""

import pytest

from ocr_pipeline.values.document_numbers import same_number


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("000.000.780", "780", True), ("FS CDVF/12345", "FS-CDVF 12345", True), ("T-27174", "27174", True),
        ("RE-2024/007", "RE 2024 / 7", False), ("A-12", "12", False), ("2024-0012", "0012", False), ("780", "781", False),
        ("", "", False), ("T-27174", "B-27174", False), ("0", "00", True),
    ],
)  # fmt: skip
def test_same_number(first: str, second: str, same: bool) -> None:
    assert same_number(first, second) == same
    assert same_number(second, first) == same
