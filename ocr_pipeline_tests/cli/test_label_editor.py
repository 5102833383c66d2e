"""`labels edit`, with an editor that is a program."""

import json
import sys
from pathlib import Path

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Label
from ocr_pipeline_tests.cli.test_cli import Cli


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def editor(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str) -> None:
    """An editor that does what `body` says with the text `text`."""
    script = folder / "editor.py"
    script.write_text(
        "import os, sys, pathlib\n"
        "path = pathlib.Path(sys.argv[1]); text = path.read_text()\n"
        f"{body}\n"
        "path.write_text(text)\n"
        "os.utime(path, (2_000_000_000, 2_000_000_000))\n"  # saved, however fast it was
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    monkeypatch.delenv("VISUAL", raising=False)


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_label_is_changed_and_what_that_does_is_shown(
    shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(monkeypatch, tmp_path, "text = text.replace('150.00', '120.00')")
    shown = words(Cli(monkeypatch)("labels", "edit", "shop-a").out)
    assert "total_amount 150.00 120.00" in shown
    assert "pdf-text+rules 3 of 4 4 of 4" in shown
    label = Label.model_validate_json((shop.data / "documents" / "shop" / "a.pdf.json").read_text())
    assert str(label.invoice.total_amount) == "120.00"


def test_a_new_label_is_filled_in(shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shop.data / "documents" / "shop" / "a.pdf.json"
    path.unlink()
    editor(monkeypatch, tmp_path, "text = text.replace('}}', '}}')")
    shown = words(Cli(monkeypatch)("labels", "edit", "shop-a", "--backend", "pdf-text+rules").out)
    assert "Prefilled with the values of pdf-text+rules." in shown
    assert json.loads(path.read_text())["invoice"]["total_amount"] == "120.00"
    assert "total_amount not labelled 120.00" in shown


def test_what_is_saved_is_valid(shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shop.data / "documents" / "shop" / "a.pdf.json"
    before = path.read_text()
    editor(monkeypatch, tmp_path, "text = text.replace('total_amount', 'totl')")
    monkeypatch.setattr("sys.stdin", open(tmp_path / "no", "w+"))  # noqa: SIM115 - pytest ends with it
    (tmp_path / "no").write_text("n\n")
    shown = words(Cli(monkeypatch)("labels", "edit", "shop-a").out)
    assert "Invalid label: invoice.totl: unknown key." in shown
    assert "No changes." in shown
    assert path.read_text() == before


def test_a_label_that_is_not_valid_is_mended(shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shop.data / "documents" / "shop" / "a.pdf.json"
    path.write_text('{"invoice": ')
    editor(monkeypatch, tmp_path, """text = '{"invoice": {"total_amount": "120.00"}}'""")
    result = Cli(monkeypatch)("labels", "edit", "shop-a")
    assert (result.code, result.err) == (0, "")
    assert "total_amount not labelled 120.00" in words(result.out)


@pytest.mark.parametrize("command", ["no-such-editor", "false"])
def test_an_editor_that_is_missing_or_fails_is_one_sentence(
    shop: Project, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("EDITOR", command)
    monkeypatch.delenv("VISUAL", raising=False)
    result = Cli(monkeypatch)("labels", "edit", "shop-a")
    assert result.code == 1
    assert result.err.startswith(f"Error: {command}: Editing failed")
    assert result.err.strip().endswith("Set EDITOR to an editor that can be started here.")


def test_what_cannot_be_edited(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Cli(monkeypatch)
    assert run("labels", "edit", "x").err.startswith("Error: Unknown document 'x'")
    (shop.data / "documents" / "shop" / "c.png.json").unlink()
    failed = run("labels", "edit", "shop-c", "-b", "pdf-text+rules")
    assert "shop-c has no extraction by pdf-text+rules yet" in failed.err
