"""The label page over a real socket, behind the guard, and a browser that is logged in."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from ocr_pipeline.labelling.server import build_app
from ocr_pipeline.labelling.session import Session
from ocr_pipeline.web.access import Access, new_token
from ocr_pipeline.web.guard import Guard
from ocr_pipeline.web.login import login_path
from ocr_pipeline_tests.browser import headless
from ocr_pipeline_tests.labelling.shop import Shop, make_shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make_shop(tmp_path / "project")


@dataclass
class Served:
    """The server of one session, and browser windows on it that record what went wrong."""

    browser: "Browser"
    url: str
    token: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def window(self, width: int = 1280, height: int = 900, theme: str = "light") -> "Page":
        """An empty page in a window of its own, logged in."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light"
        )
        self.contexts.append(context)
        page = self.tab(context)
        page.goto(self.url + login_path(self.token))
        page.wait_for_url(f"{self.url}/")
        return page

    def tab(self, context: Any) -> "Page":
        page: Page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def open(self, document: str, **settings: Any) -> "Page":
        """The page of a document."""
        page = self.window(**settings)
        page.goto(f"{self.url}/documents/{document}")
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with headless() as browser:
        yield browser


@pytest.fixture
def served(shop: Shop, browser: "Browser") -> Iterator[Served]:
    """Fails if the browser complained or asked another host for anything."""
    yield from serving(Session(shop.project, shop.warehouse), browser)


def serving(session: Session, browser: "Browser") -> Iterator[Served]:
    """Serve a session until the test is over."""
    token = new_token()
    settings: dict[str, Any] = {"log_level": "warning", "access_log": False}
    app = Guard(build_app(session), Access.on("127.0.0.1", token=token))
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, **settings))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    served = Served(browser, f"http://127.0.0.1:{port}", token)
    yield served
    for context in served.contexts:
        context.close()
    server.should_exit = True
    thread.join()
    session.pages.close()
    assert served.complaints == []
    assert [url for url in served.requests if not url.startswith((served.url, "data:"))] == []
