"""The HTTP client below both SDKs: every request ends in time, no answer is larger than allowed, and no redirect is followed.

The time limits of httpx hold between two pieces of an answer: a server that sends one byte now and then would keep a call
for ever. Here the limit that the SDK passes on is one for the whole request. A redirect would hand key and document to
whichever host it names.

Imports httpx2, so it is imported when a client is made.
"""

import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.models.limits import Clock
from ocr_pipeline.models.provider import Provider

GRACE = 4.0
"""Seconds that a call in flight has left when the run is stopped: what it brings is paid for."""
SLICE = 0.5
"""Seconds after which a thread that waits for an answer looks whether the run was stopped."""
CHUNK = 16 * 1024
"""Bytes that are written before the time is looked at again."""
BATCH = 100
"""A finished batch job brings many answers in one."""

Value = TypeVar("Value")


class UnreadableAnswer(httpx2.TransportError):
    """An answer that is too large, or not encoded as it says. The message completes "gemini ..."."""


def http_client(provider: Provider, clock: Clock) -> httpx2.Client:
    """The client for one provider, for many threads."""
    return httpx2.Client(
        transport=_Transport(provider, clock),
        timeout=provider.timeout,
        follow_redirects=False,
        headers={"accept-encoding": "gzip, deflate"},  # the encodings that are unpacked within a limit
    )


class _Transport(httpx2.BaseTransport):
    def __init__(self, provider: Provider, clock: Clock) -> None:
        self._limit = provider.max_reply_bytes
        self._time = _Time(clock)
        self._pool = _pool(provider, _Backend(self._time))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert isinstance(request.stream, Iterable)
        url = request.url
        with self._time.limited(request.extensions.get("timeout", {}).get("read")), _translated():
            response = self._pool.handle_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
            try:
                assert isinstance(response.stream, Iterable)
                headers = httpx2.Headers(response.headers)
                limit = self._limit * (BATCH if request.method == "GET" else 1)
                content = unpacked(response.stream, headers.get("content-encoding", ""), limit)
            finally:
                response.close()
        for name in ("content-encoding", "content-length", "transfer-encoding"):
            headers.pop(name, None)
        return httpx2.Response(response.status, headers=headers, content=content)

    def close(self) -> None:
        self._pool.close()


def unpacked(pieces: Iterable[bytes], encoding: str, limit: int) -> bytes:
    """The body of an answer. Raises UnreadableAnswer if it has more than `limit` bytes, packed or unpacked."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise UnreadableAnswer("sent an answer in a content encoding that nobody asked for")
    unpacker = None if encoding in ("", "identity") else zlib.decompressobj(wbits=47)  # gzip or zlib, by its header
    received, parts, length = 0, [], 0
    for piece in pieces:
        received += len(piece)
        try:
            part = piece if unpacker is None else unpacker.decompress(piece, limit + 1 - length)
        except zlib.error:
            raise UnreadableAnswer("sent an answer whose content encoding is broken") from None
        parts.append(part)
        length += len(part)
        if max(received, length) > limit:
            raise UnreadableAnswer(f"sent an answer of more than {limit:,} bytes (max_reply_bytes)")
    if unpacker is not None and received and not unpacker.eof:
        raise UnreadableAnswer("sent an answer whose content encoding is broken")
    return b"".join(parts)


class _Time:
    """What is left of the time of the request that this thread makes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopped_at: float | None = None
        self._of_thread = threading.local()

    @contextmanager
    def limited(self, seconds: float | None) -> Iterator[None]:
        self._of_thread.end = float("inf") if seconds is None else time.monotonic() + seconds
        try:
            yield
        finally:
            self._of_thread.end = float("inf")

    def left(self) -> float:
        """Seconds; at most 0 if the time is over. Without a limit (connections that the pool closes) a minute."""
        now = time.monotonic()
        if self._clock.stopped and self._stopped_at is None:
            self._stopped_at = now
        end = getattr(self._of_thread, "end", float("inf"))
        if self._stopped_at is not None:
            end = min(end, self._stopped_at + GRACE)
        return min(60.0, end - now)

    def within(self, call: Callable[[float], Value], late: type[Exception], piece: float = 60.0) -> Value:
        """Call with the time that is left, in turns of `piece` seconds; raises `late` when it is over."""
        while (left := self.left()) > 0:
            try:
                return call(min(left, piece))
            except late:
                continue
        raise late("time limit of the whole request")


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, limit: _Time) -> None:
        self._time = limit
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(
            self._time.within(
                lambda seconds: self._backend.connect_tcp(host, port, seconds, local_address, socket_options),
                httpcore2.ConnectTimeout,
            ),
            self._time,
        )

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, limit: _Time) -> None:
        self._stream, self._time = stream, limit

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._time.within(lambda seconds: self._stream.read(max_bytes, seconds), httpcore2.ReadTimeout, SLICE)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), CHUNK):
            if (left := self._time.left()) <= 0:
                raise httpcore2.WriteTimeout("time limit of the whole request")
            # Not again after a timeout: a part of the piece may have gone out.
            self._stream.write(buffer[start : start + CHUNK], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        if (left := self._time.left()) <= 0:
            raise httpcore2.ConnectTimeout("time limit of the whole request")
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._time)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _pool(provider: Provider, backend: _Backend) -> httpcore2.ConnectionPool:
    """Connections to the server, through the proxy that the environment names for it."""
    settings: dict[str, Any] = {
        "ssl_context": httpx2.create_ssl_context(),
        # The default keeps 20 of 100 connections; `concurrency` says how many are needed.
        "max_connections": None,
        "max_keepalive_connections": provider.concurrency,
        "keepalive_expiry": 5.0,
        "network_backend": backend,
    }
    parts = urlsplit(provider.endpoint)
    address = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    if not address:
        return httpcore2.ConnectionPool(**settings)
    try:
        proxy = httpx2.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx2.InvalidURL):
        raise ConfigurationError(f"The proxy for {provider.name} must be an http:// or https:// address.") from None
    if proxy.url.scheme not in ("http", "https"):
        raise ConfigurationError(f"The proxy for {provider.name} must be an http:// or https:// address.")
    return httpcore2.HTTPProxy(
        proxy_url=str(proxy.url), proxy_auth=proxy.raw_auth, proxy_headers=proxy.headers.raw, **settings
    )


@contextmanager
def _translated() -> Iterator[None]:
    """httpcore's exceptions as those of httpx, which the SDKs know: they have the same names."""
    try:
        yield
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError) as error:
        known = getattr(httpx2, type(error).__name__, httpx2.TransportError)
        raise known(str(error)) from None
