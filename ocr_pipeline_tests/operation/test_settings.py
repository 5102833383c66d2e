"""`operation.yaml`, spending, inboxes and the pause."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ocr_pipeline.config import load_config
from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.models.calls import CALLS, REPLACED, StoredCall
from ocr_pipeline.operation.inboxes import collect, inbox_states
from ocr_pipeline.operation.pause import pause, paused, resume
from ocr_pipeline.operation.prune import removable
from ocr_pipeline.operation.settings import Inbox, Operation, load_operation
from ocr_pipeline.operation.spending import spent_in_month
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse.warehouse import Warehouse
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.files import image_bytes, write_backends
from ocr_pipeline_tests.model_project import model_backends


def test_no_file_or_an_empty_one_has_the_defaults(project: Project) -> None:
    assert load_operation(project.operation_file, set()) == Operation()
    project.operation_file.write_text("")
    assert load_operation(project.operation_file, set()) == Operation()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("arrivals: {evry: 5}", "operation.yaml, line 1: arrivals.evry: unknown key."),
        ("arrivals:\n  backends: [x]", "operation.yaml: 'x' is no backend; known are a, b."),
        (
            "reevaluations:\n  n:\n    timezone: Mars",
            "operation.yaml, line 3: reevaluations.n.timezone: is no time zone",
        ),
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
    with pytest.raises(ConfigurationError, match=r"operation.yaml: reevaluations.n.cron: 'every day' is no cron"):
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


def test_every_reply_of_the_month_counts_also_those_that_were_replaced(project: Project) -> None:
    write_backends(project.root, model_backends(project.root, "http://x"))
    config, store = load_config(project.config_file), ResultStore(project.results)
    store.put(CALLS, "a" * 64, call(date(2026, 11, 3)))
    store.put(REPLACED, "a" * 64 + ".20261101", call(date(2026, 11, 1)))
    store.put(CALLS, "b" * 64, call(date(2026, 10, 31)))
    store.put(CALLS, "c" * 64, "damaged")
    assert spent_in_month(store, config, date(2026, 11, 20)) == pytest.approx(0.60)
    assert spent_in_month(store, config, date(2026, 12, 1)) == 0.0


def test_an_inbox_is_copied_once_it_is_stable(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    inbox = Inbox(url=folder.as_uri(), name="mail")
    states, changed = inbox_states([inbox], {})
    assert changed == {}
    (folder / "a.png").write_bytes(image_bytes())
    states, changed = inbox_states([inbox], states)
    assert changed == {}, "it may still be written"
    states, changed = inbox_states([inbox], states)
    assert list(changed) == ["mail"]
    assert collect(inbox, project.data / "documents") == "1 new, 0 changed, 0 unchanged documents"
    assert inbox_states([inbox], states)[1] == {}
    nowhere = Inbox(url="nosuch://x", name="mail")
    assert inbox_states([nowhere], states) == (states, {}), "it keeps its state until it can be reached"


def test_a_pause_has_a_reason_and_an_end(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Cli(monkeypatch)
    assert run.fails("resume") == "The re-evaluation is not paused."
    pause(project, "The key is refused.")
    assert paused(project) == "The key is refused."
    assert run("resume").out.endswith("paused because: The key is refused.\n")
    assert paused(project) is None
    assert resume(project) is False


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
    found = removable(project, warehouse, datetime.now(UTC) - timedelta(days=30))
    assert {one.kind: [path.stem for path in one.files] for one in found} == {
        "replaced replies": ["old"],
        "refusals": [],
        "results of engines": ["unused"],
        "results of extractors": [],
    }
