"""A provider of models: server, API key and limits. One entry of `providers` in backends.yaml."""

import os
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.installing import install_command
from ocr_pipeline.models.prices import FREE, Rates, bundled_rates
from ocr_pipeline.models.scrubbing import SHORTEST

ProviderType = Literal["gemini", "openai"]

PACKAGE: dict[ProviderType, str] = {"gemini": "google-genai", "openai": "openai"}
KEY_VARIABLE: dict[ProviderType, str] = {"gemini": "GEMINI_API_KEY", "openai": "OPENAI_API_KEY"}
URL_VARIABLE: dict[ProviderType, str] = {"gemini": "GOOGLE_GEMINI_BASE_URL", "openai": "OPENAI_BASE_URL"}
DEFAULT_URL: dict[ProviderType, str] = {
    "gemini": "https://generativelanguage.googleapis.com",
    "openai": "https://api.openai.com/v1",
}


class Provider(BaseModel):
    """`type`: the protocol of the server, by default the name of the entry. Times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ProviderType
    base_url: str | None = None
    api_key_env: str | None  # None: the server needs no key
    concurrency: PositiveInt = 8
    requests_per_minute: PositiveInt | None = None
    tokens_per_minute: PositiveInt | None = None  # of input, as estimated before the call
    timeout: PositiveFloat = 120.0  # of one attempt, however the server answers
    deadline: PositiveFloat = 600.0  # of all attempts and the pauses between them
    retries: NonNegativeInt = 5
    max_reply_bytes: PositiveInt = 8_000_000  # of one answer, as sent and unpacked
    batch_poll: PositiveFloat = 30.0
    batch_deadline: PositiveFloat = 86_400.0
    prices: dict[str, Rates] = {}
    price: Literal[0] | None = None  # 0: a server of one's own, whose models cost nothing

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_type(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        kind = value.get("type", value.get("name"))
        known = isinstance(kind, str) and kind in KEY_VARIABLE
        return {"type": kind, "api_key_env": KEY_VARIABLE[cast(ProviderType, kind)] if known else None, **value}

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, value: str | None) -> str | None:
        if value is not None and (problem := _problem_of_url(value)):
            raise ValueError(problem)
        return value

    @property
    def endpoint(self) -> str:
        """The server's URL: `base_url`, else the SDK's own variable, else that of the vendor. It is stored with results.

        Raises:
            ConfigurationError: the variable holds no valid URL, or a key in it.
        """
        variable = URL_VARIABLE[self.type]
        from_environment = os.environ.get(variable, "").strip()
        if not self.base_url and from_environment and (problem := _problem_of_url(from_environment)):
            raise ConfigurationError(f"{variable} {problem}.")
        return (self.base_url or from_environment or DEFAULT_URL[self.type]).rstrip("/")

    @property
    def host(self) -> str:
        """Host and port of the server for messages: a URL from the environment may hold a secret."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]

    def key(self) -> str | None:
        """The API key from the environment, or None. It is never printed or stored."""
        # A key copied from a file often ends in a line break.
        return (os.environ.get(self.api_key_env, "").strip() or None) if self.api_key_env else None

    def unavailable(self, key: str | None = None) -> str | None:
        """Why models cannot be called here, without a full stop; None if they can. Makes no call.

        Args:
            key: an API key that does not come from the environment.
        """
        package = PACKAGE[self.type]
        try:
            version(package)
        except PackageNotFoundError:
            return f"the package {package} is not installed: {install_command(package)}"
        key = key or self.key()
        if self.api_key_env and not key:
            return f"{self.api_key_env} is not set"
        if key and not (key.isascii() and key.isprintable()):
            return f"{self.api_key_env or 'the key'} contains characters that no API key has"
        try:
            address = self.endpoint
        except ConfigurationError as error:
            return str(error).rstrip(".")
        if key and len(key) >= SHORTEST and key in unquote(address):
            return f"the address of {self.name} must not contain the key: addresses are stored with results"
        return None

    def rates(self, model: str, day: date) -> Rates | None:
        """The prices of a model: those of this entry, else the bundled ones of the vendor, else None.

        Other servers may speak OpenAI's protocol with any model names: OpenAI's prices do not apply to them.
        """
        if model in self.prices:
            return self.prices[model]
        if self.price == 0:
            return FREE
        if self.type == "openai" and self.endpoint != DEFAULT_URL["openai"]:
            return None
        return bundled_rates(self.type, model, day)


def _problem_of_url(url: str) -> str | None:
    """What is wrong with the URL of a server, as the rest of a sentence; None if it is valid."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number, an incomplete IPv6 address
        return "is not a valid URL"
    if not url.isprintable() or " " in url:
        return "is not a valid URL"
    if not usable:
        return "must start with http:// or https://"
    if parts.username or parts.password or parts.query:
        return "must not contain a key: name its variable in api_key_env"
    return None
