import re
from pathlib import Path
from typing import Any

from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION, label_version
from ocr_pipeline.schemas import Label


def label(**invoice: Any) -> Label:
    return Label.model_validate({"invoice": invoice})


def test_the_version_changes_with_every_label() -> None:
    labels = [
        {},
        {"a": label(total_amount="1.00")},
        {"b": label(total_amount="1.00")},
        {"a": label(total_amount="1.01")},
        {"a": label(total_amount=None)},  # not on the document
        {"a": label()},  # not labelled
        {"a": label(total_amount="1.00", due_date=None)},
        {"a": label(total_amount="1.00", line_items=[{"amount": "1.00"}])},
        {"a": Label.model_validate({"invoice": {"total_amount": "1.00"}, "alternatives": {"total_amount": ["2"]}})},
    ]
    assert len({label_version(version) for version in labels}) == len(labels)


def test_the_version_does_not_depend_on_the_order() -> None:
    a, b = label(total_amount="1.00", currency="EUR"), label(currency="EUR", total_amount="1.00")
    assert label_version({"x": a, "y": b}) == label_version({"y": a, "x": b})
    assert len(label_version({"x": a})) == 12


def test_the_changelog_says_what_the_version_shifted() -> None:
    changelog = (Path(__file__).parents[3] / "CHANGELOG.md").read_text()
    listed = {int(number) for number in re.findall(r"^- (?:`SCORING_VERSION`|Scoring version) (\d+):", changelog, re.M)}
    assert max(listed) == SCORING_VERSION
