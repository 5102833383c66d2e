from typing import Any

import pytest

from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue, label_issues
from ocr_pipeline.evaluation.diagnosis.truth import Sources
from ocr_pipeline.schemas import Label

MADE_OF = {"a+rules": ("a", "rules"), "b+rules": ("b", "rules"), "model": (None, "gemini")}


def label(alternatives: dict[str, list[str]] | None = None, **invoice: Any) -> Label:
    return Label.model_validate({"invoice": invoice, "alternatives": alternatives or {}})


def found(labels: dict[str, Label], values: dict[str, Any] | None = None, **groups: str) -> list[LabelIssue]:
    return label_issues(labels, values or {}, MADE_OF, groups)


def test_backends_agree_on_another_value() -> None:
    votes = {"d": {"a+rules": {"total_amount": "9.0"}, "b+rules": {}, "model": {"total_amount": "9.00"}}}
    (issue,) = found({"d": label(total_amount="8.20", supplier_name="x")}, votes)
    assert (issue.field, issue.label, issue.value) == ("total_amount", "8.20", "9.0")
    assert issue.backends == ("a+rules", "model")
    assert issue.independent
    assert issue.reason == "2 backends agree on another value, 0 on the label's."


def test_backends_with_one_extractor_are_not_independent() -> None:
    votes = {"d": {"a+rules": {"total_amount": "9.00"}, "b+rules": {"total_amount": "9.00"}, "model": {}}}
    (issue,) = found({"d": label(total_amount="8.20")}, votes)
    assert not issue.independent


def test_backends_on_one_engine_are_not_independent() -> None:
    made_of = {
        "a+rules": ("a", "rules"),
        "a+model": ("a", "model"),
        "b+rules": ("b", "rules"),
        "b+model": ("b", "model"),
    }

    def independent(*names: str) -> bool:
        votes = {"d": {name: {"total_amount": "9.00"} for name in names}}
        (issue,) = label_issues({"d": label(total_amount="8.20")}, votes, made_of, {})
        return issue.independent

    assert not independent("a+rules", "a+model")
    assert independent("a+rules", "b+model")
    assert independent("a+rules", "a+model", "b+rules")  # a+model and b+rules share neither engine nor extractor


def test_no_issue_without_a_majority_or_for_an_accepted_value() -> None:
    split = {name: {"total_amount": amount} for name, amount in zip(MADE_OF, ("9.00", "9.50", "8.20"), strict=True)}
    assert found({"d": label(total_amount="8.20")}, {"d": split}) == []
    tied = {"a+rules": {"supplier_name": "B"}, "b+rules": {"supplier_name": "b."}, "model": {"supplier_name": "A"}}
    assert len(found({"d": label(supplier_name="A")}, {"d": tied})) == 1
    as_many = {**tied, "fourth": {"supplier_name": "A"}}
    assert found({"d": label(supplier_name="A")}, {"d": as_many}) == []
    assert found({"d": label({"supplier_name": ["B"]}, supplier_name="A")}, {"d": tied}) == []
    assert found({"d": label(total_amount="8.20")}, {"d": {"a+rules": {"supplier_name": "B"}}}) == []


def test_a_value_for_a_field_labelled_as_empty() -> None:
    votes = {"d": {name: {"due_date": "2018-03-05"} for name in MADE_OF}}
    (issue,) = found({"d": label(due_date=None)}, votes)
    assert (issue.label, issue.value) == (None, "2018-03-05")


def test_inconsistent_sums() -> None:
    broken = found({"d": label(net_amount="10.00", total_tax_amount="1.90", total_amount="12.90")})
    assert {s.field: s.value for s in broken} == {
        "net_amount": "11.00",
        "total_tax_amount": "2.90",
        "total_amount": "11.90",
    }
    assert broken[0].reason == "10.00 net and 1.90 tax are not 12.90 in total."
    assert found({"d": label(net_amount="10.00", total_tax_amount="1.90", total_amount="11.95")}) == []
    lines = [
        {"rate": "19", "net_amount": "10.00", "amount": "1.90"},
        {"rate": "7", "net_amount": "1.00", "amount": "0.07"},
    ]
    (tax,) = found({"d": label(total_tax_amount="1.90", net_amount="11.00", tax_lines=lines)})
    assert (tax.field, tax.value) == ("total_tax_amount", "1.97")
    # groceries are not taxed: the tax line covers the rest
    assert found({"d": label(net_amount="46.14", tax_lines=[{"rate": "8.75", "net_amount": "19.27"}])}) == []
    (net,) = found({"d": label(net_amount="10.00", tax_lines=lines)})
    assert (net.field, net.value) == ("net_amount", "11.00")


