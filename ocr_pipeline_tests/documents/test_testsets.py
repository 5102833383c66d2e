"""Frozen test sets: files with versions, and how documents differ from them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ocr_pipeline.documents.testsets import FrozenDocument, differences, freeze, load, load_all, version_of
from ocr_pipeline.errors import ConfigurationError

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def documents(**labels: str) -> dict[str, FrozenDocument]:
    return {key: FrozenDocument(dataset="s", sha256=key * 4, label_sha256=label) for key, label in labels.items()}


def test_versions_are_kept_and_an_unchanged_set_is_not_frozen_again(tmp_path: Path) -> None:
    first = freeze(tmp_path, "receipts", documents(a="1", b="2"), ("total_amount",), NOW)
    assert first.title() == "receipts@1"
    with pytest.raises(ConfigurationError, match="Nothing changed since receipts@1"):
        freeze(tmp_path, "receipts", documents(b="2", a="1"), ("total_amount",), NOW)
    second = freeze(tmp_path, "receipts", documents(a="1", b="3", c="4"), ("total_amount",), NOW)
    assert second == load(tmp_path, "receipts")
    assert (second.title(), [one.version for one in second.versions]) == ("receipts@2", [1, 2])
    assert second.versions[0] == first.latest
    assert version_of(tmp_path, "receipts@1")[1] == first.latest
    assert version_of(tmp_path, "receipts")[1] == second.latest
    found = differences(first.latest, second.latest.documents, only_of_version=False)
    assert found.sentence == "1 label changed (b), 1 document was added (c)"
    assert (
        differences(second.latest, first.latest.documents).sentence == "1 label changed (b), 1 document is missing (c)"
    )
    assert not differences(first.latest, documents(a="1", b="2", more="5"))


def test_a_changed_file_is_told_from_a_changed_label() -> None:
    one = FrozenDocument(dataset="s", sha256="x", label_sha256="1")
    other = FrozenDocument(dataset="s", sha256="y", label_sha256="1")
    version = type("Version", (), {"documents": dict.fromkeys("abcde", one)})
    assert differences(version, dict.fromkeys("abcde", other)).sentence == "5 files changed (a, b, c, …)"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("other", r"There is no test set 'other'; known are: broken, receipts\."),
        ("receipts@7", r"receipts has no version '7'; the latest is 1\."),
        ("broken", r"broken\.json is not a test set"),
    ],
)
def test_what_cannot_be_loaded(tmp_path: Path, name: str, sentence: str) -> None:
    freeze(tmp_path, "receipts", documents(a="1"), (), NOW)
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=sentence):
        version_of(tmp_path, name)


@pytest.mark.parametrize(("name", "labels"), [("Bad Name", {"a": "1"}), ("../up", {"a": "1"}), ("empty", {})])
def test_what_cannot_be_frozen(tmp_path: Path, name: str, labels: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        freeze(tmp_path, name, documents(**labels), (), NOW)
    assert load_all(tmp_path) == []
