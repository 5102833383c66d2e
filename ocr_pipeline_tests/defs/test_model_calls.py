"""Backends that ask a model, through the asset and over real sockets: what lands in the tables, and what a failure leaves."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.models import retrying
from ocr_pipeline_tests.defs.pipeline import Pipeline, Recorder, message_of
from ocr_pipeline_tests.files import write_backends
from ocr_pipeline_tests.model_project import (
    ALL_DOCUMENTS,
    COPY,
    DOCUMENTS,
    KEY,
    OTHERS,
    PDF,
    model_backends,
    model_project,
)
from ocr_pipeline_tests.standin import StandIn


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """One for all: what a run does is looked up by its id, and what is current is decided by the database."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def pipeline(
    tmp_path: Path, standin: StandIn, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    """Three labelled images, read and ready to be extracted; and documents that are only taken in."""

    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    project = model_project(tmp_path / "project", standin.url)
    monkeypatch.chdir(project.root)
    return Pipeline(project, build_definitions(project, {}), instance, Recorder(), ALL_DOCUMENTS)


def reconfigure(pipeline: Pipeline, standin: StandIn, *, fresh: bool = False, **provider: Any) -> None:
    from ocr_pipeline.defs.resources import ModelsResource

    root = pipeline.project.root
    write_backends(root, model_backends(root, standin.url, **provider))
    pipeline.definitions = build_definitions(pipeline.project, {"models": ModelsResource(root=str(root), fresh=fresh)})


def extract(pipeline: Pipeline, backend: str, documents: list[str] = DOCUMENTS) -> dg.ExecuteInProcessResult:
    return pipeline.extract((backend, document) for document in documents)[-1]


def cells(pipeline: Pipeline, backend: str) -> dict[str, dict[str, Any]]:
    rows = pipeline.warehouse.rows("FROM extractions WHERE backend = ?", [backend])
    return {row["document_id"]: row for row in rows}


@pytest.mark.parametrize("backend", ["vision", "pixel+gemini", "openai-vision", "pixel+openai"])
def test_values_usage_and_cost_land_in_the_tables_and_the_metadata(
    pipeline: Pipeline, standin: StandIn, backend: str
) -> None:
    result = extract(pipeline, backend)
    assert result.success
    fields = pipeline.warehouse.rows("FROM extracted_fields WHERE field = 'total_amount' ORDER BY document_id")
    by_text = ["40.00", "41.00", "42.00"] if backend.startswith("pixel") else ["1.00"] * 3
    assert [str(row["value"]) for row in fields] == by_text
    asked = pipeline.warehouse.rows("FROM model_calls ORDER BY document_id, position")
    assert [(row["document_id"], row["purpose"], row["attempts"]) for row in asked] == [
        (document, "extract", 1) for document in DOCUMENTS
    ]
    gemini = "openai" not in backend
    # 800 new and 200 cached tokens in, 300 + 50 out, at 0.30, 0.03 and 2.50 USD per million
    cost = pytest.approx(0.001121) if gemini else None
    for row in asked:
        assert (row["input_tokens"], row["cached_tokens"]) == (1000, 200)
        assert (row["output_tokens"], row["thought_tokens"]) == (300, 50)
        assert (row["model_version"], row["from_store"], row["cost_usd"]) == ("stand-in-001", False, cost)
    assert {row["cost_usd"] for row in cells(pipeline, backend).values()} == {asked[0]["cost_usd"]}
    [metadata, *_] = [event.materialization.metadata for event in result.get_asset_materialization_events()]
    assert (metadata["model_calls"].value, metadata["input_tokens"].value) == (1, 1000)
    tags = pipeline.instance.get_run_by_id(result.run_id).tags  # type: ignore[union-attr]
    assert (tags["ocr_pipeline/model_calls"], tags["ocr_pipeline/model_tokens"]) == ("3", "4050")
    assert tags["ocr_pipeline/model_cost_usd"].startswith("0.003363" if gemini else "0.000000 and 3 calls without")
    assert {seen.key for seen in standin.seen} == {KEY}