def test_due_date_before_invoice_date() -> None:
    dates = found({"d": label(invoice_date="2018-03-05", due_date="2018-03-04")})
    assert [s.field for s in dates] == ["due_date", "invoice_date"]
    assert found({"d": label(invoice_date="2018-03-05", due_date="2018-03-05")}) == []


def test_copies_with_different_labels() -> None:
    labels = {
        "d": label(total_amount="9.00", supplier_name="ACME"),
        "e": label(total_amount="9.5", supplier_name="acme."),
        "f": label(supplier_name="Other"),
    }
    both = found(labels, d="d", e="d")
    assert [(s.document_id, s.field, s.label, s.value) for s in both] == [
        ("d", "total_amount", "9.00", "9.50"),
        ("e", "total_amount", "9.50", "9.00"),
    ]


def test_issues_of_a_field_are_merged_and_come_first() -> None:
    votes = {"e": {name: {"total_amount": "11.90"} for name in MADE_OF}}
    wrong = label(net_amount="10.00", total_tax_amount="1.90", total_amount="12.90")
    first = found({"d": wrong, "e": wrong}, votes)[0]
    assert (first.document_id, first.field, first.kinds) == ("e", "total_amount", ("agreement", "arithmetic"))
    assert first.reason.count(".") > 2


@pytest.mark.parametrize(
    ("said", "value", "doubtful"),
    [
        ({"total_amount": "8.20"}, "9.20", True),
        ({"total_amount": "8.20"}, "8.2", False),
        ({"total_amount": None}, "9.20", False),
        ({"supplier_name": "Shop Ltd"}, "The Shop", False),
    ],
)
def test_a_code_says_another_value(said: dict[str, Any], value: str, doubtful: bool) -> None:
    [field] = said
    sources: Sources = ({"codes": {field: value}}, {"codes": "codes"})
    issues = label_issues({"d": label(**said)}, {}, {}, {}, sources={"d": sources})
    assert [(issue.kinds, issue.value, issue.backends) for issue in issues] == (
        [(("truth",), value, ("codes",))] if doubtful else []
    )


@pytest.mark.parametrize(
    ("page", "text", "value"),
    [
        ("120.00", "Total 120,00", "120.00"),
        ("120.00", "Total 120,00 Net 100,00", None),  # the labelled value is there: the reader chose another one
        ("100.00", "Total 120,00", None),
        (None, "", None),
    ],
    ids=["the page says something else", "both are printed", "the page agrees", "nobody read it"],
)
def test_a_label_from_xml_that_its_page_contradicts(page: str | None, text: str, value: str | None) -> None:
    values = {"xml": {"total_amount": "100.00"}, "a+rules": {} if page is None else {"total_amount": page}}
    sources: Sources = (values, {"xml": "einvoice", "a+rules": "rules"})
    labels = {"d": label(total_amount="100.00")}
    issues = label_issues(labels, {}, {}, {}, sources={"d": sources}, page_text=lambda _: text)
    assert [issue.value for issue in issues] == ([] if value is None else [value])
    for issue in issues:
        assert (issue.kinds, issue.independent, issue.label) == (("truth",), False, "100.00")
        assert issue.reason == ("The XML says total_amount 100.00, the page 120.00; the labelled value is not printed.")


def test_what_an_importer_doubts_is_an_issue() -> None:
    doubted = label(total_amount="8.20", invoice_id="7").model_copy(update={"doubts": {"total_amount": "Not printed."}})
    (issue,) = found({"d": doubted})
    assert (issue.field, issue.label, issue.kinds, issue.reason) == ("total_amount", "8.20", ("truth",), "Not printed.")
