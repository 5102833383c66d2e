"""Commands under a limit of memory: what becomes of a process that a C library ends, and of signals to it."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")

SENTENCE = "There is not enough memory: close other programs"
PROGRAM = """
import ctypes, os, signal, sys, time
from ocr_pipeline.cli.app import _no_memory
from ocr_pipeline.cli.watched import run_watched

def interrupted():
    try:
        print(os.getpid(), flush=True)
        time.sleep(30)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        time.sleep(0.5)  # a second signal would end this, too
        sys.exit(130)

run_watched(lambda: {command}, _no_memory)
"""


def start(command: str, *, limit: int | None = 4 << 30) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(command=command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))) if limit else None,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("os.abort()", 1, SENTENCE),
        ("ctypes.string_at(0)", 1, SENTENCE),
        ("os._exit(127)", 1, SENTENCE),
        ("sys.exit(3)", 3, ""),
        ("print('done')", 0, ""),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
    ],
)
def test_the_end_of_a_command_is_that_of_its_process(command: str, code: int, said: str) -> None:
    process = start(command)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, said in errors, bool(errors)) == (code, True, bool(said))


def test_without_a_limit_there_is_no_second_process() -> None:
    process = start("print(os.getpid())", limit=None)
    assert int(process.communicate(timeout=60)[0]) == process.pid


def test_an_interrupt_of_the_process_reaches_the_command() -> None:
    process = start("interrupted()")
    assert process.stdout
    pid = int(process.stdout.readline())
    assert pid != process.pid
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "interrupted\n"
    assert process.returncode == 130


def test_the_command_ends_with_the_process_that_watches_it() -> None:
    process = start("interrupted()")
    assert process.stdout
    pid = int(process.stdout.readline())
    process.kill()
    process.wait(60)
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