def test_evidence_comes_from_the_words_of_the_engine(pipeline: Pipeline) -> None:
    extract(pipeline, "pixel+gemini")
    [row] = pipeline.warehouse.rows("FROM evidence WHERE document_id = 'd1'")
    assert (row["field"], row["text"], row["words"], row["x0"]) == ("total_amount", "41.00", [0], 0.1)


def test_boxes_of_a_model_are_scored_like_those_of_engines(pipeline: Pipeline, standin: StandIn) -> None:
    root = pipeline.project.root
    backends = model_backends(root, standin.url)
    backends["backends"] = {"vision": {"extractor": "gemini", "options": {"boxes": True}}}
    write_backends(root, backends)
    pipeline.definitions = build_definitions(pipeline.project, {})
    label = root / "data" / "documents" / "d0.png.json"
    boxes = {
        "total_amount": [{"page": 1, "box": [0.6, 0.8, 0.8, 0.82]}],
        "invoice_date": [{"page": 1, "box": [0, 0, 1, 1]}],
    }
    values = {"total_amount": "1.00", "invoice_date": "2026-03-04"}
    label.write_text(json.dumps({"invoice": values, "boxes": boxes}))
    pipeline.documents(["d0"])
    standin.then("boxed")
    extract(pipeline, "vision", ["d0"])
    pipeline.launch(["field_scores"], [("vision", "vision")])
    rows = pipeline.warehouse.rows(
        "SELECT field, outcome, page_right, value_outcome FROM evidence_scores ORDER BY field"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("invoice_date", "elsewhere", False, "correct"),
        ("total_amount", "found", True, "correct"),
    ]


def test_a_second_run_asks_nothing(pipeline: Pipeline, standin: StandIn) -> None:
    for _ in range(2):
        extract(pipeline, "vision")
    assert len(standin.seen) == 3


def test_a_lost_result_costs_nothing_again(pipeline: Pipeline, standin: StandIn) -> None:
    """The replies are stored apart from what was made of them."""
    extract(pipeline, "vision")
    for path in (pipeline.project.results / "extraction").rglob("*.json"):
        path.unlink()
    result = extract(pipeline, "vision")
    assert len(standin.seen) == 3
    rows = pipeline.warehouse.rows("FROM model_calls")
    assert all(row["from_store"] and row["cost_usd"] for row in rows)
    assert "ocr_pipeline/model_calls" not in pipeline.instance.get_run_by_id(result.run_id).tags  # type: ignore[union-attr]


def test_two_documents_with_the_same_bytes_are_asked_once(pipeline: Pipeline, standin: StandIn) -> None:
    extract(pipeline, "vision", [COPY, "d0"])
    assert len(standin.seen) == 1
    assert {row["status"] for row in cells(pipeline, "vision").values()} == {"ok"}


@pytest.mark.parametrize("backend", ["vision", "openai-vision"])
def test_documents_that_the_model_does_not_read(pipeline: Pipeline, standin: StandIn, backend: str) -> None:
    expected = {
        "truncated": ("truncated", True),
        "thoughts_only": ("truncated", True),
        "safety": ("blocked", True),
        "prompt_block": ("blocked", backend == "vision"),  # OpenAI says 400: no reply, no usage
        "empty": ("invalid_reply", True),
        "refused": ("refused", False),
        "ok": (None, True),
    }
    standin.then(*expected)
    assert extract(pipeline, backend, OTHERS).success
    rows = cells(pipeline, backend)
    paid = {row["document_id"]: row for row in pipeline.warehouse.rows("FROM model_calls")}
    for document, (reason, usage) in zip(OTHERS, expected.values(), strict=True):
        assert rows[document]["reason"] == reason, document
        assert (document in paid) == usage, "what failed was paid for too"
        assert rows[document]["result_key"], "it is a result: nobody asks again"
        if usage:
            assert paid[document]["input_tokens"] == 1000
            assert rows[document]["cost_usd"] == paid[document]["cost_usd"]
    extract(pipeline, backend, OTHERS)
    assert len(standin.seen) == len(expected)
    assert "SECRET" not in str(rows)


