"""`evaluation.yaml`: what it changes, what it refuses, and when scores become stale."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.scoring.document import score_document
from ocr_pipeline.evaluation.scoring.settings import COMPARED, DEFAULT_RULES, Rules, load_rules
from ocr_pipeline.evaluation.statistics.counts import Outcome
from ocr_pipeline.schemas import Extraction, Invoice, Label


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evaluation.yaml"


def load(path: Path, text: str) -> Rules:
    path.write_text(text, "utf-8")
    return load_rules(path)


def test_defaults_without_a_file_or_a_rule(path: Path) -> None:
    assert load_rules(path) is DEFAULT_RULES
    assert load(path, "# fields: {}\n") == DEFAULT_RULES
    assert load(path, "# fields: {}\n").fingerprint == DEFAULT_RULES.fingerprint
    assert {field: DEFAULT_RULES.kind_of(field) for field in COMPARED} == COMPARED
    assert Rules.model_validate(None) == DEFAULT_RULES
    assert DEFAULT_RULES.fingerprint == "44136fa355b3", "stored scores have it: it does not change with a new option"
    assert DEFAULT_RULES.tolerance_of("total_amount").within == Decimal("0.05")
    assert DEFAULT_RULES.tolerance_of("line_items.quantity").within == 0


@pytest.mark.parametrize(
    ("option", "inside", "outside"),
    [
        ("within", ["0", "0.5", "1000"], ["-0.01", ".nan", ".inf"]),
        ("within_percent", ["0", "0.5", "200"], ["-0.01", ".nan", ".inf"]),
        ("similarity", ["0.01", "1"], ["0", "-1", "1.01", ".nan"]),
        ("edits", ["0", "1"], ["-1", "0.5"]),
        ("days", ["0", "1"], ["-1", "0.5"]),
    ],
)
def test_limits_of_the_options(path: Path, option: str, inside: list[str], outside: list[str]) -> None:
    field = {"similarity": "supplier_name", "edits": "invoice_id", "days": "due_date"}.get(option, "total_amount")
    for number in inside:
        tolerance = load(path, f"fields: {{{field}: {{{option}: {number}}}}}").tolerance_of(field)
        assert getattr(tolerance, option) == pytest.approx(type(getattr(tolerance, option))(number))
    for number in outside:
        with pytest.raises(
            ConfigurationError, match=rf"^evaluation.yaml, line 1: fields.{field}.{option}: Input should"
        ):
            load(path, f"fields: {{{field}: {{{option}: {number}}}}}")


def test_what_is_no_mapping_holds_no_rules() -> None:
    with pytest.raises(ValidationError):
        Rules.model_validate(["fields"])


def test_rules_of_fields(path: Path) -> None:
    rules = load(
        path,
        """
        fields:
          total_amount: {within: "0.10", within_percent: 0}
          supplier_name: {kind: text, similarity: 0.9, alternatives: lenient}
          line_items.quantity: {kind: money}
        """,
    )
    total = rules.tolerance_of("total_amount")
    assert (total.within, total.within_percent, total.edits) == (Decimal("0.10"), Decimal(0), 1)
    assert (rules.kind_of("supplier_name"), rules.alternatives_from("supplier_name")) == ("text", "lenient")
    assert rules.tolerance_of("supplier_name").similarity == 0.9
    assert rules.tolerance_of("line_items.quantity").within == Decimal("0.05"), (
        "the numbers of the kind it is compared as"
    )
    assert rules.tolerance_of("net_amount") == DEFAULT_RULES.tolerance_of("net_amount")


def test_rules_reach_the_scores() -> None:
    label = Label.model_validate(
        {
            "invoice": {"invoice_id": "RE 2024-17", "supplier_name": "Lidl Vertriebs GmbH", "total_amount": "20.00"},
            "alternatives": {"supplier_name": ["Lidl"]},
        }
    )
    read = Extraction(invoice=Invoice(invoice_id="re202417", supplier_name="Lidl", total_amount=Decimal("20.30")))

    def outcomes(**fields: object) -> dict[str, tuple[Outcome, Outcome]]:
        scores = score_document(label, read, Rules.model_validate({"fields": fields}))
        return {score.field: (score.outcome, score.outcome_lenient) for score in scores}

    assert outcomes() == {
        "supplier_name": ("correct", "correct"),
        "invoice_id": ("correct", "correct"),
        "total_amount": ("wrong", "wrong"),
    }
    assert outcomes(
        supplier_name={"alternatives": "never"}, invoice_id={"kind": "category"}, total_amount={"within": "0.30"}
    ) == {
        "supplier_name": ("wrong", "wrong"),
        "invoice_id": ("wrong", "wrong"),
        "total_amount": ("wrong", "correct"),
    }


def test_printed_dates_follow_the_order_of_the_data_set() -> None:
    label = Label.model_validate({"invoice": {"invoice_date": "2018-03-05", "due_date": "2018-04-05"}})
    read = Extraction(invoice=Invoice.model_validate({"invoice_date": "2018-05-03", "due_date": None}))
    printed = {"invoice_date": "05/03/2018", "due_date": "05/04/2018"}
    for day_first, reads in ((True, "correct"), (False, "wrong"), (None, "correct")):
        invoice_date, due_date = score_document(label, read, printed=printed, day_first=day_first)
        assert (invoice_date.outcome, invoice_date.outcome_lenient) == ("wrong", "correct")
        assert (invoice_date.printed, invoice_date.printed_reads) == ("05/03/2018", reads)
        assert (due_date.printed, due_date.printed_reads) == (None, None), "an empty value has no printed text"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("feilds: {}", "evaluation.yaml, line 1: feilds: unknown key."),
        ("fields:\n  total_amount:\n    witin: 1", "evaluation.yaml, line 3: fields.total_amount.witin: unknown key."),
        ("fields:\n  totl: {}", "evaluation.yaml, line 2: fields.totl: unknown field; known are document_type, "),
        (
            "fields:\n  total_amount:\n    kind: name",
            "evaluation.yaml, line 3: fields.total_amount.kind: money cannot be compared as name.",
        ),
        (
            "fields:\n  due_date:\n    kind: day",
            "evaluation.yaml, line 3: fields.due_date.kind: unknown kind; known are money, ",
        ),
        (
            "fields:\n  total_amount:\n    edits: 2",
            "evaluation.yaml, line 3: fields.total_amount.edits: does not apply to the kind money.",
        ),
        (
            "fields:\n  supplier_name:\n    kind: identifier\n    similarity: 0.9",
            "evaluation.yaml, line 4: fields.supplier_name.similarity: does not apply to the kind identifier.",
        ),
        (
            "fields:\n  line_items.amount:\n    alternatives: never",
            "evaluation.yaml, line 3: fields.line_items.amount.alternatives: the columns of a list have no alternatives.",
        ),
        (
            "fields:\n  total_amount:\n    within: -1",
            "evaluation.yaml, line 3: fields.total_amount.within: Input should",
        ),
        (
            "fields:\n  total_amount:\n    within: .nan",
            "evaluation.yaml, line 3: fields.total_amount.within: Input should",
        ),
        ("fields:\n  supplier_name:\n    similarity: 2", "evaluation.yaml, line 3: fields.supplier_name.similarity: "),
        (
            "datasets:\n  sroie:\n    day_first: often",
            "evaluation.yaml, line 3: datasets.sroie.day_first: Input should",
        ),
        ("fields:\n  a: {}\n  a: {}", "evaluation.yaml, line 3: duplicate key 'a'."),
        ("- fields", "evaluation.yaml holds no settings."),
    ],
)
def test_errors_name_the_line(path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(path, text)
    assert str(error.value).startswith(message)


def test_fingerprint_changes_with_every_rule_and_nothing_else(path: Path) -> None:
    texts = [
        "",
        "fields: {total_amount: {within: 1}}",
        "fields: {total_amount: {within: 2}}",
        "fields: {net_amount: {within: 1}}",
        "fields: {supplier_name: {alternatives: never}}",
        "fields: {supplier_name: {kind: text}}",
        "datasets: {sroie: {day_first: true}}",
        "datasets: {sroie: {day_first: false}}",
    ]
    assert len({load(path, text).fingerprint for text in texts}) == len(texts)
    same = "fields:\n  net_amount: {within: 1}\n  total_amount: {within: 2} # cash\n"
    other = "fields: {total_amount: {within: 2}, net_amount: {within: 1}}"
    assert load(path, same).fingerprint == load(path, other).fingerprint


def test_the_example_of_the_documentation_is_valid(path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text("utf-8")
    example, *_ = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    rules = load(path, example)
    assert rules.tolerance_of("total_amount").within == Decimal("0.10")
    assert rules.day_first("sroie") is True


def test_rules_do_not_change_once_their_fingerprint_is_known() -> None:
    rules = Rules.model_validate({"fields": {"total_amount": {"within": 1}}, "datasets": {"demo": {"day_first": True}}})
    values = [rules, rules.fields["total_amount"], rules.datasets["demo"], rules.checks, rules.checks.leakage]
    for value in values:
        for name in type(value).model_fields:
            with pytest.raises(ValidationError, match="frozen"):
                setattr(value, name, getattr(value, name))
