"""The types of ASGI 3: what a server calls an application with."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Event = MutableMapping[str, Any]
Scope = Event
"""What is known of a connection: `type` (`http`, `websocket`, `lifespan`), `path`, `headers`, …"""
Message = Event
"""A part of a request or an answer."""
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
