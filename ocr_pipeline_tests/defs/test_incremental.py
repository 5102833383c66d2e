"""A run evaluates only what depends on what changed, and the result is that of a full evaluation."""

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.assets import ranking
from ocr_pipeline.defs.parts import evaluate_again
from ocr_pipeline.defs.pipeline import RunSummary, run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.evaluation.ranking.pairwise import Comparison
from ocr_pipeline.evaluation.ranking.sensitivity import RuleSensitivity
from ocr_pipeline.evaluation.ranking.stage import Levels, comparison_rows
from ocr_pipeline.inspection.current import comparisons, scoring_of
from ocr_pipeline.progress import NoProgress
from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline.report.site import build_site
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.migrate import table_columns
from ocr_pipeline.warehouse.tables import due
from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow
from ocr_pipeline.warehouse.tables.confidence import calibrations
from ocr_pipeline_tests.files import PLUGINS, add_file, add_label, text_pdf, write_backends

EVALUATED = (
    *("field_scores", "line_item_scores", "line_item_cells", "evidence_scores", "repeat_scores", "scored_cells"),
    *("leaderboard", "leaderboard_fields", "leaderboard_evidence", "repeat_spread", "comparisons", "rule_sensitivity"),
    *("leaderboard_slices", "label_issues", "attributions", "confidences", "calibrations", "reliability"),
    *("risk_coverage", "review", "acceptances", "consensus", "truth_agreement", "scale_suspects", "findings"),
)
"""What an evaluation makes, but for the history, to which each one appends."""

WHEN = {"run_id", "scored_at", "judged_at", "computed_at", "found_at", "evaluated_at", "accepted_at", "updated_at"}
"""Columns that tell who made a row, and when."""


def words(chance: random.Random) -> bytes:
    """A small invoice; some amounts are printed in another way than labels give them."""
    net = chance.randrange(1000, 90_000)
    total = f"{net * 1.2 / 100:.2f}"
    lines = [
        f"{chance.choice(['Harbour', 'River', 'Mill'])} Tools Ltd",
        f"Invoice {chance.randrange(10_000)}",
        f"Date 2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        f"Net {net / 100:.2f}",
        f"Total {total if chance.random() < 0.8 else total.replace('.', '')}",
        f"Cash {chance.randrange(100, 999)}.00",
    ]
    return text_pdf([[(20, 180 - 25 * number, line) for number, line in enumerate(lines)]])


def label(path: Path, chance: random.Random) -> None:
    """A label that is right now and then."""
    values: dict[str, object] = {
        "supplier_name": f"{chance.choice(['Harbour', 'River', 'Mill'])} Tools Ltd",
        "invoice_id": chance.choice([None, str(chance.randrange(10_000))]),
        "invoice_date": f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        "total_amount": chance.choice(["300.00", "6.92", f"{chance.randrange(10, 900)}.00"]),
    }
    if chance.random() < 0.3:
        values["line_items"] = [{"description": "Tea", "amount": "2.10"}, {"description": "Pie", "amount": "3.00"}]
    add_label(path, **{name: value for name, value in values.items() if chance.random() < 0.8})


def configure(project: Project, backends: Mapping[str, object], version: int = 1) -> None:
    """`version`: of the settings of one extractor."""
    shipped = {
        "pdf-text+rules": {"engine": "pdf-text", "extractor": "rules"},
        "pdf-text+first": {
            "engine": "pdf-text",
            "extractor": f"{PLUGINS}:FirstAmountAndPlace",
            "options": {"version": version},
        },
        "two": {"engine": "pdf-text", "extractor": f"{PLUGINS}:ReceiptOfTwo"},
        "page-width": {"extractor": f"{PLUGINS}:PageWidth"},
        "vote": {"extractor": "ensemble", "options": {"of": ["pdf-text+rules", "pdf-text+first", "page-width"]}},
    }
    write_backends(project.root, {"engines": {"pdf-text": None}, "backends": {**shipped, **backends}})


CHANGES = (
    *("label", "other label", "remove label", "document", "remove document", "add document", "rules", "backends"),
)
"""Names of changes."""