def test_a_reply_that_breaks_the_schema_is_repaired_once(pipeline: Pipeline, standin: StandIn) -> None:
    standin.then("schema_breaking")
    extract(pipeline, "pixel+gemini")
    asked = pipeline.warehouse.rows("FROM model_calls WHERE document_id = 'd0' ORDER BY position")
    assert [row["purpose"] for row in asked] == ["extract", "repair"]
    row = cells(pipeline, "pixel+gemini")["d0"]
    assert (row["status"], row["cost_usd"]) == ("ok", pytest.approx(2 * 0.001121))
    repair = standin.seen[1].body["contents"]
    assert [turn["role"] for turn in repair] == ["user", "model", "user"]


def test_a_second_breach_fails_the_document_with_all_that_it_cost(pipeline: Pipeline, standin: StandIn) -> None:
    standin.then("ok_true", "schema_breaking")
    assert extract(pipeline, "vision").success
    row = cells(pipeline, "vision")["d0"]
    assert (row["reason"], row["cost_usd"]) == ("invalid_reply", pytest.approx(2 * 0.001121))
    assert row["message"].startswith("After one repair: The reply breaks the schema: total_amount:")
    assert "SECRET" not in row["message"]


PASSING = ["rate_limited", "error_500", "unavailable_503", "html_502", "dropped", "cut", "broken_json", "hang"]


@pytest.mark.parametrize("backend", ["vision", "openai-vision"])
def test_what_passes_is_tried_again(
    pipeline: Pipeline, standin: StandIn, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "MAX_PAUSE", 0.02)
    reconfigure(pipeline, standin, retries=len(PASSING))
    standin.then(*PASSING)
    assert extract(pipeline, backend, ["d0"]).success
    [row] = pipeline.warehouse.rows("FROM model_calls")
    assert row["attempts"] == len(PASSING) + 1
    assert standin.counts == Counter([*PASSING, "ok"])


def test_a_provider_that_stays_down_fails_the_run_at_its_end_and_keeps_the_rest(
    pipeline: Pipeline, standin: StandIn
) -> None:
    standin.then("ok", "error_500", "unavailable_503", "html_502")
    result = extract(pipeline, "vision")
    assert not result.success
    assert "1 documents failed temporarily at the provider" in message_of(result)
    rows = cells(pipeline, "vision")
    assert [rows[key]["reason"] for key in DOCUMENTS] == [None, "provider_failed", None]
    assert (rows["d1"]["result_key"], rows["d1"]["cost_usd"]) == (None, None)
    logged = pipeline.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    recorded = {entry.get_dagster_event().partition for entry in logged}
    assert recorded == {"vision|d0", "vision|d2"}, "the next run has one to do"
    assert extract(pipeline, "vision").success
    assert len(standin.seen) == 3 + 2 + 1
    assert {row["status"] for row in cells(pipeline, "vision").values()} == {"ok"}


def test_the_quota_of_the_day_is_final_for_everybody(pipeline: Pipeline, standin: StandIn) -> None:
    standin.then("ok", "quota_of_the_day")
    result = extract(pipeline, "vision")
    assert "daily quota used up" in message_of(result)
    assert len(standin.seen) == 2, "the third document does not ask"
    assert [cells(pipeline, "vision")[key]["reason"] for key in DOCUMENTS] == [None] + ["provider_failed"] * 2


