"""One SDK client per provider and process, made when it is first needed: its connections are reused."""

import logging
import threading
from collections.abc import Mapping

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.models.gemini import GeminiClient
from ocr_pipeline.models.limits import Clock
from ocr_pipeline.models.openai import OpenAiClient
from ocr_pipeline.models.provider import Provider

Client = GeminiClient | OpenAiClient


class Clients:
    """The clients of a run. `keys`: API keys by provider that do not come from the environment. `clock`: says when to stop."""

    def __init__(self, keys: Mapping[str, str] | None, clock: Clock) -> None:
        self._keys = dict(keys or {})
        self._clock = clock
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()

    def key(self, provider: Provider) -> str | None:
        return self._keys.get(provider.name) or provider.key()

    def of(self, provider: Provider) -> Client:
        """The client of a provider. Raises ConfigurationError if it cannot be used here."""
        with self._lock:
            if provider.name not in self._clients:
                key = self.key(provider)
                if problem := provider.unavailable(key):
                    raise ConfigurationError(f"{problem}.")
                _quiet_sdk_logs()
                make = GeminiClient if provider.type == "gemini" else OpenAiClient
                self._clients[provider.name] = make(provider, key, self._clock)
            return self._clients[provider.name]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()


def _quiet_sdk_logs() -> None:
    """The openai SDK logs whole requests at DEBUG: the content of documents does not belong in a log."""
    for name in ("openai", "google_genai", "httpx", "httpx2", "httpcore", "httpcore2"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
