"""A real server behind the guard, in a thread, whose application only notes what reached it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn

from ocr_pipeline.web.access import Access
from ocr_pipeline.web.asgi import Message, Receive, Scope, Send
from ocr_pipeline.web.guard import Guard


@dataclass
class Served:
    port: int
    reached: list[str] = field(default_factory=list)
    """Kind and path of every request that passed the guard."""

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.reached.append(f"{scope['method']} {scope['path']}")
            headers = [(b"content-type", b"text/html")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"<!doctype html><title>the app</title>"})
        elif scope["type"] == "websocket":
            self.reached.append(f"socket {scope['path']}")
            await receive()
            await send({"type": "websocket.accept"})
            message: Message = {"type": "websocket.send", "text": "hello"}
            await send(message)

    def raw(self, request: str) -> tuple[int, str]:
        """Send these lines as they are; status and the whole answer. 0 if it closes the connection without one."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(request.replace("\n", "\r\n").encode("latin-1"))
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
                if answer.startswith(b"HTTP/1.1 101"):
                    break
        text = answer.decode("latin-1")
        return (int(text.split()[1]) if text else 0), text


@contextmanager
def served(access: Access) -> Iterator[Served]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # connections wait until the thread serves
        server = Served(listening.getsockname()[1])
        config = uvicorn.Config(Guard(server.app, access), log_level="critical", proxy_headers=False, lifespan="off")
        runner = uvicorn.Server(config)
        thread = threading.Thread(target=runner.run, args=([listening],))
        thread.start()
        try:
            yield server
        finally:
            runner.should_exit = True
            thread.join(20)
