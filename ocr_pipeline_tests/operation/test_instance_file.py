"""What `doctor` says about the settings of an old Dagster instance."""

from importlib.resources import files

import pytest

from ocr_pipeline.cli.doctor import examine
from ocr_pipeline.operation.instance_file import instance_file_gaps
from ocr_pipeline.project import Project

TEMPLATE = (files("ocr_pipeline.defs") / "dagster.yaml").read_text("utf-8")


def write(project: Project, text: str) -> None:
    project.dagster_home.mkdir(exist_ok=True)
    (project.dagster_home / "dagster.yaml").write_text(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEMPLATE, None),
        (TEMPLATE.replace("poll_interval_seconds: 15", "poll_interval_seconds: 99"), None),  # a choice, not a gap
        (TEMPLATE.replace("  poll_interval_seconds: 15\n", ""), "lacks run_monitoring.poll_interval_seconds: 15."),
        (TEMPLATE.replace("        value: process\n", "        value: other\n"), "value: process, limit: 1}"),
        ("telemetry: {enabled: false}\n", "run_coordinator: {"),
        ("", "and "),
        ("[", "cannot be read"),
        ("- a\n", "lacks telemetry: {enabled: false}"),
    ],
)
def test_what_the_file_lacks_is_said_with_what_to_add(project: Project, text: str, said: str | None) -> None:
    write(project, text)
    found = instance_file_gaps(project)
    assert (found is None) == (said is None)
    assert said is None or said in (found or "")


def test_doctor_tells_it(project: Project) -> None:
    assert instance_file_gaps(project) is None
    write(project, "telemetry: {enabled: false}\n")
    [check] = [check for check in examine() if check.name == "instance"]
    assert check.state == "note"
    assert "run_monitoring" in check.message
