"""Ticks of the sensors, one by one, on a real instance and a real database."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import pytest

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.instance import PROCESS, open_instance
from ocr_pipeline.defs.jobs import PROCESS_KEY
from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.extraction.ensemble.weights import Weights
from ocr_pipeline.operation.alarms import AlarmState
from ocr_pipeline.operation.pause import pause
from ocr_pipeline.project import Project
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.files import add_image, small_backends, write_backends

ALL = ["pixel+first", "page-width"]


class Ticks:
    """A sensor that is evaluated again and again, with its cursor."""

    def __init__(self, project: Project, instance: dg.DagsterInstance, name: str) -> None:
        self.project, self.instance, self.name = project, instance, name
        self.definitions: dg.Definitions | None = None
        """Those of a code location that is not reloaded; None: reloaded before every tick."""
        self.cursor: str | None = None
        self.reason: str | None = None

    def __call__(self) -> list[dict[str, Any]]:
        """What the runs that it asks for are about."""
        definitions = self.definitions or build_definitions(self.project)
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            definitions=definitions,
            resources={key: definitions.resources[key] for key in ("project", "warehouse")},  # type: ignore[index]
        ) as context:
            tick = definitions.get_repository_def().get_sensor_def(self.name).evaluate_tick(context)
        self.cursor, self.reason = tick.cursor, tick.skip_message
        return [dict(request.run_config["ops"][PROCESS_KEY]["config"]) for request in tick.run_requests or ()]


@pytest.fixture
def instance(project: Project) -> Iterator[dg.DagsterInstance]:
    with open_instance(project) as found:
        yield found


def work(project: Project, backends: Sequence[str] = ALL) -> None:
    run_pipeline(project, find_documents(project.data), backends, Recorder())


def add_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **tags: str) -> dg.DagsterRun:
    run = dg.DagsterRun(job_name=PROCESS, status=status, tags={key.replace("__", "/"): tags[key] for key in tags})
    return instance.add_run(run)


@pytest.mark.slow
def test_files_that_arrive_are_one_run_and_wait_while_one_is_at_work(
    project: Project, instance: dg.DagsterInstance
) -> None:
    project.operation_file.write_text("arrivals: {unchanged_seconds: 0}")
    tick = Ticks(project, instance, "arrivals")
    for name in ("a", "b"):
        add_image(project, f"{name}.png")
    assert tick() == []
    busy = add_run(instance, dg.DagsterRunStatus.STARTED)
    assert tick() == []
    assert tick.reason == "2 files wait for the current run; 2 files in the project."
    instance.delete_run(busy.run_id)
    [asked] = tick()
    assert asked["documents"] == ["a", "b"]
    assert tick() == []
    work(project)
    assert tick() == []
    assert tick.reason == "Nothing has arrived; 2 files in the project."
    (project.data / "documents" / "a.png").unlink()
    [asked] = tick()
    assert (asked["documents"], asked["reason"]) == ([], "0 documents arrived or changed, 1 deleted")


@pytest.mark.slow
def test_a_setting_that_goes_there_and_back_makes_its_cells_stale_each_time(
    project: Project, instance: dg.DagsterInstance
) -> None:
    project.operation_file.write_text(f"arrivals: {{backends: [{', '.join(ALL)}]}}")
    add_image(project, "a.png")
    tick = Ticks(project, instance, "stale_cells")
    work(project)
    assert tick() == []
    for version in (2, 1, 2):
        backends = small_backends(project.root)
        backends["backends"]["pixel+first"]["options"] = {"version": version}
        write_backends(project.root, backends)
        [asked] = tick()
        assert (asked["documents"], asked["backends"]) == (["a"], ["pixel+first"])
        assert tick() == [], "the run of the last tick may not have begun"
        assert tick.reason == "1 cells are still missing or stale; the next run for them comes later."
        work(project)
        assert tick() == []


def test_alarms_name_what_no_check_sees(project: Project, instance: dg.DagsterInstance) -> None:
    tick = Ticks(project, instance, "alarms")

    def known() -> dict[str, str]:
        tick()
        problems = AlarmState.model_validate_json(tick.cursor or "").problems
        return {key: problem.sentence for key, problem in problems.items()}

    assert known() == {}
    failure = {"ocr_pipeline__failure": "The key is refused.", "dagster__schedule_name": "reevaluation_nightly"}
    add_run(instance, dg.DagsterRunStatus.FAILURE, **failure)
    add_run(instance, dg.DagsterRunStatus.SUCCESS, dagster__sensor_name="arrivals")
    pause(project, "The key is refused.")
    assert known() == {
        "run:reevaluation_nightly": "reevaluation_nightly: The key is refused.",
        "paused": "The re-evaluation is paused: The key is refused. Continue with `ocr-pipeline resume`.",
    }
    add_run(instance, dg.DagsterRunStatus.SUCCESS, dagster__schedule_name="reevaluation_nightly")
    assert list(known()) == ["paused"]


@pytest.mark.slow
def test_a_cell_without_words_is_not_out_of_date_when_its_extractor_changes(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """A run would not do it again, so nothing may ask for one."""
    project.operation_file.write_text("arrivals: {backends: [pdf-text+first]}")
    add_image(project, "a.png")
    run_pipeline(project, find_documents(project.data), ["pdf-text+first"], Recorder())
    tick = Ticks(project, instance, "stale_cells")
    assert tick() == []
    backends = small_backends(project.root)
    backends["backends"]["pdf-text+first"]["options"] = {"version": 2}
    write_backends(project.root, backends)
    assert tick() == []
    assert tick.reason == "All cells are current."


@pytest.mark.slow
def test_new_weights_are_seen_without_a_reload(project: Project, instance: dg.DagsterInstance) -> None:
    """The fingerprints of the moment when the code location was loaded would ask for the same cells again and again."""
    content = small_backends(project.root)
    del content["backends"]["pdf-text+first"]
    content["backends"]["all"] = {"extractor": "ensemble", "options": {"of": ALL}}
    write_backends(project.root, content)
    add_image(project, "a.png")
    work(project, [*ALL, "all"])
    tick = Ticks(project, instance, "stale_cells")
    tick.definitions = build_definitions(project)
    weights = Weights(members=tuple(ALL), training="another", documents=1, fields={}, report={}, fold_of={})
    project.weights_file("all").parent.mkdir(parents=True)
    project.weights_file("all").write_text(weights.model_dump_json())
    [asked] = tick()
    assert (asked["backends"], asked["documents"]) == (["all"], ["a"])
    work(project, [*ALL, "all"])
    assert tick() == []
    assert tick.reason == "All cells are current."


@pytest.mark.parametrize("file", ["backends.yaml", "evaluation.yaml", "operation.yaml"])
def test_a_wrong_setting_launches_nothing_and_the_first_tick_after_its_correction_goes_on(
    project: Project, instance: dg.DagsterInstance, file: str
) -> None:
    """The definitions are those of a code location that was loaded before."""
    project.operation_file.write_text("arrivals: {unchanged_seconds: 0}")
    add_image(project, "a.png")
    loaded = build_definitions(project)
    sensors = {name: Ticks(project, instance, name) for name in ("arrivals", "stale_cells", "alarms")}
    for tick in sensors.values():
        tick.definitions = loaded
    assert sensors["arrivals"]() == []  # a file has to be the same twice
    [asked] = sensors["arrivals"]()
    assert asked["documents"] == ["a"]

    path = project.root / file
    good = path.read_text() if path.exists() else ""
    path.write_text("fields: [")  # and the run that was launched fails
    for name in ("arrivals", "stale_cells"):
        assert sensors[name]() == []
        assert (sensors[name].reason or "").startswith(f"Nothing is launched until this is corrected: {file}")
    sensors["alarms"]()
    if file != "operation.yaml":
        assert "configuration" in AlarmState.model_validate_json(sensors["alarms"].cursor or "").problems

    path.write_text(good)
    [asked] = sensors["arrivals"]()
    assert asked["documents"] == ["a"]
    sensors["alarms"]()
    assert "configuration" not in AlarmState.model_validate_json(sensors["alarms"].cursor or "").problems
