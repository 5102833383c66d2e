"""What the machine refuses is one true sentence, wherever it is met: permissions, files, memory, letters."""

import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_pipeline.cli.terminal import nearest
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.machine import refusal, refusal_in, sentence_of
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.files import add_image

NOBODY = 65534

ROOT_WITHOUT_POWERS = [
    "setpriv",
    "--inh-caps=-dac_override,-dac_read_search,-fowner",
    "--bounding-set=-dac_override,-dac_read_search,-fowner",
]
"""Root reads and writes everything; without these capabilities it is a user like others."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), "The disk is full"),
        (sqlite3.OperationalError("database or disk is full"), "The disk is full"),
        (OSError(errno.EMFILE, "Too many open files", "/x/y"), "may open no more files (limit "),
        (MemoryError(), "not enough memory"),
        (RuntimeError("can't start new thread"), "not enough memory"),
        (ImportError("libx.so: failed to map segment from shared object"), "not enough memory"),
        (OSError(errno.EROFS, "Read-only file system", "/x/y"), "No permission to use /x/y"),
        (
            sqlite3.OperationalError("attempt to write a readonly database"),
            "No permission to use a file of the project",
        ),
    ],
    ids=str,
)
def test_a_refusal_is_told_by_its_kind_also_as_a_cause(error: Exception, words: str) -> None:
    wrapped = RuntimeError("in the storage of runs")
    wrapped.__cause__ = error
    for met in (error, wrapped):
        assert words in str(refusal(met))
    assert "Traceback" not in str(refusal(error))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, "The disk is full"),
        ({resource.RLIMIT_AS: 4 << 30}, "there is not enough memory"),
        ({resource.RLIMIT_DATA: 4 << 30}, "there is not enough memory"),
        ({resource.RLIMIT_FSIZE: 1 << 20}, "A file may not be larger than 1,048,576 bytes here"),
    ],
    ids=["no limit", "ulimit -v", "ulimit -d", "ulimit -f"],
)
def test_what_sqlite_calls_an_error_of_the_disk_may_be_one_of_a_limit(limits: dict[int, int], words: str) -> None:
    """It maps files that processes share; where that is refused, it says the same as for a disk that fails."""

    def limit() -> None:
        for kind, value in limits.items():
            resource.setrlimit(kind, (value, value))

    program = "from ocr_pipeline.machine import refusal_in; print(refusal_in('disk I/O error'))"
    done = subprocess.run([sys.executable, "-c", program], preexec_fn=limit, capture_output=True, text=True, timeout=60)
    assert words in done.stdout, done.stderr


@pytest.mark.parametrize("error", [ValueError("x"), sqlite3.OperationalError("no such table: runs"), KeyError("y")])
def test_what_is_no_refusal_keeps_its_traceback(error: Exception) -> None:
    assert refusal(error) is None
    assert sentence_of(error) is None


def test_our_own_errors_and_other_errors_about_a_file_are_sentences() -> None:
    ours = ConfigurationError("It is wrong.")
    assert sentence_of(ours) is ours
    said = sentence_of(NotADirectoryError(errno.ENOTDIR, "Not a directory", "/x/y"))
    assert str(said) == "/x/y cannot be used: Not a directory."
    assert refusal_in("unable to open database file") is not None


CHILD = """
import sys
from pathlib import Path
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.labels import labels_sha256
from ocr_pipeline.machine import sentence_of
from ocr_pipeline.operation.waiting import only_run
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore, write_durably
from ocr_pipeline.warehouse.connection import Warehouse

project = Project(Path(sys.argv[1]))

def lock():
    with only_run(project, print):
        pass

tries = {
    "lock": lock,
    "results": lambda: ResultStore(project.results).get("ocr", "a" * 64),
    "database": lambda: Warehouse(project.database).rows("SELECT 1"),
    "report": lambda: write_durably(project.report / "index.html", "x"),
    "label": lambda: [labels_sha256(source) for source in find_documents(project.data)],
}
for name in sys.argv[2:]:
    try:
        tries[name]()
    except Exception as error:
        print(name, sentence_of(error) or repr(error))
    else:
        print(name, "works")
"""


def _protect(path: Path, mode: int) -> None:
    """What this process' child may not use."""
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def test_what_belongs_to_somebody_else_is_named(project: Project) -> None:
    add_image(project, "a.png", total="1.00")
    Warehouse(project.database).replace_all({})
    project.dagster_home.mkdir()
    (project.dagster_home / "run.lock").touch()
    for folder in (project.results / "ocr", project.report):
        folder.mkdir(parents=True)
    refused = {
        "lock": project.dagster_home / "run.lock",
        "results": project.results,
        "database": project.database,
        "report": project.report,
        "label": project.data / "documents" / "a.png.json",
    }
    for path in refused.values():
        _protect(path, 0o500 if path.is_dir() and path == project.report else 0o000)
    as_user = ROOT_WITHOUT_POWERS if os.geteuid() == 0 else []
    if as_user and shutil.which("setpriv") is None:
        pytest.skip("root, and no setpriv")
    done = subprocess.run(
        [*as_user, sys.executable, "-c", CHILD, str(project.root), *refused],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert done.returncode == 0, done.stderr
    assert set(said) == set(refused)
    for name, path in refused.items():
        assert said[name].startswith("No permission to use "), said[name]
        assert str(path) in said[name] or path.name in said[name]


def test_too_few_files_are_told_from_a_database_that_is_missing(tmp_path: Path) -> None:
    code = (
        "import resource, sys\n"
        "from ocr_pipeline.machine import sentence_of\n"
        "import sqlite3\n"
        "held = []\n"
        "try:\n"
        "    while True: held.append(open(sys.argv[1] + '/f', 'a'))\n"
        "except OSError as error: print(sentence_of(error))\n"
        "try: sqlite3.connect(sys.argv[1] + '/x.db').execute('CREATE TABLE t (x)')\n"
        "except sqlite3.Error as error: print(sentence_of(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert all("may open no more files (limit 64): raise it with `ulimit -n 4096`" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Café – Zürich", "Cafe - Zurich"),
        ("╭─┐│", "+-+|"),
        ("12 € × 3 …", "12 EUR x 3 ..."),
        ("发票", "??"),
        ("✓ ✗ ∅", "v x o"),
    ],
)
def test_the_nearest_letters(text: str, shown: str) -> None:
    assert nearest(text) == shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_no_command_fails_for_a_letter(project: Project, encoding: str) -> None:
    add_image(project, "Café – 发票.png")
    done = subprocess.run(
        [sys.executable, "-m", "ocr_pipeline.cli", "documents"],
        capture_output=True, timeout=120, check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done.stdout.decode(encoding)
    assert b"1 document" in done.stdout
