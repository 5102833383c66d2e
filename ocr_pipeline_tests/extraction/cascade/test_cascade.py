"""The cascade by itself: whom it asks, whose value it takes, and what it learns from labels."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.errors import DocumentError, ProviderError
from ocr_pipeline.extraction.base import ExtractionInput, MemberResults
from ocr_pipeline.extraction.cascade.extractor import CascadeExtractor
from ocr_pipeline.extraction.cascade.thresholds import ALWAYS, NEVER, load_thresholds
from ocr_pipeline.extraction.later import LaterMembers, MemberAnswer
from ocr_pipeline.schemas import DocumentFailure, Evidence, Extraction, Invoice, Label
from ocr_pipeline.training.thresholds import Judged, fit, learn_thresholds
from ocr_pipeline.training.votes import Voted

TOTAL = ("total_amount",)


def read(score: float | None = None, **values: Any) -> Extraction:
    """An extraction with evidence of this score for each value."""
    box = (0.0, 0.0, 1.0, 1.0)
    places = {
        name: Evidence(page=1, text="?", box=box, words=[3], method="m", score=score)
        for name in values
        if score is not None
    }
    return Extraction(invoice=Invoice.model_validate(values), evidence=places, cost_usd=0.0)


def answer(extraction: Extraction | None, reason: Any = None, *, stored: bool = True) -> Callable[[], MemberAnswer]:
    failure = DocumentFailure(reason=reason, message="No.") if reason else None
    return lambda: MemberAnswer(extraction, failure, seconds=2.0, cost_usd=0.01, calls=[], stored=stored)


def never() -> MemberAnswer:
    raise AssertionError("must not be asked")


def document(first: Extraction | None, **later: Callable[[], MemberAnswer]) -> ExtractionInput:
    extractions = {"first": first} if first else {}
    members = MemberResults(extractions, 1.0, 0.0, LaterMembers(later))
    return ExtractionInput(document_id="d", open=lambda: pytest.fail("opened"), text=None, members=members)


def totals(result: Extraction) -> tuple[Any, ...]:
    return result.invoice.total_amount, result.invoice.supplier_name


def test_the_next_member_is_asked_only_below_the_threshold() -> None:
    cascade = CascadeExtractor(["first", "paid"], threshold=0.8, fields=TOTAL)
    assert totals(cascade.extract(document(read(0.8, total_amount=5), paid=never))) == (5, None)
    asked = document(read(0.79, total_amount=5, supplier_name="A"), paid=answer(read(1.0, total_amount=6)))
    result = cascade.extract(asked)
    assert totals(result) == (6, "A")
    assert (result.evidence["total_amount"].method, result.evidence["total_amount"].words) == ("paid: m", [])
    assert asked.members is not None
    assert asked.members.later is not None
    assert (asked.members.later.seconds, asked.members.later.cost_usd) == (2.0, 0.01)


def test_an_answer_replaces_doubtful_values_and_fills_empty_ones() -> None:
    cascade = CascadeExtractor(["first", "paid"], fields=TOTAL)
    first = read(0.5, total_amount=5, supplier_name="A")
    full = read(0.9, total_amount=6, supplier_name="B", currency="EUR", line_items=[{"description": "x"}])
    result = cascade.extract(document(first, paid=answer(full)))
    assert totals(result) == (6, "A")
    assert (result.invoice.currency, len(result.invoice.line_items)) == ("EUR", 1)
    empty = cascade.extract(document(first, paid=answer(read(supplier_name="B"))))
    assert totals(empty) == (5, "A"), "an empty answer replaces nothing"
    agreed = cascade.extract(document(first, paid=answer(full.model_copy(update={"invoice": first.invoice}))))
    assert agreed.evidence["total_amount"].score == 0.9


def test_a_third_member_is_asked_if_the_second_is_not_sure_either() -> None:
    cascade = CascadeExtractor(["first", "local", "paid"], fields=TOTAL)
    first = read(0.5, total_amount=5)
    sure, unsure = answer(read(0.95, total_amount=6)), answer(read(0.2, total_amount=6))
    assert totals(cascade.extract(document(first, local=sure, paid=never)))[0] == 6
    assert totals(cascade.extract(document(first, local=unsure, paid=answer(read(0.1, total_amount=7)))))[0] == 7
    assert totals(cascade.extract(document(first, local=answer(None, "blocked"), paid=unsure)))[0] == 6


def test_a_member_that_fails() -> None:
    cascade = CascadeExtractor(["first", "paid"], fields=TOTAL)
    kept = cascade.extract(document(read(0.5, total_amount=5), paid=answer(None, "blocked")))
    assert (totals(kept)[0], kept.warnings) == (5, ["paid was asked and has no result: No."])
    with pytest.raises(ProviderError):
        cascade.extract(document(read(0.5, total_amount=5), paid=answer(None, "provider_failed", stored=False)))
    assert totals(cascade.extract(document(None, paid=answer(read(total_amount=6)))))[0] == 6
    with pytest.raises(DocumentError):
        cascade.extract(document(None, paid=answer(None, "blocked")))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"of": ["a"]}, "two backends or more"),
        ({"of": ["a", "b"], "threshold": 2}, "threshold must be a number from 0 to 1"),
        ({"of": ["a", "b"], "max_error": "1 %"}, "max_error must be a number"),
        ({"of": ["a", "b"], "fields": ["totals"]}, "fields must list some of"),
        ({"of": ["a", "b"], "fields": "total_amount"}, "fields must list some of"),
        ({"of": ["a", "b"], "fields": 3}, "fields must list some of"),
        ({"of": ["a", "b"], "fields": {"total_amount": 0.9}}, "fields must list some of"),
        ({"of": ["a", "b"], "fields": [["total_amount"]]}, "fields must list some of"),
        ({"of": 3}, "of must list two backends"),
        ({"of": [["a"], "b"]}, "of must list two backends"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        CascadeExtractor(**options)


class TestFit:
    """Forty values: of the surest thirty, all are right, of the others one in two."""

    values = [(0.6 + number / 100, True) for number in range(30)] + [
        (number / 20, number % 2 == 0) for number in range(10)
    ]

    def judged(self, next_right: Callable[[bool], bool | None]) -> list[Judged]:
        return [Judged(confidence, right, next_right(right)) for confidence, right in self.values]

    def test_a_value_is_accepted_at_the_wanted_error(self) -> None:
        assert fit(self.judged(lambda right: None), 0.0) == pytest.approx(0.6)
        assert fit(self.judged(lambda right: None), 0.05) == pytest.approx(0.4)
        assert fit(self.judged(lambda right: None), 1.0) == NEVER
        assert fit([Judged(0.9, False, None)] * 40, 0.02) == ALWAYS

    def test_nobody_is_asked_who_knows_less(self) -> None:
        assert fit(self.judged(lambda right: False), 0.0) == NEVER
        assert fit(self.judged(lambda right: right), 0.0) == NEVER, "right and wrong where the first one is"
        assert fit(self.judged(lambda right: True), 0.0) == pytest.approx(0.6)


def labelled(number: int, *, answered: bool) -> Voted:
    """Every fourth first total is wrong and of low confidence; the paid one is right."""
    is_wrong = number % 4 == 0
    extractions = {"first": read(0.3 if is_wrong else 0.95, total_amount=1 if is_wrong else number + 10)}
    if answered:
        extractions["paid"] = read(total_amount=number + 10)
    label = Label(invoice=Invoice(total_amount=Decimal(number + 10), supplier_name=f"Shop {number // 2}"))
    return Voted(f"d{number}", f"g{number}", extractions, label)


@pytest.mark.parametrize("answered", [True, False])
def test_thresholds_are_learned_out_of_fold(answered: bool, tmp_path: Path) -> None:
    documents = [labelled(number, answered=answered) for number in range(40)]
    learned = learn_thresholds(documents, ("first", "paid"), ("total_amount", "invoice_date"), "t", 0.02)
    assert set(learned.by_member) == {"first"}
    assert set(learned.by_member["first"]) == {"total_amount"}, "no date is labelled"
    assert len(learned.by_member["first"]["total_amount"]) == 6
    assert learned.fold_of["d2"] == learned.fold_of["d3"], "one vendor, one fold"
    report = learned.report["total_amount"]
    assert (report["documents"], report["first"], report["below"]) == (40, 30, 10)
    assert report["right"] == (40 if answered else None)

    path = tmp_path / "thresholds.json"
    path.write_text(learned.model_dump_json())
    assert load_thresholds(path, ("paid", "first")) == (None, None)
    cascade = CascadeExtractor(["first", "paid"], threshold=1.0, fields=TOTAL)
    before = cascade.fingerprint()
    cascade.use(path)
    assert cascade.fingerprint() != before
    assert totals(cascade.extract(document(read(0.95, total_amount=5), paid=never)))[0] == 5
    assert cascade.input_of("d2", "k") != cascade.input_of("unlabelled", "k")


def test_too_few_labels_leave_the_given_threshold() -> None:
    documents = [labelled(number, answered=True) for number in range(29)]
    assert learn_thresholds(documents, ("first", "paid"), TOTAL, "t", 0.02).by_member == {}
