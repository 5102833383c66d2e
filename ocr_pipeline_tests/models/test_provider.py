"""An entry of `providers`: what is allowed, where it leads, and why it cannot be used."""

from datetime import date
from importlib import metadata
from typing import Any

import pytest
from pydantic import ValidationError

from ocr_pipeline.errors import ConfigurationError, describe
from ocr_pipeline.installing import install_command
from ocr_pipeline.models.provider import Provider

TODAY = date(2026, 12, 1)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def provider(**settings: Any) -> Provider:
    return Provider.model_validate({"name": "gemini", **settings})


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"concurrency": 0}, "concurrency: Input should be greater than 0."),
        ({"requests_per_minute": -1}, "requests_per_minute: Input should be greater than 0."),
        ({"tokens_per_minute": "many"}, "tokens_per_minute: Input should be a valid integer"),
        ({"timeout": 0}, "timeout: Input should be greater than 0."),
        ({"deadline": -5}, "deadline: Input should be greater than 0."),
        ({"retries": -1}, "retries: Input should be greater than or equal to 0."),
        ({"type": "azure"}, "type: Input should be 'gemini' or 'openai'."),
        ({"type": ["gemini"]}, "type: Input should be 'gemini' or 'openai'."),
        ({"name": "mine"}, "type: Input should be 'gemini' or 'openai'."),
        ({"api_key": "CANARY-KEY"}, "api_key: unknown key."),
        ({"base_url": "localhost:8000"}, "base_url: must start with http:// or https://."),
        ({"base_url": "ftp://host"}, "base_url: must start with http:// or https://."),
        ({"base_url": "http://host:port/v1"}, "base_url: is not a valid URL."),
        ({"base_url": "http://[half"}, "base_url: is not a valid URL."),
        ({"base_url": "http://host\n/v1"}, "base_url: is not a valid URL."),
        (
            {"prices": {"m": {"input": "1e400", "output": 1}}},
            "prices.m.input: Input should be less than or equal to 1000000.",
        ),
        (
            {"base_url": "https://me:CANARY-KEY@host/v1"},
            "base_url: must not contain a key: name its variable in api_key_env.",
        ),
        ({"base_url": "https://host/v1?key=CANARY-KEY"}, "base_url: must not contain a key"),
        ({"prices": {"m": {"input": -1, "output": 1}}}, "prices.m.input: Input should be greater than or equal to 0."),
        ({"prices": {"m": {"input": 1}}}, "prices.m.output: Field required."),
    ],
    ids=str,
)
def test_a_wrong_setting_is_one_sentence_without_its_value(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        provider(**settings)
    assert describe(caught.value).startswith(sentence)
    assert "CANARY" not in describe(caught.value)


def test_the_type_defaults_to_the_name_and_the_key_to_the_type() -> None:
    assert (provider().type, provider().api_key_env) == ("gemini", "GEMINI_API_KEY")
    mine = provider(name="mine", type="openai")
    assert (mine.type, mine.api_key_env) == ("openai", "OPENAI_API_KEY")
    assert provider(name="ollama", type="openai", api_key_env=None).api_key_env is None


def test_where_the_server_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert provider().endpoint == "https://generativelanguage.googleapis.com"
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://proxy:8080/")
    assert provider().endpoint == "http://proxy:8080"
    assert provider(base_url="http://other").endpoint == "http://other"
    assert provider(name="openai").endpoint == "https://api.openai.com/v1"


@pytest.mark.parametrize("url", ["proxy:8080", "http://me:CANARY-KEY@proxy", "http://proxy?key=CANARY-KEY"])
def test_a_wrong_address_in_the_environment_is_a_reason_and_never_a_part_of_a_result(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", url)
    reason = provider().unavailable()
    assert reason is not None
    assert reason.startswith("GOOGLE_GEMINI_BASE_URL must ")
    with pytest.raises(ConfigurationError, match=r"^GOOGLE_GEMINI_BASE_URL must ") as caught:
        provider().endpoint  # noqa: B018
    assert "CANARY" not in reason + str(caught.value)


def test_why_it_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert provider().unavailable() == "GEMINI_API_KEY is not set"
    assert provider().unavailable("given") is None
    monkeypatch.setenv("GEMINI_API_KEY", "  ")
    assert provider().unavailable() == "GEMINI_API_KEY is not set"
    monkeypatch.setenv("GEMINI_API_KEY", "k\n")
    assert (provider().unavailable(), provider().key()) == (None, "k")
    monkeypatch.setenv("GEMINI_API_KEY", "kéy")  # a header cannot hold it
    assert provider().unavailable() == "GEMINI_API_KEY contains characters that no API key has"
    assert provider(name="ollama", type="openai", api_key_env=None).unavailable() is None


def test_a_package_that_is_not_installed_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("ocr_pipeline.models.provider.version", version)
    assert provider(name="openai").unavailable() == f"the package openai is not installed: {install_command('openai')}"


def test_prices_of_the_entry_go_before_the_bundled_ones() -> None:
    model = "gemini-3.5-flash-lite"
    bundled = provider().rates(model, TODAY)
    own = provider(prices={model: {"input": 7, "output": 8}}).rates(model, TODAY)
    assert bundled is not None
    assert own is not None
    assert (float(bundled.input), float(own.input), float(own.output)) == (0.3, 7.0, 8.0)


def test_prices_of_openai_do_not_hold_for_another_server() -> None:
    assert provider(name="openai").rates("gpt-5-mini", TODAY) is not None
    assert provider(name="openai", base_url="http://localhost:11434/v1").rates("gpt-5-mini", TODAY) is None
    free = {"gpt-5-mini": {"input": 0, "output": 0}}
    assert provider(name="openai", base_url="http://localhost/v1", prices=free).rates("gpt-5-mini", TODAY) is not None
