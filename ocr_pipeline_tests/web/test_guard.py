"""What reaches an application behind the guard: harmless requests over real sockets."""

from collections.abc import Iterator

import pytest

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.web.access import Access
from ocr_pipeline.web.login import login_path
from ocr_pipeline_tests.web.served import Served, served

TOKEN = "a-token-of-the-tests-0123456789"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(Access.on("127.0.0.1", ["Invoices.example.com"], query_paths=["/graphql"])) as running:
        yield running


@pytest.fixture(scope="module")
def locked() -> Iterator[Served]:
    with served(Access.on("127.0.0.1", token=TOKEN)) as running:
        yield running


def head(method: str = "GET", path: str = "/", host: str | None = "localhost", **headers: str) -> str:
    lines = [f"{method} {path} HTTP/1.1", "Connection: close"]
    lines += [] if host is None else [f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\n".join(lines) + "\n\n"


@pytest.mark.parametrize(
    "host",
    [
        *["localhost", "LOCALHOST", "localhost.", "localhost:3000", "127.0.0.1", "127.0.0.1:1", "127.1.2.3"],
        *["[::1]", "[::1]:3000", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"],
        *["invoices.example.com", "INVOICES.example.COM.:8080"],
    ],
)
def test_it_answers_to_its_names(server: Served, host: str) -> None:
    assert server.raw(head(host=host))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        *["example.com", "localhost.example.com", "a.localhost", "localhost..", "xlocalhost", "192.168.1.1", "[::2]"],
        *["", "localhost:", "localhost:x", "localhost:99999", "localhost:0", "user@localhost", "localhost/"],
        *["localhost,localhost", "2130706433"],
        *["0x7f.1", "127.1", "::1", "[::1", "[127.0.0.1]x", "[::1%25lo]", "local host", "lócalhost", "*"],
    ],
)  # fmt: skip
def test_it_answers_to_no_other_name(server: Served, host: str) -> None:
    before = list(server.reached)
    status, answer = server.raw(head(host=host))
    assert status in (400, 403), answer
    assert server.reached == before


def test_no_host_and_two_hosts_are_refused(server: Served) -> None:
    before = list(server.reached)
    assert server.raw(head(host=None))[0] == 400
    assert server.raw("GET / HTTP/1.0\n\n")[0] == 400
    assert server.raw("GET / HTTP/1.1\nHost: localhost\nHost: example.com\nConnection: close\n\n")[0] == 400
    assert server.reached == before


JSON = {"Content_Type": "application/json", "Content_Length": "0"}
OWN = {"Origin": "http://localhost:3000"}
LINK = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document", "Accept": "text/html"}


@pytest.mark.parametrize(
    "request_text",
    [
        head(),
        head("HEAD"),
        head("POST", **JSON),  # a program, not a page
        head("POST", host="localhost:3000", **JSON, **OWN, Sec_Fetch_Site="same-origin"),
        head("POST", host="LocalHost.:3000", **JSON, **OWN),
        head("POST", host="localhost:3000", **OWN, Content_Type="multipart/form-data; boundary=x", Content_Length="0"),
        head("POST", host="localhost", **JSON, Origin="http://localhost"),
        head("POST", host="localhost:80", **JSON, Origin="http://localhost"),
        head("POST", host="invoices.example.com", **JSON, Origin="https://invoices.example.com"),  # behind a proxy
        head("POST", host="[::1]:3000", **JSON, Origin="http://[::1]:3000"),
        head("DELETE", host="localhost:3000", **OWN),
        head(Sec_Fetch_Site="cross-site", **LINK),
        head(Sec_Fetch_Site="same-site", **LINK),
        head(Referer="http://example.com/mail", Accept="text/html,*/*"),
        head(path="/graphql?query={version}", Accept="text/html", Sec_Fetch_Site="none"),
        head(host="localhost:3000", Referer="http://localhost:3000/runs"),
    ],
)
def test_own_pages_programs_and_links_pass(server: Served, request_text: str) -> None:
    status, answer = server.raw(request_text)
    assert status == 200, answer
    for header in ("x-frame-options: SAMEORIGIN", "cross-origin-resource-policy: same-origin"):
        assert header in answer


