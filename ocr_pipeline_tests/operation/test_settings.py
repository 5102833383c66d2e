"""`operation.yaml`, spending, inboxes and the pause."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.models.stored import CALLS, REPLACED, StoredCall
from ocr_pipeline.operation.inboxes import InboxState, collect, problems_of, scan_inboxes
from ocr_pipeline.operation.pause import pause, paused, resume
from ocr_pipeline.operation.prune import find_prunable, removed_datasets
from ocr_pipeline.operation.settings import Inbox, Operation, load_operation
from ocr_pipeline.operation.spending import spent_in_month
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.forgetting import delete_documents
from ocr_pipeline.warehouse.tables.documents import documents
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.files import add_image, image_bytes, small_backends, write_backends
from ocr_pipeline_tests.model_project import model_backends


def test_no_file_or_an_empty_one_has_the_defaults(project: Project) -> None:
    assert load_operation(project.operation_file, set()) == Operation()
    project.operation_file.write_text("")
    assert load_operation(project.operation_file, set()) == Operation()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("arrivals: {evry: 5}", "operation.yaml, line 1: arrivals.evry: unknown key."),
        ("arrivals:\n  backends: [x]", "operation.yaml: unknown backend 'x'; available: a, b."),
        (
            "reevaluations:\n  n:\n    timezone: Mars",
            "operation.yaml, line 3: reevaluations.n.timezone: is not an IANA time zone",
        ),
        ("alarms: {webhooks: [{url_env: ''}]}", "operation.yaml, line 1: alarms.webhooks.0.url_env: "),
        (f"arrivals: {{every_seconds: {10**20}}}", "operation.yaml, line 1: arrivals.every_seconds: "),
        ("reevaluations:\n  n:\n    max_cost_usd: -1", "operation.yaml, line 3: reevaluations.n.max_cost_usd: "),
    ],
)
def test_mistakes_are_named(project: Project, text: str, sentence: str) -> None:
    project.operation_file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_operation(project.operation_file, {"a", "b"})
    assert str(caught.value).startswith(sentence)


def test_a_wrong_cron_is_named_when_the_definitions_are_built(project: Project) -> None:
    project.operation_file.write_text("reevaluations: {n: {cron: every day}}")
    with pytest.raises(ConfigurationError, match=r"operation.yaml: reevaluations.n.cron: 'every day' is not a cron"):
        build_definitions(project)


def call(day: date) -> str:
    usage = '"usageMetadata": {"promptTokenCount": 1000000, "candidatesTokenCount": 0}'
    made = StoredCall(
        provider="gemini",
        kind="gemini",
        endpoint="http://x",
        request={"model": "gemini-3.5-flash-lite"},
        raw=f'{{"candidates": [], {usage}}}',
        asked_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        seconds=1.0,
        attempts=1,
    )
    return made.model_dump_json()


def test_every_reply_of_the_month_counts_including_replaced_ones(project: Project) -> None:
    write_backends(project.root, model_backends(project.root, "http://x"))
    configured, store = load_backends(project), ResultStore(project.results)
    store.put(CALLS, "a" * 64, call(date(2026, 11, 3)))
    store.put(REPLACED, "a" * 64 + ".20261101", call(date(2026, 11, 1)))
    store.put(CALLS, "b" * 64, call(date(2026, 10, 31)))
    store.put(CALLS, "c" * 64, "damaged")
    assert spent_in_month(store, configured, datetime(2026, 11, 20, tzinfo=UTC)) == pytest.approx(0.60)
    assert spent_in_month(store, configured, datetime(2026, 12, 1, tzinfo=UTC)) == 0.0
    write_backends(project.root, small_backends(project.root))
    bare = load_backends(project)
    assert spent_in_month(store, bare, datetime(2026, 11, 20, tzinfo=UTC)) == pytest.approx(0.60), "it was paid"


def test_an_inbox_is_copied_once_it_is_stable(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    inbox = Inbox(url=folder.as_uri(), name="mail")
    states: dict[str, InboxState] = {}

    def scan(now: float = 0.0, *, may_launch: bool = True) -> list[str]:
        nonlocal states
        states, changed = scan_inboxes([inbox], states, project, now, may_launch=may_launch)
        return changed

    assert scan() == []
    assert problems_of([inbox], project) == {"mail": "The folder of inbox mail does not exist."}
    folder.mkdir()
    assert scan() == scan() == [], "it is empty"
    assert problems_of([inbox], project) == {}
    (folder / "a.png").write_bytes(image_bytes())
    assert scan() == [], "it may still be written"
    assert scan(may_launch=False) == []
    assert scan() == ["mail"]
    assert scan(10.0) == [], "a run was launched for it"
    assert scan(1000.0) == ["mail"], "which did not copy it"
    report = collect(inbox, project)
    assert (report.new, report.changed, report.unchanged) == (1, 0, 0)
    assert scan(9999.0) == []
    nowhere = Inbox(url="nosuch://x", name="mail")
    assert scan_inboxes([nowhere], states, project, 0.0, may_launch=True) == (states, [])
    assert problems_of([nowhere], project) == {"mail": "nosuch:// is not a file system supported by fsspec."}


@pytest.mark.parametrize("name", ["demo", "documents", "-", "Mail", "a/b", ""])
def test_an_inbox_name_must_be_a_valid_data_set_name(name: str) -> None:
    with pytest.raises(ValidationError):
        Inbox(url="s3://bucket", name=name)


def test_inbox_names_must_differ(project: Project) -> None:
    inboxes = "[{url: 's3://a', name: mail}, {url: 's3://b', name: mail}]"
    project.operation_file.write_text(f"arrivals: {{inboxes: {inboxes}}}")
    with pytest.raises(ConfigurationError, match="two inboxes have the same name"):
        load_operation(project.operation_file, set())


def test_a_pause_has_a_reason_and_an_end(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Cli(monkeypatch)
    assert run.fails("resume") == "Re-evaluation is not paused."
    pause(project, "The key is refused.")
    assert str(paused(project)) == "The key is refused. Continue with `ocr-pipeline resume`."
    assert run("resume").out.endswith("paused because: The key is refused.\n")
    assert paused(project) is None
    assert resume(project) is False
    pause(project, "The month is spent.", datetime(2026, 1, 1, tzinfo=UTC))
    assert paused(project) is None, "its time is over"
    pause(project, "The month is spent.", datetime(2999, 1, 1, tzinfo=UTC))
    assert str(paused(project)) == "The month is spent. Resumes automatically on 2999-01-01."


def test_prune_keeps_what_is_in_use(project: Project) -> None:
    store, warehouse = ResultStore(project.results), Warehouse(project.database)
    for key in ("used", "unused", "young"):
        store.put("ocr", key, "{}")
    store.put(CALLS, "paid", "{}")
    store.put(REPLACED, "old", "{}")
    row = {"document_id": "d", "engine": "e", "status": "ok", "fingerprint": "f", "updated_at": "2026-01-01"}
    warehouse.replace_all({"ocr_text": [{**row, "result_key": "used"}]})
    long_ago = (datetime.now(UTC) - timedelta(days=40)).timestamp()
    for path in project.results.rglob("*.json"):
        if path.stem != "young":
            os.utime(path, (long_ago, long_ago))
    now = datetime.now(UTC)
    with pytest.raises(ConfigurationError, match="files in use cannot be determined"):
        find_prunable(project, Warehouse(project.data / "another.duckdb"), now, now)
    old_replies = find_prunable(project, warehouse, now - timedelta(days=0), datetime(2026, 1, 1, tzinfo=UTC))[0]
    assert old_replies.files == (), "replies of this month count to its budget"
    prunable = find_prunable(project, warehouse, now - timedelta(days=30), now)
    assert {entry.kind: [file.key for file in entry.files] for entry in prunable} == {
        "replaced replies": ["old"],
        "refused requests": [],
        "call locks": [],
        "budgets of old runs": [],
        "lists of cells of old runs": [],
        "copies of objects in buckets": [],
        "OCR results": ["unused"],
        "extraction results": [],
        "looks of earlier contents": [],
    }


@pytest.mark.parametrize(
    ("setting", "asked", "command", "unattended"),
    [
        (None, None, None, 1.0),
        (None, 5.0, 5.0, 5.0),
        (3.0, None, 3.0, 3.0),
        (3.0, 5.0, 3.0, 3.0),
        (3.0, 2.0, 2.0, 2.0),
        (0.0, None, 0.0, 0.0),
    ],
)
def test_no_route_avoids_the_limit(
    setting: float | None, asked: float | None, command: float | None, unattended: float
) -> None:
    operation = Operation(max_cost_usd=setting)
    assert operation.limit(asked) == command
    assert operation.unattended_limit(asked) == unattended


def test_data_sets_of_which_no_file_is_left_are_pruned(project: Project) -> None:
    warehouse, now = Warehouse(project.database), datetime.now(UTC)
    add_image(project, "kept/a.png")
    row = {"path": "p", "status": "ok", "updated_at": "2026-01-01"}
    known = {
        "kept-a": "kept",
        "kept-gone": "kept",
        "old-a": "old",
        "old-b": "old",
        "young-a": "young",
        "young-b": "young",
    }
    rows = [{**row, "document_id": key, "dataset": dataset} for key, dataset in known.items()]
    rows[-1]["updated_at"] = (now - timedelta(days=1)).replace(tzinfo=None).isoformat()
    warehouse.replace_all({"documents": rows})
    removed = removed_datasets(project, warehouse, now - timedelta(days=30))
    assert removed == {"old": ["old-a", "old-b"]}
    delete_documents(warehouse, removed["old"], keep_history=True)
    assert set(documents(warehouse)) == set(known) - {"old-a", "old-b"}
