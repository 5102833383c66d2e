"""What no server may do: keep a call for ever, send more than allowed, lead a document elsewhere, put a key on record."""

import base64
import gzip
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.errors import ConfigurationError, ProviderError
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.limits import Clock
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.scrubbing import scrub
from ocr_pipeline.models.stored import StoredCall
from ocr_pipeline.models.transport import UnreadableAnswer, unpacked
from ocr_pipeline.models.types import Usage
from ocr_pipeline.store import ResultStore
from ocr_pipeline_tests.model_project import KEY
from ocr_pipeline_tests.models.asking import KINDS, FakeClock, request
from ocr_pipeline_tests.models.asking import provider as at_the_standin
from ocr_pipeline_tests.standin import StandIn, answers

Send = Callable[[bytes], object]


class Server:
    """Reads each request whole and lets `answer` write what it likes. `requests`: what came in."""

    def __init__(self, answer: Callable[[Send], object]) -> None:
        self.requests: list[bytes] = []
        self.released = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):  # unbuffered
            def handle(self) -> None:
                head = b""
                while line := self.rfile.readline():
                    head += line
                    if not line.strip():
                        break
                length = next(
                    (
                        int(part.split(b":")[1])
                        for part in head.split(b"\r\n")
                        if part.lower().startswith(b"content-length")
                    ),
                    0,
                )
                outer.requests.append(head + self.rfile.read(length))
                with suppress(OSError):  # the client may have hung up
                    answer(self.wfile.write)

        class Threads(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Threads(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Server":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def provider(self, kind: str, **settings: Any) -> Provider:
        return Provider.model_validate(
            {"name": kind, "base_url": self.url, "retries": 0, "timeout": 20.0, "api_key_env": None, **settings}
        )


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def good(kind: str) -> bytes:
    return (answers.gemini if kind == "gemini" else answers.openai)("ok", "Total 12.50")[2].encode()


@contextmanager
def sending(*pieces: bytes, pause: float = 0.0) -> Iterator[Server]:
    def answer(send: Send) -> None:
        for piece in pieces:
            send(piece)
            server.released.wait(pause)

    with Server(answer) as server:
        yield server


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["head", "body"])
def test_a_server_that_drips_is_given_up(store: ResultStore, kind: str, where: str) -> None:
    """The time-outs of both SDKs begin anew with every byte."""
    answer = http(good(kind))
    start = 0 if where == "head" else answer.index(b"\r\n\r\n") + 4
    drops = [answer[index : index + 1] for index in range(start, len(answer))]
    with sending(answer[:start], *drops, pause=0.05) as server:
        began = time.monotonic()
        with pytest.raises(ProviderError, match="did not answer in time"):
            ModelCalls(store).ask(server.provider(kind, timeout=0.4), request())
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", KINDS)
def test_the_deadline_holds_for_all_attempts_together(store: ResultStore, kind: str) -> None:
    with sending(*([b" "] * 500), pause=0.05) as server:
        began = time.monotonic()
        with pytest.raises(ProviderError):
            ModelCalls(store).ask(server.provider(kind, timeout=20, deadline=0.5, retries=5), request())
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_run_waits_for_an_answer_no_longer_than_the_grace(
    store: ResultStore, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ocr_pipeline.models import transport

    monkeypatch.setattr(transport, "GRACE", 0.2)
    calls = ModelCalls(store, clock=Clock())
    with sending(b" ", pause=30) as server:
        asked = server.provider(kind, timeout=30)
        calls.client(asked)  # loads the SDK
        threading.Timer(0.3, calls.stop).start()
        began = time.monotonic()
        with pytest.raises(ProviderError):
            calls.ask(asked, request())
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(store: ResultStore, kind: str, status: int) -> None:
    """google-genai and openai follow them, with the document and, in Gemini's case, the key."""
    with Server(lambda send: send(http(good(kind)))) as other:
        moved = http(b"", f"location: {other.url}/elsewhere", status=f"{status} Moved")
        sentence = rf"redirects .*\({status}\): is base_url .*right\?"
        with Server(lambda send: send(moved)) as server, pytest.raises(ConfigurationError, match=sentence):
            ModelCalls(store).ask(server.provider(kind), request())
        assert (len(server.requests), other.requests) == (1, [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_may_be_packed(store: ResultStore, kind: str, packed: bool) -> None:
    body = gzip.compress(good(kind)) if packed else good(kind)
    with Server(lambda send: send(http(body, *(["content-encoding: gzip"] if packed else [])))) as server:
        assert ModelCalls(store).ask(server.provider(kind), request()).reply().finish == "complete"


BROKEN = {
    "large": (http(b"{" + b" " * 3000 + b"}"), "more than 2,000 bytes"),
    "large when unpacked": (http(gzip.compress(b" " * 3000), "content-encoding: gzip"), "more than 2,000 bytes"),
    "not what it says": (http(b"{}", "content-encoding: gzip"), "content encoding is broken"),
    "cut off": (http(gzip.compress(b'{"a": 1}' * 40)[:-12], "content-encoding: gzip"), "content encoding is broken"),
    "unknown": (http(b"{}", "content-encoding: br"), "encoding that nobody asked for"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", BROKEN)
def test_an_answer_that_cannot_be_unpacked_is_the_servers_fault(store: ResultStore, kind: str, case: str) -> None:
    answer, sentence = BROKEN[case]
    with Server(lambda send: send(answer)) as server, pytest.raises(ProviderError, match=sentence):
        ModelCalls(store).ask(server.provider(kind, max_reply_bytes=2000), request())


@pytest.mark.parametrize("kind", KINDS)
def test_an_unreadable_answer_is_kept_counted_and_asked_for_once_more(
    standin: StandIn, store: ResultStore, kind: str
) -> None:
    """It may be paid for: six attempts of each run would be, too."""
    standin.plan = lambda _: "error_200"
    calls = ModelCalls(store, clock=FakeClock())
    priced = at_the_standin(standin, kind, retries=5, prices={"m": {"input": 1000, "output": 1000}})
    with pytest.raises(ProviderError, match=r"does not follow this protocol\. Its answer is kept in calls-refused/"):
        calls.ask(priced, request(model="m"))
    assert len(standin.seen) == 2
    assert calls.spent_usd > 0
    [path] = (Path(store.shown()) / "calls-refused").rglob("*.json")
    assert "upstream error" in path.read_text()


@pytest.mark.parametrize(
    "count", [-5, 10**10, 10**30, 1.5, "many", float("nan"), [1]], ids=lambda count: f"{count!r:.12}"
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_count_of_tokens_that_can_be_none_is_unknown(kind: str, count: Any) -> None:
    body = json.loads(good(kind))
    if kind == "gemini":
        body["usageMetadata"]["candidatesTokenCount"] = count
    else:
        body["usage"]["completion_tokens"] = count
    call = StoredCall(
        provider=kind,
        kind=kind,
        endpoint="",
        request={"model": "m"},
        raw=json.dumps(body),
        asked_at=datetime.now(UTC),
        seconds=0,
        attempts=1,
    )
    assert (call.reply().usage, call.reply().finish) == (None, "complete")
    assert Usage.counted(input=10**9, output=0) is not None


SECRET = "AIza-Sy_0123456789/abcDEF+xyz"
FORMS = {
    "plain": SECRET,
    "a part": SECRET[6:17],
    "JSON": "".join(f"\\u{ord(letter):04x}" for letter in SECRET),
    "JSON in JSON": "".join(f"\\\\u{ord(letter):04x}" for letter in SECRET),
    "URL": "".join(f"%{ord(letter):02X}" for letter in SECRET),
    "HTML": "".join(f"&#x{ord(letter):02x};" for letter in SECRET),
    "URL in URL": "".join(f"%25{ord(letter):02X}" for letter in SECRET),
    "HTML in HTML": "".join(f"&amp;#{ord(letter)};" for letter in SECRET),
    "capitals": SECRET.upper(),
    "hex": SECRET.encode().hex().upper(),
    **{
        f"base64 after {lead}": base64.b64encode(b"user:"[:lead] + SECRET.encode() + b":tail").decode()
        for lead in range(3)
    },
    "base64 for URLs": base64.urlsafe_b64encode(b"k" + SECRET.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_taken_out_in_every_form(form: str) -> None:
    text = scrub(f'{{"said": "ä \\n {FORMS[form]} \\u00e4, thanks"}}', SECRET)
    assert text.startswith('{"said": "ä \\n ')
    assert text.endswith(' \\u00e4, thanks"}')
    assert "***" in text
    left = text.removeprefix('{"said": "ä \\n ').removesuffix(' \\u00e4, thanks"}')
    # Of base64, what depends on the bytes beside the key stays.
    assert len(left.replace("***", "")) <= (10 if "base64" in form else 0)


@pytest.mark.parametrize("key", [None, "", "none", "ollama"])
def test_without_a_secret_nothing_is_taken_out(key: str | None) -> None:
    assert scrub("the model of ollama says none", key) == "the model of ollama says none"


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_repeats_the_key_is_stored_without_it(standin: StandIn, store: ResultStore, kind: str) -> None:
    standin.then("key_repeated")
    reply = ModelCalls(store).ask(at_the_standin(standin, kind), request()).reply()
    assert reply.text is not None
    assert "***" in reply.text
    assert not [path for path in Path(store.shown()).rglob("*.json") if KEY in path.read_text()]


def test_the_shortest_part_of_a_key_in_base64_is_taken_out() -> None:
    """Eight characters of a key are eleven of base64; fewer are no part of it."""
    encoded = base64.b64encode(SECRET.encode()).decode().rstrip("=")
    for start in range(0, len(encoded) - 12):
        assert scrub(f"<{encoded[start : start + 11]}>", SECRET) == "<***>"
        assert scrub(f"<{encoded[start : start + 10]}>", SECRET) == f"<{encoded[start : start + 10]}>"


def test_the_limit_counts_what_is_sent_and_what_it_unpacks_to() -> None:
    packed = gzip.compress(b"0123456789", mtime=0)  # longer than what is in it
    for content, encoding, longest in [
        (b"0123456789", "", 10),
        (packed, "gzip", len(packed)),
        (gzip.compress(b"0" * 99), "gzip", 99),
    ]:
        for pieces in ([content], [content[:4], content[4:]]):
            assert len(unpacked(pieces, encoding, longest)) in (10, 99)
            with pytest.raises(UnreadableAnswer, match=f"of more than {longest - 1} bytes"):
                unpacked(pieces, encoding, longest - 1)