class Changes:
    """Changes a project in ways that are drawn by chance."""

    def __init__(self, project: Project, seed: int, documents: int) -> None:
        self._project, self._chance, self._made = project, random.Random(seed), 0
        configure(project, {})
        for _ in range(documents):
            self.add_document()

    def any(self) -> str:
        """Make one change; returns its name."""
        return self.make(self._chance.choice(sorted(CHANGES)))

    def make(self, name: str) -> str:
        """Make the change of this name; returns it."""
        changes: dict[str, Callable[[], object]] = {
            "label": self.change_label,
            "other label": self.change_label,
            "remove label": lambda: self._some("*.json").unlink(),
            "document": lambda: self._some("*.pdf").write_bytes(words(self._chance)),
            "remove document": lambda: self._some("*.pdf").unlink(),
            "add document": self.add_document,
            "rules": self.change_rules,
            "backends": lambda: configure(self._project, {}, self._chance.randrange(2, 100)),
        }
        changes[name]()
        return name

    def _some(self, pattern: str) -> Path:
        return self._chance.choice(sorted((self._project.data / "documents").glob(f"*/{pattern}")))

    def change_label(self) -> None:
        label(self._some("*.pdf"), self._chance)

    def add_document(self) -> None:
        self._made += 1
        name = f"{self._chance.choice('aaaaab')}/d{self._made}.pdf"
        path = add_file(self._project, name, words(self._chance))
        if self._chance.random() < 0.8:
            label(path, self._chance)

    def change_rules(self) -> None:
        edits = self._chance.randrange(0, 4)
        self._project.evaluation_file.write_text(f"fields:\n  invoice_id: {{edits: {edits}}}\n", "utf-8")


def run(project: Project) -> RunSummary:
    names = [name for name, backend in load_backends(project).items() if backend.unavailable() is None]
    return run_pipeline(project, find_documents(project.data), names, NoProgress())


def tables(project: Project) -> dict[str, list[str]]:
    """The rows of all that an evaluation makes, without who made them and when."""
    columns = table_columns()
    found = {}
    for name in EVALUATED:
        kept = ", ".join(f'"{column}"' for column, _ in columns[name] if column not in WHEN)
        found[name] = sorted(map(repr, Warehouse(project.database).rows(f'SELECT {kept} FROM "{name}"')))
    return found


def pages(project: Project) -> dict[str, str]:
    """What the report says about documents."""
    return {
        path.relative_to(project.report).as_posix(): path.read_text("utf-8")
        for folder, pattern in (("documents", "*.html"), ("assets", "*.js"))
        for path in sorted((project.report / folder).glob(pattern))
    }


def report_files(folder: Path) -> dict[str, str]:
    """All that a browser loads, but for images."""
    paths = [path for path in folder.rglob("*") if path.suffix in (".html", ".js", ".css")]
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


