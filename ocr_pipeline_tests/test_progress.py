"""What a person sees while a stage is at work: pages done, the rate and the time left."""

import io
import logging
import os
import re
import time

import pytest
from rich.console import Console

from ocr_pipeline.cli.progress import TerminalProgress
from ocr_pipeline.defs.resources import LogProgress


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_terminal_shows_pages_rate_and_remaining_time() -> None:
    out, clock = io.StringIO(), Clock()
    console = Console(file=out, width=110, force_terminal=True, color_system=None, get_time=clock)
    with TerminalProgress(console) as progress:
        progress.start("ocr rapidocr", 6, "pages")
        progress.start("ocr rapidocr", 4, "pages")  # a second range of cells
        for cached, failed, pages in ((True, False, 3), (False, True, 2), (False, False, 1)):
            clock.now += 2
            progress.advance("ocr rapidocr", cached=cached, failed=failed, by=pages)
    last = next(line for line in reversed(out.getvalue().splitlines()) if "pages" in line)
    assert re.search(r"ocr rapidocr .* 6/10 +pages .* 0\.8/s · 0:06 left +1 cached, 1 failed", last), last


def test_a_pipe_gets_a_line_now_and_then() -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w", buffering=1) as pipe, os.fdopen(read) as lines:
        console = Console(file=pipe, width=110)
        with TerminalProgress(console, every=0.02) as progress:
            assert re.fullmatch(r"still at work, 0:0\d\n", lines.readline())
            progress.start("ocr rapidocr", 4, "pages")
            progress.advance("ocr rapidocr", cached=False, failed=True)
            line = next(line for line in lines if "1 failed" in line)
    assert re.fullmatch(r"ocr rapidocr: 1 of 4 pages, 1 failed, 0:0\d\n", line)


def test_a_terminal_gets_no_such_lines() -> None:
    out = io.StringIO()
    with TerminalProgress(Console(file=out, force_terminal=True), every=0.001) as progress:
        progress.start("ocr rapidocr", 4, "pages")
        time.sleep(0.05)
    assert " of 4 pages" not in out.getvalue()


def test_the_log_reports_every_tenth(caplog: pytest.LogCaptureFixture) -> None:
    progress = LogProgress()
    with caplog.at_level(logging.INFO):
        progress.start("ocr", 40, "pages")
        for page in range(40):
            progress.advance("ocr", cached=page == 0, failed=False)
    begin, first, *_, last = caplog.messages
    assert begin == "ocr: 40 pages"
    assert len(caplog.messages) == 11
    stated = r"ocr: 4 of 40 pages done, 1 documents from the result store, 0 failed, [\d.]+ pages/s, about \d+ s left"
    assert re.fullmatch(stated, first)
    assert last.startswith("ocr: 40 of 40 pages done")
    assert "left" not in last
