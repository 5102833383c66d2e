"""The server: threads, sockets, a plan of scenarios, and counters of what it saw."""

import json
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from ocr_pipeline_tests.standin import answers
from ocr_pipeline_tests.standin.faults import FAULTS, Wire


@dataclass(frozen=True)
class Seen:
    """One request for a reply."""

    path: str
    key: str | None
    body: dict[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """All text that is no instruction and no schema."""
        if "contents" in self.body:
            parts = [part for turn in self.body["contents"] for part in turn["parts"]]
        else:
            turns = [turn["content"] for turn in self.body["messages"][1:]]
            parts = [part for turn in turns for part in (turn if isinstance(turn, list) else [{"text": turn}])]
        return "\n".join(part.get("text") or "" for part in parts)

    @property
    def schema(self) -> dict[str, Any] | None:
        """The response schema."""
        if "contents" in self.body:
            schema = self.body.get("generationConfig", {}).get("responseJsonSchema")
        else:
            schema = self.body.get("response_format", {}).get("json_schema", {}).get("schema")
        return schema if isinstance(schema, dict) else None

    @property
    def media_types(self) -> list[str]:
        text = json.dumps(self.body)
        return re.findall(r'"mime_?[tT]ype": "([^"]+)"', text) + re.findall(r"data:([^;]+);base64", text)


class StandIn:
    """Speaks generateContent, batches and chat/completions.

    `plan` gives the scenario of each request; `then(...)` plans the next ones by name, after which all is well, and
    `batch_then(...)` those about batch jobs. `latency` is slept before an answer. Behind `url` are both protocols; OpenAI's
    is below `/v1`. `known` has answers for requests whose text contains their key; others get `answers.content_for`.
    """

    def __init__(
        self, *, latency: float = 0.0, batch_polls: int = 1, address: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        self.latency = latency
        self.batch_polls = batch_polls
        self.batch_error: str | None = None
        self.seen: list[Seen] = []
        self.known: dict[str, dict[str, Any]] = {}
        self.counts: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self.jobs: dict[str, dict[str, Any]] = {}
        self.released = threading.Event()
        self._next: deque[str] = deque()
        self.next_of_batch: deque[str] = deque()
        self.plan: Callable[[Seen], str] = lambda seen: self._next.popleft() if self._next else "ok"
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"standin": self})
        self._server = _Server(address, handler)
        self.url = f"http://{address[0]}:{self._server.server_address[1]}"

    def then(self, *scenarios: str) -> "StandIn":
        self._next.extend(scenarios)
        return self

    def batch_then(self, *scenarios: str) -> "StandIn":
        self.next_of_batch.extend(scenarios)
        return self

    def vary(self, seed: int) -> "StandIn":
        """Answer the same question differently each time, as a model does; the same seed gives the same answers."""
        times: Counter[str] = Counter()

        def plan(seen: Seen) -> str:
            times[json.dumps(seen.body, sort_keys=True)] += 1
            return f"varied-{seed}-{times[json.dumps(seen.body, sort_keys=True)]}"

        self.plan = plan
        return self

    def content_for(self, seen: Seen) -> dict[str, Any]:
        """What a good answer to a request says."""
        known = next((content for key, content in self.known.items() if key in seen.text), None)
        return known or answers.content_for(seen.schema, seen.text)

    def __enter__(self) -> "StandIn":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def repeated(self) -> int:
        """How many requests were asked more than once and answered each time."""
        texts = Counter(json.dumps(seen.body, sort_keys=True) for seen in self.seen)
        return sum(count - 1 for count in texts.values())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed or out of patience are no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    standin: StandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        content = self.rfile.read(length)
        if len(content) < length:  # the client was killed while it sent
            self.close_connection = True
            return None
        body = json.loads(content)
        if self.path.endswith(":batchGenerateContent"):
            return self._create_job(body)
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        seen = Seen(self.path, self.headers.get("x-goog-api-key") or bearer or None, body)
        with self.standin.lock:
            self.standin.seen.append(seen)
            self.standin.in_flight += 1
            self.standin.most_in_flight = max(self.standin.most_in_flight, self.standin.in_flight)
            scenario = self.standin.plan(seen)
            self.standin.counts[scenario] += 1
        try:
            time.sleep(self.standin.latency)
            self._answer(scenario, seen)
        finally:
            with self.standin.lock:
                self.standin.in_flight -= 1
        return None

    def do_GET(self) -> None:
        if (scenario := self._scenario_of_batch()) != "ok":
            return self._send(*answers.gemini(scenario, ""))
        name = self.path.split("?")[0].rpartition("/")[2]
        if name == "batches":
            return self._send(
                200, {}, json.dumps({"operations": [self._job(job) for job in self.standin.jobs.values()]})
            )
        job = self.standin.jobs[name]
        job["polls"] += 1
        self.standin.counts["batch_poll"] += 1
        return self._send(200, {}, json.dumps(self._job(job)))

    def _answer(self, scenario: str, seen: Seen) -> None:
        if scenario == "hang":
            self.standin.released.wait(30)
            self.close_connection = True
        elif scenario == "dropped":
            self._drop()
        elif scenario in FAULTS:
            speak = answers.gemini if ":generateContent" in self.path else answers.openai
            self.close_connection = True
            with suppress(OSError):  # the client gave up
                FAULTS[scenario].send(
                    Wire(
                        self.connection,
                        speak("ok", seen.text, self.standin.content_for(seen))[2].encode(),
                        self.standin.released,
                    )
                )
        else:
            speak = answers.gemini if ":generateContent" in self.path else answers.openai
            status, headers, text = speak(scenario, seen.text, self.standin.content_for(seen))
            if seen.body.get("logprobs") or seen.body.get("generationConfig", {}).get("responseLogprobs"):
                text = json.dumps(answers.with_logprobs(json.loads(text)))
            self._send(status, headers, text, cut=scenario == "cut")

    def _drop(self) -> None:
        """A reset, as a proxy does it: no answer at all."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _send(self, status: int, headers: dict[str, str], text: str, *, cut: bool = False) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.wfile.flush()
        self.close_connection = self.close_connection or cut

    def _scenario_of_batch(self) -> str:
        with self.standin.lock:
            return self.standin.next_of_batch.popleft() if self.standin.next_of_batch else "ok"

    def _create_job(self, body: dict[str, Any]) -> None:
        if (scenario := self._scenario_of_batch()) not in ("ok", "created_and_dropped"):
            return self._send(*answers.gemini(scenario, ""))
        with self.standin.lock:
            name = f"job{len(self.standin.jobs)}"
            self.standin.counts["batch_create"] += 1
            batch = body["batch"]
            self.standin.jobs[name] = {
                "name": name,
                "title": batch["displayName"],
                "polls": 0,
                "requests": batch["inputConfig"]["requests"]["requests"],
            }
        if scenario == "created_and_dropped":
            return self._drop()
        return self._send(200, {}, json.dumps(self._job(self.standin.jobs[name])))

    def _job(self, job: dict[str, Any]) -> dict[str, Any]:
        done = job["polls"] >= self.standin.batch_polls
        state = self.standin.batch_error or "BATCH_STATE_SUCCEEDED" if done else "BATCH_STATE_PENDING"
        metadata: dict[str, Any] = {"displayName": job["title"], "state": state}
        if done and not self.standin.batch_error:
            responses: list[dict[str, Any]] = []
            for item in job["requests"]:
                seen = Seen("batch", None, item["request"])
                scenario = self.standin.plan(seen)
                answer: dict[str, Any] = {"metadata": item["metadata"]}
                if scenario == "error_500":
                    answer["error"] = {"code": 13, "message": "Internal."}
                else:
                    answer["response"] = answers.gemini_body(scenario, seen.text, self.standin.content_for(seen))
                responses.insert(0, answer)  # in no particular order: only the metadata says whose it is
            metadata["output"] = {"inlinedResponses": {"inlinedResponses": responses}}
        return {"name": f"batches/{job['name']}", "metadata": metadata}

    def log_message(self, format: str, *args: Any) -> None:
        pass