@pytest.mark.parametrize(
    "request_text",
    [
        *(
            head("POST", host="localhost:3000", **JSON, Origin=origin)
            for origin in (
                *("null", "", "http://localhost:3001", "http://localhost", "http://example.com", "ftp://localhost:3000"),
                *("http://127.0.0.1:3000", "localhost:3000", "http://localhost:3000.example.com", "http://x@localhost:3000"),
                *("http://localhost:3000, http://localhost:3000", "http://[", "file://localhost:3000"),
            )
        ),
        head("POST", host="localhost:3000", **JSON, **OWN, Sec_Fetch_Site="same-site"),
        head("POST", **JSON, Sec_Fetch_Site="cross-site"),
        head("POST", **JSON, Referer="http://example.com/"),
        head("POST", **JSON, Sec_Fetch_Site="cross-site", **LINK),  # a form
        head("POST", Content_Length="0"),
        *(
            head("POST", Content_Length="0", Content_Type=kind)
            for kind in ("text/plain", "TEXT/PLAIN; a=application/json", "multipart/form-data; boundary=x")
        ),
        head("PUT", Content_Length="0", Content_Type="application/x-www-form-urlencoded"),
        head("OPTIONS", Origin="http://example.com", Access_Control_Request_Method="POST"),
        head(Origin="null"),
        head(Sec_Fetch_Site="cross-site"),
        head(Sec_Fetch_Site="same-site", Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image"),
        head(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe", Accept="text/html"),
        head(Referer="http://example.com/", Accept="*/*"),
        head(path="/graphql?query={version}"),
        head(path="/graphql?query={version}", Accept="application/json", Sec_Fetch_Site="same-origin"),
        head(path="/graphql?query={version}", Sec_Fetch_Site="cross-site", **LINK),
        "POST / HTTP/1.1\nHost: localhost\nConnection: close\nContent-Length: 0\nContent-Type: application/json\n"
        "Content-Type: text/plain\n\n",
        "POST / HTTP/1.1\nHost: localhost:3000\nConnection: close\nContent-Length: 0\nOrigin: http://localhost:3000\n"
        "Origin: http://example.com\n\n",
    ],
)  # fmt: skip
def test_what_a_foreign_page_can_send_does_not_pass(server: Served, request_text: str) -> None:
    before = list(server.reached)
    status, answer = server.raw(request_text)
    assert status == 403, answer
    assert "access-control-allow" not in answer.lower()
    assert server.reached == before


def upgrade(**headers: str) -> str:
    return head(
        path="/graphql",
        host="localhost:3000",
        Upgrade="websocket",
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
        **headers,
    ).replace("Connection: close", "Connection: Upgrade")


def test_a_socket_is_for_own_pages(server: Served) -> None:
    assert server.raw(upgrade(**OWN))[0] == 101
    assert server.reached.pop() == "socket /graphql"
    before = list(server.reached)
    for origin in ("http://localhost:3001", "null", "http://example.com"):
        assert server.raw(upgrade(Origin=origin))[0] == 403
    assert server.raw(upgrade())[0] == 403
    assert server.raw(upgrade(**OWN, Sec_Fetch_Site="same-site"))[0] == 403
    assert server.raw(upgrade(**OWN).replace("Host: localhost", "Host: example.com"))[0] == 403
    assert server.reached == before


def test_nothing_passes_without_the_token(locked: Served) -> None:
    before = list(locked.reached)
    status, answer = locked.raw(head())
    assert status == 401
    assert "<form" in answer
    assert locked.raw(head("POST", **JSON))[0] == 401
    assert locked.raw(upgrade(**OWN))[0] == 403
    assert locked.raw(head(Authorization="Bearer wrong"))[0] == 401
    assert locked.raw(head(Authorization=f"Basic {TOKEN}"))[0] == 401
    assert locked.raw(head(path=login_path("wrong")))[0] == 401
    assert locked.raw(head(path=f"/?token={TOKEN}"))[0] == 401
    assert locked.raw(head(path="/-/login?token=%FF%FE&token"))[0] == 401
    assert locked.raw(head("POST", path="/-/login", Content_Length="5000", **OWN) + "token=" + "x" * 4994)[0] in (
        401,
        403,
    )
    assert locked.reached == before
    for way in (head(Authorization=f"Bearer {TOKEN}"), head("POST", Authorization=f"bearer {TOKEN}", **JSON)):
        assert locked.raw(way)[0] == 200


def test_the_login_link_gives_a_cookie_that_is_not_the_token(locked: Served) -> None:
    status, answer = locked.raw(head(path=login_path(TOKEN)))
    assert status == 200
    assert TOKEN not in answer
    assert "referrer-policy: no-referrer" in answer
    cookie = next(line for line in answer.split("\r\n") if line.startswith("set-cookie:")).partition(": ")[2]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    pair = cookie.partition(";")[0]
    assert locked.raw(head(Cookie=f"other=a; {pair}; b=c"))[0] == 200
    assert locked.raw(head(Cookie=f"{pair}x"))[0] == 401
    assert locked.raw(upgrade(**OWN, Cookie=pair))[0] == 101
    # The cookie is no leave for foreign pages.
    assert locked.raw(head("POST", **JSON, Cookie=pair, Origin="http://localhost:3001"))[0] == 403


def test_the_form_logs_in(locked: Served) -> None:
    body = f"token={TOKEN}"
    form = {"Content_Type": "application/x-www-form-urlencoded", "Content_Length": str(len(body))}
    sent = head("POST", path="/-/login", host="localhost:3000", **OWN, **form) + body
    assert "set-cookie" in locked.raw(sent)[1]
    foreign = head("POST", path="/-/login", host="localhost:3000", Origin="http://example.com", **form) + body
    assert "set-cookie" not in locked.raw(foreign)[1]


def test_a_server_on_all_addresses_is_known_by_the_one_that_was_reached() -> None:
    access = Access.on("0.0.0.0", ["scans.lan"])
    assert access.knows("192.168.1.5", "192.168.1.5")
    assert access.knows("scans.lan", "192.168.1.5")
    assert access.knows("localhost", "127.0.0.1")
    assert not access.knows("192.168.1.6", "192.168.1.5")
    assert not access.knows("0.0.0.0", "192.168.1.5")
    assert Access.on("::").knows("192.168.1.5", "::ffff:192.168.1.5")
    assert not Access.on("192.168.1.5").knows("192.168.1.6", "192.168.1.6")
    assert TOKEN not in repr(Access.on("::", token=TOKEN))


@pytest.mark.parametrize("name", ["http://scans.lan", "scans.lan:80:1", "", "a b", "*", "scans.lan/"])
def test_a_host_name_that_is_none_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a host name"):
        Access.on("127.0.0.1", [name])


@pytest.mark.parametrize("token", ["", "short", "é" * 20, "line\nbreak" * 3])
def test_a_weak_token_is_refused_without_being_repeated(token: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        Access.on("127.0.0.1", token=token)
    assert not token or token not in str(error.value)
