"""A provider of models: where it is, which key opens it, and how hard it may be used. One entry of `providers`."""

import os
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator

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
        return {"type": kind, "api_key_env": KEY_VARIABLE.get(cast(ProviderType, kind)), **value}

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("must begin with http:// or https://")
            if parts.username or parts.password or parts.query:
                raise ValueError("must hold no key: name its variable as api_key_env")
        return value

    @property
    def endpoint(self) -> str:
        """The server's address: `base_url`, else the SDK's own variable for it, else the vendor."""
        return (self.base_url or os.environ.get(URL_VARIABLE[self.type]) or DEFAULT_URL[self.type]).rstrip("/")

    @property
    def host(self) -> str:
        """Name and port of the server, for a message: an address from the environment may hold more than it should."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]

    def key(self) -> str | None:
        """The API key of the environment, or None. It stays in the client: nothing prints or stores it."""
        return (os.environ.get(self.api_key_env) or None) if self.api_key_env else None

    def unavailable(self) -> str | None:
        """Why no model can be called here, as a sentence without a full stop, or None. Calls nothing."""
        package = PACKAGE[self.type]
        try:
            version(package)
        except PackageNotFoundError:
            return f"the package {package} is not installed"
        if self.api_key_env and not self.key():
            return f"{self.api_key_env} is not set"
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