@pytest.mark.parametrize("backend", ["vision", "openai-vision"])
@pytest.mark.parametrize("scenario", ["wrong_key", "unknown_model"])
def test_a_wrong_key_or_model_stops_the_run_with_one_sentence(
    pipeline: Pipeline, standin: StandIn, backend: str, scenario: str
) -> None:
    standin.then("ok", scenario)
    result = extract(pipeline, backend)
    assert not result.success
    assert ("rejected" if "key" in scenario else "unknown model") in message_of(result)
    assert len(standin.seen) == 2
    assert set(cells(pipeline, backend)) == {"d0"}, "what succeeded is kept"
    assert extract(pipeline, backend).success
    assert len(standin.seen) == 4


def test_an_unset_key_is_a_reason_not_to_run(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    pipeline.launch(["leaderboard"], [None])
    board = {row["backend"]: row for row in pipeline.warehouse.rows("FROM leaderboard")}
    assert (board["vision"]["status"], board["vision"]["message"]) == ("not_run", "GEMINI_API_KEY is not set")
    assert "GEMINI_API_KEY is not set" in message_of(extract(pipeline, "vision"))


def test_a_pdf_is_sent_as_it_is_to_gemini_and_as_pages_to_others(pipeline: Pipeline, standin: StandIn) -> None:
    extract(pipeline, "vision", [PDF])
    extract(pipeline, "openai-vision", [PDF])
    assert [seen.media_types for seen in standin.seen] == [["application/pdf"], ["image/jpeg", "image/jpeg"]]


def test_a_deployment_gives_its_own_key_and_limit(
    pipeline: Pipeline, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ocr_pipeline.defs.resources import ModelsResource

    monkeypatch.setenv("TEAM_KEY", "team")
    monkeypatch.delenv("GEMINI_API_KEY")
    keys: Any = {"gemini": dg.EnvVar("TEAM_KEY")}
    models = ModelsResource(root=str(pipeline.project.root), api_keys=keys, max_cost_usd=0.004)
    pipeline.definitions = build_definitions(pipeline.project, {"models": models})
    result = extract(pipeline, "vision")
    assert "Spending limit of 0.004 USD reached" in message_of(result)
    assert {seen.key for seen in standin.seen} == {"team"}
    assert len(standin.seen) == len(cells(pipeline, "vision")) < 3


def test_the_runs_of_a_backfill_share_one_budget(pipeline: Pipeline, standin: StandIn) -> None:
    """As the UI launches them: a run per partition, with the resource as it is configured."""
    pipeline.project.operation_file.write_text("max_cost_usd: 0.004\n")

    def materialize(document: str, backfill: str) -> dg.ExecuteInProcessResult:
        key = dg.MultiPartitionKey({"backend": "vision", "document": document})
        return pipeline.run(["extractions"], partition_key=key, tags={"dagster/backfill": backfill})

    results = [materialize(document, "abcdefgh") for document in DOCUMENTS]
    assert results[0].success
    assert "Spending limit of 0.004 USD reached" in message_of(results[-1])
    assert 0 < len(standin.seen) < len(DOCUMENTS)
    assert materialize(DOCUMENTS[-1], "another1").success


def test_several_documents_at_once(pipeline: Pipeline, standin: StandIn) -> None:
    reconfigure(pipeline, standin, concurrency=3)
    standin.latency = 0.2
    extract(pipeline, "pixel+gemini")
    assert standin.most_in_flight == 3
    totals = pipeline.warehouse.rows(
        "SELECT value FROM extracted_fields WHERE field = 'total_amount' ORDER BY document_id"
    )
    assert [row["value"] for row in totals] == ["40.00", "41.00", "42.00"]


OF_A_DOCUMENT = [
    *PASSING,
    *(
        "refused",
        "truncated",
        "thoughts_only",
        "safety",
        "recitation",
        "prompt_block",
        "empty",
        "error_200",
        "odd_shape",
    ),
    *("schema_breaking", "broken_reply", "prose", "ok_true", "no_usage"),
]
OF_EVERYONE = ["wrong_key", "missing_key", "unknown_model", "wrong_place", "quota_of_the_day"]
OF_A_BATCH = ["wrong_key", "missing_key", "rate_limited", "error_500", "refused", "quota_of_the_day"]


@pytest.mark.parametrize("backend", ["vision", "openai-vision", "vision in batches"])
def test_the_key_is_nowhere(
    pipeline: Pipeline,
    standin: StandIn,
    backend: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither in what is stored nor in what is said, after every kind of failure, with every logger at its loudest."""
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", "sqlalchemy")  # Dagster's own tables, hundreds of lines an event
    documents = [document for document in ALL_DOCUMENTS if document != COPY]
    runs = []
    if "batch" in backend:
        batch_jobs(pipeline, standin, retries=0)
        for scenario in OF_A_BATCH:
            runs.append(extract(pipeline, "vision", ["d0"]))
            standin.batch_then(scenario)  # of the next run
            standin.batch_error = "BATCH_STATE_FAILED"
        assert standin.counts["batch_create"] > 0
    else:
        reconfigure(pipeline, standin, fresh=True, retries=0, timeout=0.2)
        standin.then(*OF_A_DOCUMENT)
        for _ in range(2):  # there are fewer documents
            runs.append(extract(pipeline, backend, documents))
        for scenario in OF_EVERYONE:
            standin.then(scenario)
            runs.append(extract(pipeline, backend, ["d0"]))
        assert set(standin.counts) >= {*OF_A_DOCUMENT, *OF_EVERYONE}
        assert {seen.key for seen in standin.seen} == {KEY}
    said = [str(event) for result in runs for event in result.all_events]
    said += [str(entry) for result in runs for entry in pipeline.instance.all_logs(result.run_id)]
    left = [*pipeline.project.root.rglob("*"), *Path(pipeline.instance.storage_directory()).rglob("*")]
    folder = "batches" if "batch" in backend else "calls-refused"
    assert any(path.is_relative_to(pipeline.project.results / folder) for path in left)
    for path in left:
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
    output = capfd.readouterr()
    for text in [*said, caplog.text, output.out, output.err]:
        assert KEY not in text
        assert "SECRET" not in text


def batch_jobs(pipeline: Pipeline, standin: StandIn, backend: str = "vision", **provider: Any) -> None:

    content = model_backends(pipeline.project.root, standin.url, **provider)
    content["backends"][backend]["options"] = {"mode": "batch"}
    write_backends(pipeline.project.root, content)
    pipeline.definitions = build_definitions(pipeline.project, {})


def test_a_batch_is_one_job_at_half_the_price(pipeline: Pipeline, standin: StandIn) -> None:
    batch_jobs(pipeline, standin)
    standin.batch_polls = 3
    assert extract(pipeline, "vision").success
    assert (standin.counts["batch_create"], standin.counts["batch_poll"], len(standin.seen)) == (1, 3, 0)
    rows = pipeline.warehouse.rows("FROM model_calls")
    # a batch pays 0.15 and 1.25 USD per million
    assert [(row["batch"], row["cost_usd"]) for row in rows] == [(True, pytest.approx(0.0005875))] * 3
    assert extract(pipeline, "vision").success
    assert standin.counts["batch_create"] == 1


def test_a_batch_goes_on_after_a_restart(pipeline: Pipeline, standin: StandIn) -> None:
    batch_jobs(pipeline, standin, batch_deadline=0.001)
    standin.batch_polls = 100
    assert not extract(pipeline, "vision").success
    assert {row["reason"] for row in cells(pipeline, "vision").values()} == {"provider_failed"}
    standin.batch_polls = 0
    assert extract(pipeline, "vision").success
    assert standin.counts["batch_create"] == 1
    assert {row["status"] for row in cells(pipeline, "vision").values()} == {"ok"}


def test_a_batch_whose_state_cannot_be_asked_for_is_not_paid_again(pipeline: Pipeline, standin: StandIn) -> None:
    batch_jobs(pipeline, standin, retries=0)
    standin.batch_then("ok", "unavailable_503")
    result = extract(pipeline, "vision")
    assert "3 documents failed temporarily at the provider" in message_of(result)
    assert extract(pipeline, "vision").success
    assert standin.counts["batch_create"] == 1


def test_what_a_batch_does_not_answer_is_asked_in_the_next(pipeline: Pipeline, standin: StandIn) -> None:
    batch_jobs(pipeline, standin)
    asked = iter(["ok", "error_500", "ok"])
    answers: dict[str, str] = {}
    standin.plan = lambda seen: answers.setdefault(str(seen.body), next(asked, "ok"))
    assert not extract(pipeline, "vision").success
    assert sorted(str(row["reason"]) for row in cells(pipeline, "vision").values()) == [
        "None",
        "None",
        "provider_failed",
    ]
    answers.clear()
    assert extract(pipeline, "vision").success
    assert [len(job["requests"]) for job in standin.jobs.values()] == [3, 1]


def test_each_answer_of_a_batch_goes_to_its_document(pipeline: Pipeline, standin: StandIn) -> None:
    batch_jobs(pipeline, standin, backend="pixel+gemini")
    assert extract(pipeline, "pixel+gemini").success
    fields = pipeline.warehouse.rows("FROM extracted_fields WHERE field = 'total_amount' ORDER BY document_id")
    assert [str(row["value"]) for row in fields] == ["40.00", "41.00", "42.00"]


def test_a_large_batch_is_several_jobs_that_together_stay_below_the_maximum_cost(
    pipeline: Pipeline, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each document may cost 0.0015 USD in a batch; what a job costs is known when it is collected."""
    from ocr_pipeline.defs.resources import ModelsResource
    from ocr_pipeline.models import batch

    monkeypatch.setattr(batch, "MAX_REQUESTS", 1)
    batch_jobs(pipeline, standin)
    models = ModelsResource(root=str(pipeline.project.root), max_cost_usd=0.004)
    pipeline.definitions = build_definitions(pipeline.project, {"models": models})
    assert "Spending limit of 0.004 USD reached" in message_of(extract(pipeline, "vision"))
    assert standin.counts["batch_create"] == 2
    pipeline.definitions = build_definitions(pipeline.project, {})
    assert extract(pipeline, "vision").success
    assert [len(job["requests"]) for job in standin.jobs.values()] == [1, 1, 1]


def test_the_check_names_what_is_stale(pipeline: Pipeline, standin: StandIn) -> None:
    extract(pipeline, "vision")
    content = model_backends(pipeline.project.root, standin.url)
    content["backends"]["vision"]["options"] = {"model": "gemini-3.8-flash"}
    write_backends(pipeline.project.root, content)

    pipeline.definitions = build_definitions(pipeline.project, {})
    extract(pipeline, "pixel+gemini")
    check = pipeline.check()["no_stale_cells"]
    assert (check.passed, check.metadata["found"].value) == (False, 3)
    assert "| vision | model | 3 |" in str(check.metadata["cells"].value)


def test_a_new_version_of_the_code_needs_no_budget(
    pipeline: Pipeline, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.extraction.llm import extractor
    from ocr_pipeline.planning.costs import estimate
    from ocr_pipeline.store import ResultStore

    def expected() -> int:
        backends, warehouse = load_backends(pipeline.project), pipeline.warehouse
        cells = [("vision", key) for key in DOCUMENTS]
        found = estimate(backends, cells, warehouse, ResultStore(pipeline.project.results))
        return sum(entry.documents for entry in found)

    extract(pipeline, "vision", ["d0", "d1"])
    assert expected() == 1
    monkeypatch.setattr(extractor, "VERSION", extractor.VERSION + 1)
    assert expected() == 1, "the replies are stored"
    extract(pipeline, "vision", ["d0", "d1"])
    assert len(standin.seen) == 2
    content = model_backends(pipeline.project.root, standin.url)
    content["backends"]["vision"]["options"] = {"model": "gemini-3.8-flash"}
    write_backends(pipeline.project.root, content)
    assert expected() == 3, "another model has to be asked"
