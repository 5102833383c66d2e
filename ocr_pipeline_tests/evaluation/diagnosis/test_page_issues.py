"""Labels that contradict what engines read on the page."""

from collections.abc import Sequence

import pytest

from ocr_pipeline.evaluation.diagnosis.page_issues import page_issues
from ocr_pipeline.evaluation.diagnosis.transcripts import aligned_cases, open_cases
from ocr_pipeline.evaluation.diagnosis.voices import voice
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.schemas import OcrText
from ocr_pipeline_tests.evaluation.words import text_of

ENGINES = {"a": voice("a"), "b": voice("b"), "a2": voice("a")}
KINDS = {"total_amount": "money", "supplier_name": "name", "invoice_date": "date", "currency": "category"}
KINDS |= {"signed": "boolean", "net_amount": "rounded"}


def score(field: str, truth: str, prediction: str | None, outcome: str = "wrong") -> StoredScore:
    return StoredScore("d", "s", "backend", field, KINDS[field], truth, prediction, outcome)  # type: ignore[arg-type]


def found(scores: Sequence[StoredScore], pages: dict[str, str]) -> list[tuple[tuple[str, ...], str | None]]:
    def texts(engine: str, documents: Sequence[str]) -> dict[str, OcrText]:
        return {key: text_of(*pages[engine].split("\n")) for key in documents if engine in pages}

    issues = [
        issue for case in aligned_cases(open_cases(scores), ENGINES, texts) for issue in page_issues(case, ENGINES)
    ]
    assert all(issue.independent and issue.reason for issue in issues)
    return [(issue.kinds, issue.value) for issue in issues]


PAGE = "TEO HENG BOOKS\n05/03/2018\nSUBTOTAL 11.98\nTOTAL 12.03"


@pytest.mark.parametrize(
    ("wrong", "pages", "expected"),
    [
        # one letter, read alike by engines that share nothing
        (
            score("supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS"),
            {"a": PAGE, "b": PAGE},
            [(("typo",), "TEO HENG BOOKS")],
        ),
        (score("supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS"), {"a": PAGE, "a2": PAGE}, []),
        (score("supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS"), {"a": PAGE, "b": PAGE.replace("TEO", "TEC")}, []),
        # a letter that every engine may misread
        (score("supplier_name", "TE0 HENG BOOKS", "TEO HENG BOOKS"), {"a": PAGE, "b": PAGE}, []),
        # a digit, which both may have misread
        (score("supplier_name", "Jalan Permas 9/5", "JALAN PERMAS 9/6"), dict.fromkeys("ab", "JALAN PERMAS 9/6"), []),
        # two letters, one of which no engine takes for the other
        (
            score("supplier_name", "BEJUNTAL TRADING COMPANY", "BERJUNTAI TRADING COMPANY"),
            dict.fromkeys("ab", "BERJUNTAI TRADING COMPANY"),
            [(("typo",), "BERJUNTAI TRADING COMPANY")],
        ),
        (score("supplier_name", "TAD HANG BOOKS", "TEO HENG BOOKS"), {"a": PAGE, "b": PAGE}, []),
        # nowhere on the page
        (score("supplier_name", "Quite another shop", "TEO HENG BOOKS"), {"a": PAGE, "b": PAGE}, [(("page",), None)]),
        (score("supplier_name", "Quite another shop", "TEO HENG BOOKS"), {"a": PAGE}, []),
        (score("invoice_date", "1999-12-31", "2018-03-05"), {"a": PAGE, "b": PAGE}, [(("page",), None)]),
        # nobody read anything: the page may be at fault
        (score("supplier_name", "Quite another shop", None, "missing"), {"a": PAGE, "b": PAGE}, []),
        # rounded by the labeller: one engine is enough, since the amount before rounding is printed
        (score("total_amount", "12.05", "12.03"), {"a": PAGE}, [(("convention",), "12.03")]),
        (score("total_amount", "12.00", "11.98"), {"a": PAGE}, [(("convention",), "11.98")]),
        # both are printed: the wrong one was selected
        (score("total_amount", "12.03", "11.98"), {"a": PAGE, "b": PAGE}, []),
        (score("currency", "EUR", "USD"), {"a": PAGE, "b": PAGE}, []),
        # says what a document is, and need not be printed
        (score("signed", "true", "false"), {"a": PAGE, "b": PAGE}, []),
        # a kind of evaluation.yaml is searched as the field of an invoice
        (score("net_amount", "12.00", "11.98"), {"a": PAGE}, [(("convention",), "11.98")]),
    ],
)
def test_what_the_page_says(
    wrong: StoredScore, pages: dict[str, str], expected: list[tuple[tuple[str, ...], str | None]]
) -> None:
    assert found([wrong], pages) == expected


def test_a_label_that_one_backend_finds_is_not_doubted() -> None:
    wrong = score("supplier_name", "TED HENG BOOKS", "TEO HENG BOOKS")
    right = score("supplier_name", "TED HENG BOOKS", "TED HENG BOOKS", "correct")
    assert found([wrong, right], {"a": PAGE, "b": PAGE}) == []
