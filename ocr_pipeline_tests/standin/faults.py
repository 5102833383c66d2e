"""Faults below the protocol: what servers, proxies and lines do to an answer, sent as bytes.

Each fault gets the body that a healthy server would have sent. What must become of the document: `ok`: it is read all the
same; `kept`: a failure that is a result, and is not asked about again; `later`: it fails now and is read by the next run;
`everyone`: the run ends with one sentence, because every other document would fail, too.
"""

import gzip
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["ok", "kept", "later", "everyone"]


@dataclass(frozen=True)
class Wire:
    """A connection, the body of a healthy answer, and an event that is set when the stand-in ends."""

    connection: socket.socket
    good: bytes
    released: threading.Event

    @property
    def is_gemini(self) -> bool:
        return "candidates" in json.loads(self.good)

    def send(self, content: bytes) -> None:
        self.connection.sendall(content)

    def answer(self, body: bytes, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> None:
        """A complete answer; `headers` replace those that it would have."""
        self.send(head(status, {"Content-Length": str(len(body)), **(headers or {})}) + body)

    def slowly(self, content: bytes, pause: float = 0.1) -> None:
        """A byte now and then."""
        for number in range(len(content)):
            if self.released.wait(pause):
                return
            self.send(content[number : number + 1])

    def reset(self) -> None:
        """End the connection as a crash does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


@dataclass(frozen=True)
class Fault:
    """How it is sent, and what must become of the document with Gemini's protocol and with OpenAI's."""

    send: Callable[[Wire], None]
    gemini: Outcome
    openai: Outcome


def head(status: str, headers: Mapping[str, str]) -> bytes:
    """The status line and headers."""
    lines = [f"{name}: {value}" for name, value in {"Content-Type": "application/json", **headers}.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def _status(status: str, headers: Mapping[str, str] | None = None) -> Callable[[Wire], None]:
    """An error of this status, in JSON that repeats what it got."""
    number = int(status.split()[0])
    error = {"error": {"code": number, "message": "CANARY-KEY about SECRET", "status": status, "type": status}}
    return lambda wire: wire.answer(json.dumps(error).encode(), status, headers)


def _body(body: bytes, headers: Mapping[str, str] | None = None) -> Callable[[Wire], None]:
    return lambda wire: wire.answer(body, headers=headers)


def _changed(change: Callable[[dict[str, Any], bool], object]) -> Callable[[Wire], None]:
    """The good body after `change(body, is_gemini)`."""

    def send(wire: Wire) -> None:
        body = json.loads(wire.good)
        change(body, wire.is_gemini)
        wire.answer(json.dumps(body).encode())

    return send


def _usage(value: object) -> Callable[[Wire], None]:
    """Counts of tokens that no answer has."""

    def change(body: dict[str, Any], is_gemini: bool) -> None:
        usage = body["usageMetadata" if is_gemini else "usage"]
        for name in usage:
            if not isinstance(usage[name], dict):
                usage[name] = value

    return _changed(change)


def _finish(gemini: str, openai: str) -> Callable[[Wire], None]:
    def change(body: dict[str, Any], is_gemini: bool) -> None:
        if is_gemini:
            body["candidates"][0]["finishReason"] = gemini
        else:
            body["choices"][0]["finish_reason"] = openai

    return _changed(change)


def _text(text: object) -> Callable[[Wire], None]:
    """The model writes something else."""

    def change(body: dict[str, Any], is_gemini: bool) -> None:
        if is_gemini:
            body["candidates"][0]["content"]["parts"] = [{"text": text}]
        else:
            body["choices"][0]["message"]["content"] = text

    return _changed(change)


def _refusal(body: dict[str, Any], is_gemini: bool) -> None:
    if is_gemini:
        body["candidates"] = []
        body["promptFeedback"] = {"blockReason": "OTHER"}
    else:
        body["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}


def _nothing(body: dict[str, Any], is_gemini: bool) -> None:
    body["candidates" if is_gemini else "choices"] = []


def _repeat_key(body: dict[str, Any], is_gemini: bool) -> None:
    body["modelVersion" if is_gemini else "model"] = "CANARY-KEY"


def _encoded(encoding: str, encode: Callable[[bytes], bytes]) -> Callable[[Wire], None]:
    return lambda wire: wire.answer(encode(wire.good), headers={"Content-Encoding": encoding})


def _bomb() -> bytes:
    deflate = zlib.compressobj(9, wbits=31)
    return b"".join(deflate.compress(bytes(1_000_000)) for _ in range(60)) + deflate.flush()


def _chunks(pieces: Iterator[bytes]) -> Callable[[Wire], None]:
    def send(wire: Wire) -> None:
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            wire.send(piece)

    return send


def _endless(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not wire.released.is_set():  # ends when the client closes
        wire.send(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def _continues(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 50)
    wire.answer(wire.good)


def _cut(wire: Wire, *, reset: bool) -> None:
    wire.send(head("200 OK", {"Content-Length": str(len(wire.good))}) + wire.good[: len(wire.good) // 2])
    if reset:
        time.sleep(0.05)
        wire.reset()


def _key_twice(wire: Wire) -> None:
    name = b'"candidates": ' if wire.is_gemini else b'"choices": '
    wire.answer(wire.good.replace(name, name + b"null, " + name, 1))


def _same(send: Callable[[Wire], None], outcome: Outcome) -> Fault:
    return Fault(send, outcome, outcome)


HTML = b"<html><body>502 Bad Gateway</body></html>"

FAULTS: dict[str, Fault] = {
    # statuses
    "status-408": _same(_status("408 Request Timeout"), "later"),
    "status-409": _same(_status("409 Conflict"), "later"),
    "status-425": _same(_status("425 Too Early"), "later"),
    "status-500": _same(_status("500 Internal Server Error"), "later"),
    "status-503": _same(_status("503 Service Unavailable", {"Retry-After": "0.1"}), "later"),
    "status-529": _same(_status("529 Site is overloaded"), "later"),
    "status-599": _same(_status("599 Network Connect Timeout"), "later"),
    "bad-gateway-page": _same(
        lambda wire: wire.answer(HTML, "502 Bad Gateway", {"Content-Type": "text/html"}), "later"
    ),
    "status-400": _same(_status("400 Bad Request"), "kept"),
    "status-413": _same(_status("413 Payload Too Large"), "kept"),
    "status-422": _same(_status("422 Unprocessable Entity"), "kept"),
    # rate limits
    "rate-limit": _same(_status("429 Too Many Requests"), "later"),
    "retry-after-0": _same(_status("429 Too Many Requests", {"Retry-After": "0"}), "later"),
    "retry-after-negative": _same(_status("429 Too Many Requests", {"Retry-After": "-5"}), "later"),
    "retry-after-words": _same(_status("429 Too Many Requests", {"Retry-After": "in a while"}), "later"),
    "retry-after-past": _same(
        _status("429 Too Many Requests", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), "later"
    ),
    "retry-after-ages": _same(_status("429 Too Many Requests", {"Retry-After": "1" + "0" * 400}), "later"),
    # the line
    "reset": _same(lambda wire: wire.reset(), "later"),
    "reset-in-body": _same(lambda wire: _cut(wire, reset=True), "later"),
    "length-too-long": _same(lambda wire: _cut(wire, reset=False), "later"),
    "length-too-short": _same(lambda wire: wire.answer(wire.good, headers={"Content-Length": "40"}), "later"),
    "length-negative": _same(lambda wire: wire.answer(wire.good, headers={"Content-Length": "-1"}), "later"),
    "closed": _same(lambda wire: None, "later"),
    "silence": _same(lambda wire: (wire.released.wait(20), None)[1], "later"),
    "drip": _same(lambda wire: wire.slowly(head("200 OK", {"Content-Length": "4000"}) + wire.good), "later"),
    "slow-headers": _same(lambda wire: wire.slowly(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 4000), "later"),
    "no-http": _same(lambda wire: wire.send(b"\x16\x03\x01 SSH-2.0-hello\r\n\r\n"), "later"),
    "huge-header": _same(lambda wire: wire.send(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n"), "later"),
    "continue-50-times": _same(_continues, "ok"),
    "endless": _same(_endless, "later"),
    "broken-chunks": _same(_chunks(iter((b"zz\r\nhello\r\n",))), "later"),
    # encodings
    "gzip-broken": _same(_encoded("gzip", lambda good: b"\x1f\x8b\x08" + good), "later"),
    "gzip-cut": _same(_encoded("gzip", lambda good: gzip.compress(good)[:-12]), "later"),
    "gzip-bomb": _same(_encoded("gzip", lambda good: _bomb()), "later"),
    "encoding-nobody-asked-for": _same(_encoded("br", lambda good: good), "later"),
    "gzip-that-is-none": _same(_encoded("gzip", lambda good: good), "later"),
    "deflate": _same(_encoded("deflate", zlib.compress), "ok"),
    # bodies
    "empty_body": _same(_body(b""), "later"),
    "large": _same(lambda wire: wire.answer(b" " * 3_000_000 + wire.good), "later"),
    "half-json": _same(_body(b'{"candidates": [{"content'), "later"),
    "not-utf-8": _same(_body(b'{"candidates": "\xff\xfe\xfa", "choices": "\xff"}'), "later"),
    "null": _same(_body(b"null"), "later"),
    "array": _same(_body(b"[1, 2]"), "later"),
    "page": _same(_body(HTML, {"Content-Type": "text/html"}), "later"),
    "deep": _same(_body(b'{"candidates":' + b"[" * 50_000 + b"]" * 50_000 + b"}"), "later"),
    "wrong-schema": _same(_body(b'{"candidates": ["SECRET"], "choices": ["SECRET"]}'), "later"),
    "error-in-200": _same(_body(b'{"error": {"message": "SECRET", "code": 503}}'), "later"),
    "plain-type": _same(lambda wire: wire.answer(wire.good, headers={"Content-Type": "text/plain"}), "ok"),
    "keys-twice": _same(_key_twice, "ok"),
    # usage
    "usage-absurd": _same(_usage(10**30), "ok"),
    "usage-negative": _same(_usage(-1_000_000), "ok"),
    "usage-text": _same(_usage("many"), "ok"),
    "usage-not-a-number": _same(_usage(float("nan")), "ok"),
    "key-repeated": _same(_changed(_repeat_key), "ok"),
    # what the model says
    "finish-length": _same(_finish("MAX_TOKENS", "length"), "kept"),
    "finish-filter": _same(_finish("SAFETY", "content_filter"), "kept"),
    "finish-unknown": _same(_finish("SOMETHING_NEW", "something_new"), "ok"),
    "refusal": _same(_changed(_refusal), "kept"),
    "no-answer": _same(_changed(_nothing), "kept"),
    "prose": _same(_text("I am sorry, I cannot read this SECRET."), "kept"),
    "deep-reply": _same(_text("[" * 20_000 + "]" * 20_000), "kept"),
    "no-text": _same(_text(None), "kept"),
    # what every other request would meet
    "redirect-301": _same(_status("301 Moved Permanently", {"Location": "http://127.0.0.1:9/"}), "everyone"),
    "redirect-302": _same(_status("302 Found", {"Location": "http://127.0.0.1:9/"}), "everyone"),
    "redirect-307": _same(_status("307 Temporary Redirect", {"Location": "http://127.0.0.1:9/"}), "everyone"),
    "redirect-308": _same(_status("308 Permanent Redirect", {"Location": "http://127.0.0.1:9/"}), "everyone"),
    "status-401": _same(_status("401 Unauthorized"), "everyone"),
    "status-402": _same(_status("402 Payment Required"), "everyone"),
    "status-403": _same(_status("403 Forbidden"), "everyone"),
    "status-404": _same(_status("404 Not Found"), "everyone"),
    "status-405": _same(_status("405 Method Not Allowed"), "everyone"),
}
