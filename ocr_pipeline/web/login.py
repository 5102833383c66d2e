"""Logging in with the token: by a link or by a form. A cookie that no page of another site can use remembers it."""

from urllib.parse import parse_qs

from ocr_pipeline.web.access import LOGIN_PATH, Access
from ocr_pipeline.web.asgi import Receive, Scope, Send

MAX_BODY = 4096

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}
<style>body {{ font: 16px/1.5 sans-serif; margin: 15vh auto; max-width: 26rem; padding: 0 1rem }}
input, button {{ font: inherit }}</style>
</head><body><main><h1>{title}</h1>{body}</main></body></html>
"""
_FORM = """<form method="post" action="{path}">
<label for="token">Token</label> <input id="token" name="token" type="password" autocomplete="off" autofocus required>
<button>Log in</button></form>
<p>The program that started this server printed a login link, or said where it is.</p>"""


def login_path(token: str) -> str:
    """Path and query of the link that logs in."""
    return f"{LOGIN_PATH}?token={token}"


class Login:
    """The page that asks for the token, and the answer to it."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def ask(self, send: Send, is_wrong: bool = False) -> None:
        """Answer 401 with the form."""
        note = "<p role='alert'>This token is wrong.</p>" if is_wrong else ""
        await _page(send, 401, "Log in", note + _FORM.format(path=LOGIN_PATH))

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the link (GET) or the form (POST)."""
        query: bytes = await _body(receive) if scope["method"] == "POST" else scope.get("query_string", b"")
        given = _token(query)
        if scope["method"] not in ("GET", "POST") or not self._access.is_token(given):
            await self.ask(send, is_wrong=bool(given))
            return
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        cookie = f"{self._access.cookie}={self._access.cookie_value}; Path=/; HttpOnly; SameSite=Strict{secure}"
        # A page and no redirect: after a redirect that a foreign link started, the browser would hold the cookie back.
        head = '<meta http-equiv="refresh" content="0;url=/">'
        headers = [(b"set-cookie", cookie.encode()), (b"referrer-policy", b"no-referrer")]
        await _page(send, 200, "Logged in", '<p><a href="/">Go on</a></p>', head, headers)


def _token(query: bytes) -> str:
    try:
        return parse_qs(query.decode("ascii"), max_num_fields=8).get("token", [""])[0]
    except ValueError:
        return ""


async def _body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= MAX_BODY:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body
    return b""


async def _page(
    send: Send,
    status: int,
    title: str,
    body: str,
    head: str = "",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    content = _PAGE.format(title=title, head=head, body=body).encode()
    policy = (
        b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    start = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", policy),
        *(headers or ()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": content})
