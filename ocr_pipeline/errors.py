"""The exception tree. Every error that a user can cause or meet derives from `OcrPipelineError`.

    OcrPipelineError
    ├── DocumentError        one document cannot be read or extracted; recorded as a row, the run goes on
    ├── ProviderError        a remote service failed for now; recorded, the step fails at the end so that it can be retried
    ├── ConfigurationError   a wrong setting, missing key or missing package; the run stops at once
    │   └── BudgetError      what is left to do may cost more than it may
    └── WarehouseError       the database or the result store cannot be used: locked, newer than this version, disk full

A message is one sentence that says what is wrong and, where the user can act, what to do. It never holds a key or the
content of a document.
"""

import re
from typing import Literal, get_args

from pydantic import ValidationError

DocumentErrorReason = Literal[
    "missing_file",
    "changed_file",
    "empty_file",
    "unsupported_type",
    "unreadable",
    "encrypted",
    "too_large",
    "too_many_pages",
    "no_pages",
    "no_text_layer",
    "no_transcript",
    "no_prediction",
    "invalid_label",
    "document_failed",
    "ocr_failed",
    "extraction_failed",
    "provider_failed",
    "blocked",
    "truncated",
    "invalid_reply",
    "refused",
]
"""Why a document failed. `document_failed` and `ocr_failed` say that an earlier stage failed; its row has the cause.

Of a model: `blocked` its provider's filter for content stopped it, `truncated` the reply was longer than it may be,
`invalid_reply` the reply breaks the schema, also after the repair, `refused` the server takes no such request.
"""

DOCUMENT_ERROR_REASONS: tuple[str, ...] = get_args(DocumentErrorReason)


class OcrPipelineError(Exception):
    """Base of every error that this package raises on purpose."""


class DocumentError(OcrPipelineError):
    """One document cannot be processed. `reason` is for counting, the message is for reading."""

    def __init__(self, reason: DocumentErrorReason, message: str) -> None:
        super().__init__(message)
        self.reason: DocumentErrorReason = reason

    def __reduce__(self) -> tuple[type["DocumentError"], tuple[str, str]]:
        return (type(self), (self.reason, str(self)))  # OCR workers raise it across a process boundary


class ProviderError(OcrPipelineError):
    """A remote service failed for now (quota, time-out, 5xx). Trying again later can succeed."""


class ConfigurationError(OcrPipelineError):
    """A setting, key or package is wrong or missing. Trying again without a change cannot succeed."""


class BudgetError(ConfigurationError):
    """Asking models may cost more than it may. What does not ask one goes on."""


class WarehouseError(OcrPipelineError):
    """The DuckDB file or the result store cannot be used."""


def describe(error: ValidationError) -> str:
    """The first problem of a validation error as one sentence, without the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part != "[key]")
    message = re.sub(r"^Value error, ", "", first["msg"])
    if first["type"] == "extra_forbidden":
        message = "unknown key"
    sentence = f"{where}: {message}." if where else f"{message}."
    return " ".join(sentence.split())  # a key can hold a line break
