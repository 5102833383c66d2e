"""What the tests of this folder ask, of whom, and a clock that does not make them wait."""

from typing import Any

from ocr_pipeline.models.limits import Clock
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.types import ModelRequest
from ocr_pipeline_tests.standin import StandIn

KINDS = ["gemini", "openai"]


class FakeClock(Clock):
    """Time passes by waiting alone. `waits` are the seconds of each wait."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


def provider(standin: StandIn, kind: str = "gemini", **settings: Any) -> Provider:
    """A provider of that kind, at the stand-in. The key is in the variable that the fixture `standin` sets."""
    url = standin.url if kind == "gemini" else f"{standin.url}/v1"
    return Provider.model_validate({"name": kind, "base_url": url, "timeout": 5.0, **settings})


def request(text: str = "Total 12.50", model: str = "gemini-3.5-flash-lite", **settings: Any) -> ModelRequest:
    values: dict[str, Any] = {
        "model": model,
        "instructions": "Read it.",
        "parts": (text,),
        "json_schema": {"type": "object", "properties": {"total": {"type": ["string", "null"]}}},
        "max_output_tokens": 100,
        **settings,
    }
    return ModelRequest(**values)
