"""Runs of `ocr-pipeline` as processes of their own, with the probe in them, a time limit, and nothing left behind."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

REPOSITORY = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).resolve().parent / "child"
LIMIT = float(os.environ.get("DRILL_LIMIT", "240"))
"""Seconds after which a run counts as hung. A run of the drill takes about 10 s on an idle core."""
AFTERWARDS = 15.0
"""Seconds that processes of a run have to end after it."""


@dataclass(frozen=True)
class Ended:
    """What became of a process. `left`: processes that it started and that outlived it."""

    code: int
    out: str
    err: str
    hung: bool
    left: int

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def crashed(self) -> bool:
        """A traceback, a signal, or an exit code that no command has."""
        traced = "Traceback (most recent call last)" in self.out + self.err
        return not self.hung and not self.killed and (traced or self.code not in (0, 1, 130))


@dataclass
class Run:
    """A started `ocr-pipeline run`.

    Args:
        root: the project.
        tree: the folder with the package `ocr_pipeline`.
        kill: a moment as `LABEL#N`; `group`: kills all its processes at once.
        free: without the project's lock.
        limits: resource limits by `resource.RLIMIT_…`.
    """

    root: Path
    arguments: Sequence[str] = ()
    tree: Path = REPOSITORY
    kill: str = ""
    group: bool = False
    free: bool = False
    limits: Mapping[int, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> "Run":
        self.mark = uuid4().hex
        self.folder = journal(self.root).parent
        self.folder.mkdir(exist_ok=True)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DRILL_", "OCR_PIPELINE_"))},
            "PYTHONPATH": os.pathsep.join(map(str, (CHILD, self.tree, REPOSITORY))),
            "OCR_PIPELINE_HOME": str(self.root),
            "DRILL_JOURNAL": str(journal(self.root)),
            "DRILL_MARK": self.mark,
            "DRILL_KILL": self.kill,
            "DRILL_WHO": "group" if self.group else "",
            "DRILL_FREE": "1" if self.free else "",
            "GEMINI_API_KEY": "CANARY-KEY",
            "OPENAI_API_KEY": "CANARY-KEY",
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "400",
            **self.environment,
        }
        self.files = [(self.folder / f"{self.mark}.{name}").open("w+", encoding="utf-8") for name in ("out", "err")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ocr_pipeline.cli", *(self.arguments or ["run"])],
            stdout=self.files[0],
            stderr=self.files[1],
            env=environment,
            cwd=self.tree,
            start_new_session=True,
            preexec_fn=self._limit if self.limits else None,
        )
        return self

    def _limit(self) -> None:
        for name, value in self.limits.items():
            resource.setrlimit(name, (value, value))

    def wait(self, limit: float = LIMIT) -> Ended:
        """Wait for the process and for all that it has started; whatever is left is counted, then ended."""
        hung = False
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            hung = True
            self.process.send_signal(signal.SIGUSR1)  # its stacks, into the file of its standard error
            time.sleep(1)
            self.process.kill()
            self.process.wait()
        end = time.monotonic() + AFTERWARDS
        while (left := marked(self.mark)) and time.monotonic() < end and not hung:
            time.sleep(0.1)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        texts = []
        for file in self.files:
            file.seek(0)
            texts.append(file.read())
            file.close()
        return Ended(self.process.returncode, texts[0], texts[1], hung, 0 if hung else len(left))


def journal(root: Path) -> Path:
    """The probe's journal of a project; outside of it, because its disk may be full."""
    return root.parent / f"{root.name}.drill" / "journal"


def marked(mark: str) -> list[int]:
    """The processes whose environment has this mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"DRILL_MARK={mark}".encode() in (folder / "environ").read_bytes() and not _is_zombie(folder):
                found.append(int(folder.name))
    return found


def _is_zombie(folder: Path) -> bool:
    return (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
