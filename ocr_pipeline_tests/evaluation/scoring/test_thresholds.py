from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, load_rules
from ocr_pipeline.evaluation.scoring.thresholds import Accept, Thresholds


def test_no_file_and_no_section_give_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.yaml"
    assert load_rules(path).checks == Thresholds()
    for text in ("", "fields: {}\n", "checks:\n"):
        path.write_text(text)
        assert load_rules(path).checks == Thresholds()


def test_a_section(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.yaml"
    path.write_text(
        "checks:\n  regression: {severity: warn, min_drop: 0.02}\n  failure_rate: {backends: {pdf-text+rules: 1}}\n"
    )
    found = load_rules(path).checks
    assert (found.regression.severity, found.regression.min_drop, found.regression.alpha) == ("warn", 0.02, 0.05)
    assert found.failure_rate.backends == {"pdf-text+rules": 1.0}


def test_thresholds_do_not_make_scores_stale(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.yaml"
    path.write_text("checks: {leakage: {max: 3}}")
    assert load_rules(path).fingerprint == DEFAULT_RULES.fingerprint
    path.write_text("checks: {leakage: {max: 3}}\nfields: {invoice_id: {edits: 2}}")
    assert load_rules(path).fingerprint != DEFAULT_RULES.fingerprint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("checks: {regresion: {}}", "evaluation.yaml, line 1: checks.regresion: unknown key."),
        ("checks: {leakage: {max: -1}}", "evaluation.yaml, line 1: checks.leakage.max: "),
        ("checks:\n  leakage:\n    severity: fatal", "evaluation.yaml, line 3: checks.leakage.severity: "),
        ("checks: 5", "evaluation.yaml, line 1: checks"),
    ],
)
def test_errors_are_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "evaluation.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load_rules(path)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("section", "model"), [("checks", Thresholds), ("accept", Accept)])
def test_the_defaults_are_those_of_the_documentation(section: str, model: type[Thresholds | Accept]) -> None:
    text = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text()
    documented = next(block for block in text.split("```yaml\n") if block.startswith(f"{section}:")).split("```")[0]
    settings = yaml.safe_load(documented)[section]
    if section == "accept":  # its fields and its backend are an example
        settings = {key: value for key, value in settings.items() if key not in ("fields", "backend")}
    assert settings.keys() >= model.model_fields.keys() - {"fields", "backend"}
    assert all(
        entry.keys() == model.model_fields[key].default.model_dump().keys()
        for key, entry in settings.items()
        if isinstance(entry, dict)
    )
    assert model.model_validate(settings) == model()


@pytest.mark.parametrize(
    ("setting", "inside", "outside"),
    [
        ("regression.min_drop", [0, 1], [-0.01, 1.01]),
        ("regression.alpha", [0.001, 0.999], [0, 1]),
        ("failure_rate.max", [0, 1], [-0.01, 1.01]),
        ("ocr_confidence.min", [0, 1], [-0.01, 1.01]),
        ("label_integrity.max", [0, 1], [-0.01, 1.01]),
        ("label_integrity.tolerance", [0, 5], [-0.01]),
        ("duplicates.max", [0, 1], [-0.01, 1.01]),
        ("leakage.max", [0, 5], [-1]),
        ("cost.max_per_document", [0, 5], [-0.01]),
        ("latency.max_seconds", [0.01], [0, -1]),
        ("freshness.max_age_hours", [0.01], [0, -1]),
    ],
)
def test_shares_are_between_0_and_1(setting: str, inside: list[float], outside: list[float]) -> None:
    check, name = setting.split(".")
    for number in inside:
        assert getattr(getattr(Thresholds.model_validate({check: {name: number}}), check), name) == number
    for number in outside:
        with pytest.raises(ValidationError):
            Thresholds.model_validate({check: {name: number}})


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("target", [0.001, 0.5], [0.0009, 0.51]),
        ("check_share", [0, 0.01, 1], [-0.01, 1.01]),
        ("fields", [["currency"]], [[]]),
    ],
)
def test_what_may_be_accepted_unseen(name: str, inside: list[object], outside: list[object]) -> None:
    for value in inside:
        assert Accept.model_validate({name: value})
    for value in outside:
        with pytest.raises(ValidationError):
            Accept.model_validate({name: value})
    assert (Accept().target, Accept().check_share) == (0.03, 0.05)
