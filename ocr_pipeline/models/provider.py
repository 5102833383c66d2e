"""A provider of models: where it is, which key opens it, and how hard it may be used. One entry of `providers`."""

import os
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.models.prices import Rates, bundled_rates

ProviderType = Literal["gemini", "openai"]

PACKAGE: dict[ProviderType, str] = {"gemini": "google-genai", "openai": "openai"}
KEY_VARIABLE: dict[ProviderType, str] = {"gemini": "GEMINI_API_KEY", "openai": "OPENAI_API_KEY"}
URL_VARIABLE: dict[ProviderType, str] = {"gemini": "GOOGLE_GEMINI_BASE_URL", "openai": "OPENAI_BASE_URL"}
DEFAULT_URL: dict[ProviderType, str] = {
    "gemini": "https://generativelanguage.googleapis.com",
    "openai": "https://api.openai.com/v1",
}


class Provider(BaseModel):
    """`type` says which protocol the server speaks; left out, it is the name of the entry. Times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ProviderType
    base_url: str | None = None
    api_key_env: str | None  # None: the server asks for no key
    concurrency: PositiveInt = 8
    requests_per_minute: PositiveInt | None = None
    tokens_per_minute: PositiveInt | None = None  # of input, as estimated before the call
    timeout: PositiveFloat = 120.0  # of one attempt, between two pieces of the answer
    deadline: PositiveFloat = 600.0  # of all attempts and the pauses between them
    retries: NonNegativeInt = 5
    batch_poll: PositiveFloat = 30.0
    batch_deadline: PositiveFloat = 86_400.0
    prices: dict[str, Rates] = {}

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
        """The server's address: `base_url`, else the SDK's own variable for it, else the vendor. It is stored with results.

        Raises:
            ConfigurationError: the variable holds no address, or a key with it.
        """
        variable = URL_VARIABLE[self.type]
        given = os.environ.get(variable, "").strip()
        if not self.base_url and given and (problem := _problem_of_url(given)):
            raise ConfigurationError(f"{variable} {problem}.")
        return (self.base_url or given or DEFAULT_URL[self.type]).rstrip("/")

    @property
    def host(self) -> str:
        """Name and port of the server, for a message: an address from the environment may hold more than it should."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]

    def key(self) -> str | None:
        """The API key of the environment, or None. It stays in the client: nothing prints or stores it."""
        # A key that was read from a file often ends in a line break.
        return (os.environ.get(self.api_key_env, "").strip() or None) if self.api_key_env else None

    def unavailable(self, key: str | None = None) -> str | None:
        """Why no model can be called here, as a sentence without a full stop, or None. Calls nothing.

        Args:
            key: the API key, where it does not come from the environment.
        """
        package = PACKAGE[self.type]
        try:
            version(package)
        except PackageNotFoundError:
            return f"the package {package} is not installed"
        key = key or self.key()
        if self.api_key_env and not key:
            return f"{self.api_key_env} is not set"
        if key and not (key.isascii() and key.isprintable()):
            return f"{self.api_key_env or 'the key'} holds a character that no key has"
        try:
            self.endpoint  # noqa: B018 - it says what is wrong with the variable
        except ConfigurationError as error:
            return str(error).rstrip(".")
        return None

    def rates(self, model: str, day: date) -> Rates | None:
        """What a model costs here: the entry's own prices, else the bundled ones of its vendor, else not known.

        Any server can speak OpenAI's protocol and name its models as it likes: away from OpenAI, its prices do not hold.
        """
        if model in self.prices:
            return self.prices[model]
        if self.type == "openai" and self.endpoint != DEFAULT_URL["openai"]:
            return None
        return bundled_rates(self.type, model, day)


def _problem_of_url(url: str) -> str | None:
    """What is wrong with the address of a server, as the rest of a sentence, or None."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half of an IPv6 address
        return "is no address of a server"
    if not usable:
        return "must begin with http:// or https://"
    if parts.username or parts.password or parts.query:
        return "must hold no key: name its variable as api_key_env"
    return None