def evaluated_from_scratch(project: Project, root: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the project with everything evaluated anew. Only what was accepted earlier is kept: that is a history."""
    copy = Project(Path(shutil.copytree(project.root, root)))
    shutil.rmtree(copy.report)
    with Warehouse(copy.database).connect(read_only=False) as connection:
        for name in EVALUATED:
            if name != "review":
                connection.execute(f'DELETE FROM "{name}"')
    with monkeypatch.context() as patch:
        patch.setenv(ROOT_VARIABLE, str(copy.root))
        evaluate_again(copy)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_changes_the_result_is_that_of_a_full_evaluation(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    changes = Changes(project, seed, 52)
    run(project)
    assert any(row.status == "ok" for row in calibrations(Warehouse(project.database), {})), (
        "enough labels to calibrate"
    )
    for number in range(2):
        made = [changes.any() for _ in range(3)]
        run(project)
        copy = evaluated_from_scratch(project, tmp_path / f"copy{number}", monkeypatch)
        expected, found = tables(copy), tables(project)
        for name, rows in found.items():
            assert set(rows) ^ set(expected[name]) == set(), (name, made)
            assert rows == expected[name], (name, made)
        assert pages(project) == pages(copy), made


def test_an_evaluation_in_small_parts_is_that_of_all_at_once(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of copies in different parts, whose labels differ."""
    Changes(project, 7, 6)
    first = next((project.data / "documents").glob("*/d1.pdf"))
    add_label(first, total_amount="12.00")
    add_label(add_file(project, "z/copy.pdf", first.read_bytes()), total_amount="13.00")
    run(project)
    expected = tables(project)
    assert len([row for row in expected["label_issues"] if "is a copy" in row]) == 2
    monkeypatch.setattr(due, "AT_A_TIME", 2)
    assert tables(evaluated_from_scratch(project, tmp_path / "copy", monkeypatch)) == expected


@pytest.mark.slow
def test_a_report_written_in_steps_is_the_one_that_is_written_at_once(project: Project, tmp_path: Path) -> None:
    """All of its pages, whatever changed before."""
    changes = Changes(project, 5, 8)
    run(project)
    before = report_files(project.report)
    for number, name in enumerate(("label", "document, add document", "remove document, rules")):
        for change in name.split(", "):
            changes.make(change)
        run(project)
        fresh = tmp_path / f"fresh{number}"
        build_site(project, load_backends(project), Warehouse(project.database), fresh)
        found, expected = report_files(project.report), report_files(fresh)
        assert found.keys() == expected.keys(), name
        assert [path for path in found if found[path] != expected[path]] == [], name
        assert found != before, name
        before = found


def test_one_changed_label_is_scored_alone(project: Project) -> None:
    """Its own page is written, and no other one."""
    Changes(project, 7, 4)
    run(project)
    before = scored(project)
    shown = {path: path.stat().st_mtime_ns for path in (project.report / "documents").glob("*.html")}
    path = next((project.data / "documents").glob("*/d2.pdf"))
    add_label(path, total_amount="123.45")
    run(project)
    after = scored(project)
    again = {cell[0] for cell, when in after.items() if before.get(cell) != when}
    assert {key.rpartition("-")[2] for key in again} == {"d2"}
    assert {path.stem for path in shown if path.stat().st_mtime_ns != shown[path]} == again


def test_confidences_are_computed_again_only_if_a_value_or_its_label_changed(project: Project) -> None:
    Changes(project, 7, 4)
    run(project)
    before = calibrated(project)
    path = next((project.data / "documents").glob("*/d2.pdf"))
    path.write_bytes(path.read_bytes() + b"% the same words\n")
    run(project)
    assert calibrated(project) == before
    add_label(path, total_amount="123.45")
    run(project)
    dataset = path.parent.name
    after = calibrated(project)
    assert {key for key, run_id in after.items() if before[key] == run_id} == {
        key for key in before if key[0] != dataset
    }


def test_backends_are_compared_again_only_if_an_outcome_changed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was compared before counts as of this evaluation, though scores were made since."""
    compared: list[object] = []

    def counted(levels: Levels) -> tuple[list[Comparison], list[RuleSensitivity]]:
        compared.append(levels)
        return comparison_rows(levels)

    monkeypatch.setattr(ranking, "comparison_rows", counted)
    Changes(project, 7, 4)
    run(project)
    before = tables(project)["comparisons"]
    assert (len(compared), len(shown_comparisons(project))) == (1, len(before))
    path = next((project.data / "documents").glob("*/d2.pdf"))
    path.write_bytes(path.read_bytes() + b"% the same words\n")
    run(project)
    assert (len(compared), len(shown_comparisons(project))) == (1, len(before))
    assert tables(project)["comparisons"] == before
    add_label(path, total_amount="123.45", supplier_name="Nobody Ltd")
    run(project)
    assert len(compared) == 2
    assert tables(project)["comparisons"] != before


def shown_comparisons(project: Project) -> Sequence[ComparisonRow]:
    """The comparisons that are current."""
    return comparisons(Warehouse(project.database), scoring_of(project)).rows


def calibrated(project: Project) -> dict[tuple[str, str], str]:
    """The run that computed the confidences of each data set and backend."""
    rows = Warehouse(project.database).rows("SELECT dataset, backend, run_id FROM calibrations")
    return {(row["dataset"], row["backend"]): row["run_id"] for row in rows}


def scored(project: Project) -> dict[tuple[str, str], object]:
    """When each document was scored, by document and backend."""
    rows = Warehouse(project.database).rows(
        "SELECT document_id, backend, max(scored_at) AS at FROM field_scores GROUP BY ALL"
    )
    return {(row["document_id"], row["backend"]): row["at"] for row in rows}
