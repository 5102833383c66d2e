from pathlib import Path

import pytest

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.thresholds import Thresholds, load_thresholds


def test_no_file_and_no_section_give_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.yaml"
    assert load_thresholds(path) == Thresholds()
    for text in ("", "fields: {}\n", "checks:\n"):
        path.write_text(text)
        assert load_thresholds(path) == Thresholds()


def test_a_section(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.yaml"
    path.write_text(
        "checks:\n  regression: {severity: warn, min_drop: 0.02}\n  failure_rate: {backends: {pdf-text+rules: 1}}\n"
    )
    found = load_thresholds(path)
    assert (found.regression.severity, found.regression.min_drop, found.regression.alpha) == ("warn", 0.02, 0.05)
    assert found.failure_rate.backends == {"pdf-text+rules": 1.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("checks: {regresion: {}}", "evaluation.yaml: checks.regresion: unknown key."),
        ("checks: {leakage: {max: -1}}", "evaluation.yaml: checks.leakage.max: "),
        ("checks: {leakage: {severity: fatal}}", "evaluation.yaml: checks.leakage.severity: "),
        ("checks: 5", "evaluation.yaml: checks"),
        ("checks: [", "evaluation.yaml is not valid YAML."),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "evaluation.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load_thresholds(path)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
