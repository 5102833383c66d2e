"""What a real browser lets pages send, and what of it the guard passes on."""

from collections import Counter

import pytest

from ocr_pipeline.web.access import Access
from ocr_pipeline.web.asgi import Receive, Scope, Send
from ocr_pipeline.web.guard import Guard
from ocr_pipeline.web.login import login_path
from ocr_pipeline_tests.browser import headless
from ocr_pipeline_tests.web.foreign import foreign_site
from ocr_pipeline_tests.web.served import served

TOKEN = "a-token-of-the-tests-0123456789"
QUERY = "{version}"
ANOTHER = "--host-resolver-rules=MAP invoices.test 127.0.0.1"

pytestmark = pytest.mark.slow


def test_no_foreign_page_reaches_the_application() -> None:
    """Other ports of the same host are the same site, but another origin; other names are another site."""
    access = Access.on("127.0.0.1", query_paths=["/graphql"])
    with (
        served(access) as server,
        foreign_site(f"http://127.0.0.1:{server.port}", QUERY) as port,
        headless(ANOTHER) as browser,
    ):
        for host in ("127.0.0.1", "localhost", "invoices.test"):
            page = browser.new_page()
            page.goto(f"http://{host}:{port}/")
            page.wait_for_function("document.title == 'tried'")
            assert server.reached == [], host
            page.close()


def test_without_the_guard_the_same_page_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the test above tries what would work."""

    async def let_through(guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        await guard._app(scope, receive, send)

    monkeypatch.setattr(Guard, "__call__", let_through)
    with (
        served(Access()) as server,
        foreign_site(f"http://127.0.0.1:{server.port}", QUERY) as port,
        headless() as browser,
    ):
        page = browser.new_page()
        page.goto(f"http://localhost:{port}/")
        page.wait_for_function("document.title == 'tried'")
        reached = Counter(server.reached)
        assert reached["POST /graphql"] >= 8
        assert reached["GET /graphql"] >= 6
        assert reached["socket /graphql"] == 1


def test_a_foreign_name_for_this_machine_is_refused() -> None:
    with served(Access.on("127.0.0.1")) as server, headless(ANOTHER) as browser:
        page = browser.new_page()
        answer = page.goto(f"http://invoices.test:{server.port}/")
        assert answer is not None
        assert answer.status == 403
        assert server.reached == []
    with served(Access.on("127.0.0.1", ["invoices.test"])) as server, headless(ANOTHER) as browser:
        answer = browser.new_page().goto(f"http://invoices.test:{server.port}/")
        assert answer is not None
        assert answer.status == 200


def test_own_pages_and_links_from_elsewhere_work() -> None:
    with (
        served(Access.on("127.0.0.1")) as server,
        foreign_site("http://127.0.0.1:9", QUERY) as port,
        headless() as browser,
    ):
        page = browser.new_page()
        page.goto(f"http://localhost:{port}/")
        page.evaluate(f"location.href = 'http://127.0.0.1:{server.port}/assets'")
        page.wait_for_function("document.title == 'the app'")
        assert page.evaluate("fetch('/a', {method: 'POST', body: 'x'}).then(answer => answer.status)") == 200
        script = (
            "new Promise(done => new WebSocket(location.origin.replace('http', 'ws')).onmessage = m => done(m.data))"
        )
        assert page.evaluate(script) == "hello"
        assert {"GET /assets", "POST /a", "socket /"} <= set(server.reached)


def test_login_by_link_and_by_form() -> None:
    with served(Access.on("127.0.0.1", token=TOKEN)) as server, headless() as browser:
        base = f"http://127.0.0.1:{server.port}"
        by_link = browser.new_context().new_page()
        by_link.goto(base + login_path(TOKEN))
        by_link.wait_for_function("document.title == 'the app'")
        assert TOKEN not in by_link.url + by_link.evaluate("document.referrer + document.cookie")
        by_form = browser.new_context().new_page()
        by_form.goto(base)
        by_form.get_by_label("Token").fill("a wrong one")
        by_form.get_by_role("button").click()
        by_form.get_by_text("This token is wrong.").wait_for()
        assert "GET /assets" not in server.reached
        by_form.get_by_label("Token").fill(TOKEN)
        by_form.get_by_role("button").click()
        by_form.wait_for_function("document.title == 'the app'")
        assert by_form.evaluate("fetch('/a', {method: 'POST'}).then(answer => answer.status)") == 200
