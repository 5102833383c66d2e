"""The lock of a project: who holds it is said at once and again while somebody waits."""

import subprocess
import sys
from pathlib import Path

import pytest

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.operation import waiting
from ocr_pipeline.operation.waiting import holder_of, lock_file, only_run
from ocr_pipeline.project import Project

HOLDS = """
import sys
from pathlib import Path
from ocr_pipeline.operation.waiting import only_run
from ocr_pipeline.project import Project
sys.argv = ["/usr/bin/ocr-pipeline", "run", "--documents", "private-name"]
with only_run(Project(Path(sys.stdin.readline().strip())), print):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_who_waits_is_told_whom_for_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    monkeypatch.setattr(waiting, "EVERY_SECONDS", 0.05)
    said: list[str] = []
    with subprocess.Popen([sys.executable, "-c", HOLDS], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdin
        assert other.stdout
        other.stdin.write(f"{tmp_path}\n")
        other.stdin.flush()
        assert other.stdout.readline() == "held\n"

        def heard(sentence: str) -> None:
            said.append(sentence)
            if len(said) == 3:
                assert other.stdin
                other.stdin.write("\n")
                other.stdin.flush()

        with only_run(project, heard):
            holder = holder_of(project)
            assert holder
            assert holder.pid != other.pid
    assert holder_of(project) is None
    assert len(said) >= 3
    assert all(f"Waiting for `ocr-pipeline run` (process {other.pid} on " in sentence for sentence in said)
    assert " UTC) to end in this project" in said[0]
    assert "private-name" not in said[0]


def test_the_lock_of_an_older_version_names_nobody(tmp_path: Path) -> None:
    project = Project(tmp_path)
    lock_file(project).parent.mkdir()
    lock_file(project).touch()
    assert holder_of(project) is None


def test_a_lock_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".dagster").touch()
    with pytest.raises(WarehouseError, match=r"\.dagster"), only_run(Project(tmp_path), print):
        pass
