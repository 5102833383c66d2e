"""A project's own field kinds and metrics, as docs/evaluation.md shows them."""

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.ranking.summaries import summarise_field
from ocr_pipeline.evaluation.scoring.comparators import COMPARATORS
from ocr_pipeline.evaluation.scoring.document import score_document
from ocr_pipeline.evaluation.scoring.registry import source_hash
from ocr_pipeline.evaluation.scoring.settings import load_rules
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.schemas import Extraction, Invoice, Label
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.evaluation.cubes import score_columns

DOCS = (
    (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text("utf-8").split("### Custom kinds and metrics")[1]
)
CODE, YAML = (
    re.findall(rf"^```{language}\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)[0] for language in ("python", "yaml")
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "my_rules.py").write_text(CODE, "utf-8")
    (tmp_path / "evaluation.yaml").write_text(YAML, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "evaluation.yaml"
    COMPARATORS.pop("vat_number", None)
    sys.modules.pop("my_rules", None)


def test_the_example_of_the_documentation(project: Path) -> None:
    rules = load_rules(project)
    label = Label(invoice=Invoice(supplier_tax_id="DE 123456789", receiver_tax_id="x1", invoice_id="A1"))
    prediction = Invoice(supplier_tax_id="123456789", invoice_id="A1")
    scores = {score.field: score for score in score_document(label, Extraction(invoice=prediction), rules)}
    supplier = scores["supplier_tax_id"]
    assert (supplier.kind, supplier.outcome_strict, supplier.outcome) == ("vat_number", "wrong", "correct")
    assert supplier.metrics == {"same_country": 0.0}
    assert scores["invoice_id"].metrics is None
    missing = score_document(label, None, rules)[0]
    assert (missing.field, missing.outcome, missing.metrics) == ("supplier_tax_id", "missing", {"same_country": 0.0})


def test_metrics_are_stored_and_averaged(project: Path, tmp_path: Path) -> None:
    rules = load_rules(project)
    label = Label(invoice=Invoice(supplier_tax_id="DE 123456789"))
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    rows = []
    for number, value in enumerate(("DE123456789", "123456789", None)):
        [score] = score_document(label, Extraction(invoice=Invoice(supplier_tax_id=value)), rules)
        key = {"document_id": f"d{number}", "dataset": "demo", "backend": "b", "label_sha256": "x"}
        stamp = {"extractor_fingerprint": "f", "scoring_version": 1, "rules": rules.fingerprint}
        rows.append({**key, **score._asdict(), **stamp, "scored_at": "2026-11-28"})
    warehouse.replace_all({"field_scores": rows})
    names = ", ".join(StoredScore._fields)
    scores = warehouse.select(StoredScore, f"SELECT {names} FROM field_scores ORDER BY document_id")
    assert [score.metrics for score in scores] == [{"same_country": 1.0}, {"same_country": 0.0}, {"same_country": 0.0}]
    summary = summarise_field("demo", "b", "supplier_tax_id", score_columns(scores), seed=0)
    assert dict(summary.metrics or {}) == pytest.approx({"same_country": 1 / 3})
    assert summary.correct == 2


def test_the_source_is_part_of_the_fingerprint(project: Path) -> None:
    before = load_rules(project).fingerprint
    assert source_hash("my_rules:VAT_NUMBER") == hashlib.sha256(CODE.encode()).hexdigest()[:12], (
        "as stored scores have it"
    )
    sys.modules.pop("my_rules")
    (project.parent / "my_rules.py").write_text(CODE + "\n# changed\n", "utf-8")
    assert load_rules(project).fingerprint != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kinds:\n  money: my_rules:VAT_NUMBER", "line 2: kinds.money: money is a built-in kind; choose another name."),
        ("kinds:\n  own: my_rules", "line 2: kinds.own: my_rules is not package.module:name."),
        (
            "kinds:\n  own: my_rules:nothing",
            "line 2: kinds.own: my_rules:nothing cannot be imported: module 'my_rules'",
        ),
        ("kinds:\n  own: my_rules:same_country", "line 2: kinds.own: the kind own is not a Comparator."),
        (
            "kinds: {vat_number: my_rules:VAT_NUMBER}\nfields:\n  total_amount:\n    kind: vat_number",
            "line 4: fields.total_amount.kind: money cannot be compared as vat_number.",
        ),
        (
            "fields:\n  invoice_id:\n    metrics:\n      own: my_rules:VAT_NUMBER",
            "line 4: fields.invoice_id.metrics.own: my_rules:VAT_NUMBER is not a function.",
        ),
    ],
)
def test_errors_name_the_line(project: Path, text: str, message: str) -> None:
    project.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_rules(project)
    assert str(error.value).startswith(f"evaluation.yaml, {message}")
