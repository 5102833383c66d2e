from typing import Any

import pytest

from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue, label_issues
from ocr_pipeline.evaluation.diagnosis.truth import Sources
from ocr_pipeline.evaluation.diagnosis.voices import voice
from ocr_pipeline.schemas import Label

VOICES = {"a+rules": voice("a", "rules"), "b+rules": voice("b", "rules"), "model": voice(None, "gemini")}


def label(alternatives: dict[str, list[str]] | None = None, **invoice: Any) -> Label:
    return Label.model_validate({"invoice": invoice, "alternatives": alternatives or {}})


def found(labels: dict[str, Label], values: dict[str, Any] | None = None, **groups: str) -> list[LabelIssue]:
    return label_issues(labels, values or {}, VOICES, groups)


def test_backends_agree_on_another_value() -> None:
    votes = {"d": {"a+rules": {"total_amount": "9.0"}, "b+rules": {}, "model": {"total_amount": "9.00"}}}
    (issue,) = found({"d": label(total_amount="8.20", supplier_name="x")}, votes)
    assert (issue.field, issue.label, issue.value) == ("total_amount", "8.20", "9.0")
    assert issue.backends == ("a+rules", "model")
    assert issue.independent
    assert issue.reason == "2 independent readers agree on another value, 0 on the label's."


@pytest.mark.parametrize(
    ("names", "doubted"),
    [
        (("a+rules", "b+rules", "c+rules"), False),  # the same rules
        (("a+rules", "a+learned", "b+learned"), False),  # which rank the candidates of the rules
        (("a+rules", "a+model"), False),  # the same engine
        (("a+rules", "b+model"), True),
        (("a+rules", "a+model", "b+rules"), True),  # a+model and b+rules share nothing
        (("model", "small-model"), False),  # one family
    ],
)
def test_backends_that_share_a_part_are_one_voice(names: tuple[str, ...], doubted: bool) -> None:
    voices = {
        **{f"{engine}+rules": voice(engine, "rules") for engine in "abc"},
        **{f"{engine}+learned": voice(engine, "learned", "rules") for engine in "ab"},
        **{f"{engine}+model": voice(engine, "gemini") for engine in "ab"},
        "model": voice(None, "gemini"),
        "small-model": voice(None, "gemini"),
    }
    votes = {"d": {name: {"total_amount": "9.00"} for name in names}}
    assert bool(label_issues({"d": label(total_amount="8.20")}, votes, voices, {})) == doubted


def test_one_voice_for_the_label_is_outnumbered_however_many_backends_it_has() -> None:
    votes = {
        "d": {
            **{name: {"total_amount": "8.20"} for name in ("a+rules", "b+rules", "c+rules")},
            "model": {"total_amount": "9.00"},
            "d+other": {"total_amount": "9.00"},
        }
    }
    voices = {**VOICES, "c+rules": voice("c", "rules"), "d+other": voice("d", "other")}
    assert [issue.value for issue in label_issues({"d": label(total_amount="8.20")}, votes, voices, {})] == ["9.00"]


def test_values_from_xml_are_no_votes_about_the_page() -> None:
    votes = {"d": {"a+rules": {"total_amount": "9.00"}, "model": {"total_amount": "9.00"}}}
    read = {"a+rules": {}, "a+rules (xml)": {"total_amount": "9.00"}, "model": {"total_amount": "9.00"}}
    sources: Sources = (read, {"a+rules": "rules", "a+rules (xml)": "einvoice", "model": "gemini"})
    issues = label_issues({"d": label(total_amount="8.20")}, votes, VOICES, {}, sources={"d": sources})
    assert [issue.kinds for issue in issues] == [("truth",)]


def test_no_issue_without_a_majority_or_for_an_accepted_value() -> None:
    split = {name: {"total_amount": amount} for name, amount in zip(VOICES, ("9.00", "9.50", "8.20"), strict=True)}
    assert found({"d": label(total_amount="8.20")}, {"d": split}) == []
    tied = {"a+rules": {"supplier_name": "B"}, "b+rules": {"supplier_name": "b."}, "model": {"supplier_name": "A"}}
    assert found({"d": label(supplier_name="A")}, {"d": tied}) == [], "the same rules"
    assert found({"d": label({"supplier_name": ["B"]}, supplier_name="A")}, {"d": tied}) == []
    assert found({"d": label(total_amount="8.20")}, {"d": {"a+rules": {"supplier_name": "B"}}}) == []


def test_a_value_for_a_field_labelled_as_empty() -> None:
    votes = {"d": {name: {"due_date": "2018-03-05"} for name in VOICES}}
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
    votes = {"e": {name: {"total_amount": "11.90"} for name in VOICES}}
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
