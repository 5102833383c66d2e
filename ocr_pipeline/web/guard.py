"""An ASGI middleware that lets a local server be commanded by its own pages only.

Any page in a browser can send requests to servers of the same machine: forms, images, scripts, WebSockets; and a foreign
host name can be pointed at 127.0.0.1. So a server without logins needs three checks, and a public one a token as well:

- the `Host` header names this server (`Access.knows`);
- what a page of another origin sends is refused, by `Origin` and `Sec-Fetch-Site`; except a link that opens a page;
- a command without these headers, which no current browser sends, has a content type that forms cannot have.

Sources: Fetch Metadata Request Headers (W3C); RFC 6455, section 10.2; RFC 9110, section 7.2; the Fetch standard
(CORS-safelisted request headers). See docs/decisions/0018.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from ocr_pipeline.web.access import LOGIN_PATH, Access, Authority, authority_of
from ocr_pipeline.web.asgi import App, Message, Receive, Scope, Send
from ocr_pipeline.web.login import Login

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SIMPLE_TYPES = frozenset({"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})
"""Content types that a page may send anywhere without asking first."""
DEFAULT_PORTS = {"http": 80, "https": 443}

UNKNOWN_HOST = "This server is not known by this host name. If it is right, start the server with --allowed-host NAME."
FOREIGN = "This request comes from a page of another site and was refused."
NOT_JSON = "Commands need the header Content-Type: application/json."
QUERY = "Send the query as POST with the header Content-Type: application/json."

_HEADERS = {
    b"x-frame-options": b"SAMEORIGIN",
    b"cross-origin-resource-policy": b"same-origin",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
}
"""Added to each response that does not set them."""


class Headers:
    """The request headers of an ASGI scope, by lower-case name."""

    def __init__(self, scope: Scope) -> None:
        self._pairs: list[tuple[bytes, bytes]] = list(scope.get("headers", ()))

    def all(self, name: str) -> list[str]:
        """The values of every header of this name."""
        return [value.decode("latin-1").strip() for key, value in self._pairs if key.lower() == name.encode()]

    def only(self, name: str) -> str | None:
        """The value; None if there is none. A header that is given more than once is `?`, which nothing accepts."""
        values = self.all(name)
        return values[0] if len(values) == 1 else "?" if values else None


class Guard:
    """Passes on to `app` what `access` admits; answers everything else itself (400, 401 or 403)."""

    def __init__(self, app: App, access: Access) -> None:
        self._app = app
        self._access = access
        self._login = Login(access)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):  # lifespan
            await self._app(scope, receive, send)
            return
        headers = Headers(scope)
        refused = refusal(scope, headers, self._access)
        if refused is not None:
            await _refuse(scope, receive, send, *refused)
        elif self._access.token is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "http" and scope["path"] == LOGIN_PATH:
            await self._login.answer(scope, receive, _with_headers(send))
        elif self._access.admits(headers.all("cookie"), headers.all("authorization")):
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "http" and scope["method"] == "GET":
            await self._login.ask(_with_headers(send))
        else:
            await _refuse(scope, receive, send, 401, "Log in first.")


def refusal(scope: Scope, headers: Headers, access: Access) -> tuple[int, str] | None:
    """Status and sentence if the request must not reach the application, whoever sends it; else None."""
    host = authority_of(headers.only("host") or "")
    server = scope.get("server") or (None, None)
    if host is None:
        return 400, UNKNOWN_HOST
    if not access.knows(host[0], server[0]):
        return 403, UNKNOWN_HOST
    if scope["type"] == "websocket":
        # Every browser names the origin; a program that is none can do so, too.
        own = is_own(headers.only("origin") or "", host) and headers.only("sec-fetch-site") in (None, "same-origin")
        return None if own else (403, FOREIGN)
    is_query = scope["path"] in access.query_paths
    is_command = scope["method"] not in SAFE_METHODS
    if _is_foreign(headers, host, may_link=not is_command and not is_query):
        return 403, FOREIGN
    if is_command and headers.only("origin") is None and _essence(headers) in SIMPLE_TYPES:
        return 403, NOT_JSON
    if is_query and not is_command and "text/html" not in (headers.only("accept") or ""):
        return 403, QUERY
    return None


def is_own(origin: str, host: Authority) -> bool:
    """Whether an `Origin` (or `Referer`) is the server as the browser knows it: the name and port of its `Host`.

    The scheme may be https: a proxy may stand in front.
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    default = DEFAULT_PORTS.get(parts.scheme)
    named = authority_of(parts.netloc)
    if default is None or named is None:
        return False
    return (named[0], named[1] or default) == (host[0], host[1] or default)


def _is_foreign(headers: Headers, host: Authority, may_link: bool) -> bool:
    origin, site, referrer = headers.only("origin"), headers.only("sec-fetch-site"), headers.only("referer")
    if origin is not None and not is_own(origin, host):
        return True
    opens_page = headers.only("sec-fetch-mode") == "navigate" and headers.only("sec-fetch-dest") == "document"
    if site is not None:
        return site not in ("same-origin", "none") and not (may_link and opens_page)
    # Browsers leave Sec-Fetch-* out if the server is neither on this machine nor behind https.
    if origin is None and referrer is not None and not is_own(referrer, host):
        return not (may_link and "text/html" in (headers.only("accept") or ""))
    return False


def _essence(headers: Headers) -> str:
    given = headers.only("content-type") or ""
    return "" if given == "?" else given.partition(";")[0].strip().lower()


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given: Iterable[tuple[bytes, bytes]] = message.get("headers", ())
            present = {key.lower() for key, _ in given}
            message["headers"] = [*given, *(pair for pair in _HEADERS.items() if pair[0] not in present)]
        await send(message)

    return sending


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()  # websocket.connect
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the server answers 403
        return
    body = f"{sentence}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await _with_headers(send)({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
