from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline_tests.browser import headless
from ocr_pipeline_tests.inspected import inspected

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project of `inspected`, with the report written by its run. Must not be modified."""
    return inspected(tmp_path_factory.mktemp("site") / "project")


@pytest.fixture(scope="module")
def browser(site: Project) -> Iterator["Browser"]:
    """After `site`, and closed with the module: while it is open, this thread has a running event loop, and Dagster wants
    one of its own."""
    with headless() as browser:
        yield browser


@dataclass
class Reader:
    """Opens pages of the report and records requests and errors of the browser."""

    browser: "Browser"
    folder: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def open(self, name: str, width: int = 1400, height: int = 900, theme: str = "light") -> "Page":
        """Open a page of the report in its own window."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light"
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{self.folder.as_uri()}/{name}")
        return page


@pytest.fixture
def reader(browser: "Browser", site: Project) -> Iterator[Reader]:
    """Fails if the browser reported an error or loaded anything outside the report."""
    reader = Reader(browser, site.report)
    yield reader
    for context in reader.contexts:
        context.close()
    assert reader.complaints == []
    assert [url for url in reader.requests if not url.startswith((site.report.as_uri(), "data:"))] == []
