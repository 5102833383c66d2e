"""What commands say of documents that were read and have no label."""

import json

import pytest

from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.repeats import Spread
from ocr_pipeline.inspection.answer import answer
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.loading import load_cases
from ocr_pipeline.inspection.repeats import Spreads
from ocr_pipeline.inspection.summaries import check_sums, document_summaries
from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline.report.documents import document_page
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.files import add_file, text_pdf, write_backends
from ocr_pipeline_tests.inspected import INVOICE
from ocr_pipeline_tests.inspection.boards import board, comparison, field_row

DIFFERS = [*INVOICE[:5], (20, 60, "Total 130.00")]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two documents without labels, read by two backends. Must not be modified."""
    project = Project(tmp_path_factory.mktemp("unlabelled"))
    write_backends(
        project.root,
        {
            "engines": {"pdf-text": None},
            "backends": {
                "pdf-text+rules": {"engine": "pdf-text", "extractor": "rules"},
                "page-width": {"extractor": "ocr_pipeline_tests.plugins:PageWidth"},
            },
        },
    )
    add_file(project, "mine/a.pdf", text_pdf([INVOICE]))
    add_file(project, "mine/b.pdf", text_pdf([DIFFERS]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ROOT_VARIABLE, str(project.root))
        patch.setenv("DAGSTER_HOME", str(project.root / ".dagster"))
        run_pipeline(project, find_documents(project.data), ["pdf-text+rules", "page-width"], Recorder())
    return project


@pytest.fixture
def read(ran: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv(ROOT_VARIABLE, str(ran.root))
    return ran


def words(text: str) -> str:
    return " ".join(text.split())


class TestUnlabelledProject:
    def test_run_lists_what_was_read_and_what_to_label(self, run: Cli, read: Project) -> None:
        shown = words(run("run").out)
        assert "2 unlabelled documents: what was read" in shown
        assert "Harbour Tools Ltd 2026-03-05" in shown
        assert "Nothing is labelled yet, so no backend can be scored." in shown
        assert "ocr-pipeline label opens them in the browser" in shown
        assert "F1" not in shown

    @pytest.mark.parametrize(
        "command",
        [
            ("leaderboard",),
            ("leaderboard", "--by", "language"),
            ("errors",),
            ("attribution",),
            ("compare",),
            ("compare", "page-width", "pdf-text+rules"),
            ("history",),
            ("labels", "issues"),
        ],
        ids=" ".join,
    )
    def test_commands_about_scores_say_that_labels_are_missing(
        self, run: Cli, read: Project, command: tuple[str, ...]
    ) -> None:
        result = run(*command)
        assert result.code == 1
        assert "No labels; 2 documents were read, but nothing can be scored." in words(result.err)
        assert "ocr-pipeline label" in result.err

    def test_values_as_json(self, run: Cli, read: Project) -> None:
        first, second = json.loads(run.ok("documents", "--values", "--json"))
        assert first["values"] | {"currency": None} == {
            "supplier_name": "Harbour Tools Ltd",
            "invoice_date": "2026-03-05",
            "total_amount": first["values"]["total_amount"],
            "currency": None,
        }
        assert (first["labelled"], first["backends"], second["document_id"] != first["document_id"]) == (False, 2, True)
        assert 0 <= first["agreement"] < 1
        assert "total_amount" in first["disputed"]


@pytest.mark.parametrize(
    ("net", "tax", "total", "expected"),
    [
        ("100.00", "20.00", "120.00", "agree"),
        ("100.00", "20.00", "120.05", "agree"),
        ("100.00", "20.00", "130.00", "differ"),
        ("-100.00", "-20.00", "-120.00", "agree"),
        (None, "20.00", "120.00", "unknown"),
    ],
)
def test_sums(net: str | None, tax: str | None, total: str | None, expected: str) -> None:
    assert check_sums({"net_amount": net, "total_tax_amount": tax, "total_amount": total}) == expected


class TestAnswer:
    """Boards of the data set `d`: backends `a` and `b`, and the control `oracle`."""

    def said(self, p: float, *, n: int = 100, difference: float = 0.05, spreads: Spreads | None = None) -> str | None:
        boards = [board("a", cost=0.0, seconds=1.4), board("b", cost=0.002, seconds=3.0), board("oracle")]
        fields = [field_row("a", n=n, f1=0.95), field_row("b", n=n, f1=0.90), field_row("oracle", n=n, f1=0.99)]
        pairs = [comparison("a", "b", difference=difference, p=p), comparison("a", "oracle", difference=-0.04, p=0.001)]
        return answer("d", boards, fields, pairs, {"a", "b"}, spreads)

    @pytest.mark.parametrize(("best", "within"), [(0.96, True), (0.93, False)])
    def test_a_lead_within_the_noise_of_a_backend_is_none(self, best: float, within: bool) -> None:
        """However small p is: it knows the luck of documents, not that of answers."""
        row = Spread(
            dataset="d",
            backend="b",
            field=ALL_FIELDS,
            repeats=3,
            documents=100,
            differing=9,
            f1_first=0.90,
            f1_mean=0.92,
            f1_min=0.90,
            f1_max=best,
        )
        said = self.said(0.001, spreads=Spreads([row])) or ""
        noise = "which is within the noise of b itself: asked 3 times, its F1 varies by 6.0 points (p = 0.001)."
        assert said.startswith("No clear winner: a" if within else "a reads best")
        assert said.endswith(noise) == within

    def test_a_lead_that_is_unlikely_to_be_luck(self) -> None:
        assert self.said(0.012) == (
            "a reads best: F1 95.0 %, 5.0 points ahead of b, which is unlikely to be luck (p = 0.012); free, 1.4 s per"
            " document."
        )

    def test_a_lead_that_may_be_luck(self) -> None:
        said = self.said(0.2)
        assert said is not None
        assert said.startswith("No clear winner: a (F1 95.0 %; free, 1.4 s per document) is 5.0 points ahead of b")
        assert said.endswith("(0.0020 USD, 3 s per document), which may be luck (p = 0.200).")

    def test_a_tie(self) -> None:
        boards = [board("a", seconds=1.8), board("b", seconds=2.2)]
        fields = [field_row("a", n=99, f1=0.9181), field_row("b", n=99, f1=0.9179)]
        assert answer("d", boards, fields, [comparison("a", "b", difference=0.0, p=1.0)], {"a", "b"}) == (
            "No clear winner: a (free, 1.8 s per document) and b (free, 2.2 s per document) have the same F1, 91.8 %."
        )

    def test_few_labels_name_no_winner(self) -> None:
        assert self.said(0.001, n=12) == (
            "Too few labels to call a winner: 12 labelled values, at least 30 are needed. a has the highest F1, 95.0 %."
        )

    def test_on_shared_documents_the_other_one_leads(self) -> None:
        """F1 of each backend is over its own documents; a lead that the common documents contradict is none."""
        assert (self.said(0.001, difference=-0.02) or "").startswith("No clear winner")

    def test_a_single_backend(self) -> None:
        assert answer("d", [board("a", cost=None)], [field_row("a", n=50, f1=0.5)], [], {"a"}) == (
            "a has F1 50.0 % (cost unknown per document); no other backend was scored."
        )

    def test_nothing_scored(self) -> None:
        assert answer("d", [board("a")], [field_row("a", n=0, f1=None)], [], {"a"}) is None
        assert field_row("a", n=0, f1=None).field == ALL_FIELDS


def test_line_items_without_a_label_are_shown_without_outcomes(read: Project) -> None:
    with Warehouse(read.database).connect(read_only=False) as connection:
        connection.execute(
            "INSERT INTO extracted_line_items (document_id, backend, position, description, quantity, unit_price, amount)"
            " SELECT document_id, backend, 7, 'Hammer', 2, 12.5, 25 FROM extractions"
        )
    with Warehouse(read.database).snapshot() as snapshot:
        [found, _] = load_cases(snapshot, scoring_of(read), [row.document_id for row in document_summaries(snapshot)])
    row = document_page(found, set()).lists["line_items", "pdf-text+rules"][-1]
    assert row.outcome == ""
    assert {name: cell.prediction for name, cell in row.cells.items()} == {
        "description": "Hammer",
        "quantity": "2",
        "unit_price": "12.50",
        "amount": "25.00",
    }
