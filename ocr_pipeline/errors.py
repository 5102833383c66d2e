"""The exception hierarchy. Every error that a user can cause or meet derives from `OcrPipelineError`.

    OcrPipelineError
    ├── DocumentError        one document cannot be processed; recorded as a row, the run continues
    ├── ProviderError        temporary failure of a remote service; recorded, the step fails at the end so it can be retried
    ├── ConfigurationError   invalid setting, missing key or package; the run stops immediately
    │   └── BudgetError      the estimated cost exceeds the limit
    └── WarehouseError       the database or the result store is unusable: locked, newer schema, disk full

A message is one sentence: what is wrong and, if the user can act, what to do. It never contains keys or document content.
"""

import re
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from pydantic import ValidationError


DocumentErrorReason = Literal[
    "missing_file",
    "changed_file",
    "empty_file",
    "unsupported_type",
    "unreadable",
    "encrypted",
    "too_large",
    "too_slow",
    "too_many_pages",
    "no_pages",
    "no_text_layer",
    "no_transcript",
    "drawn_page",
    "no_prediction",
    "no_code",
    "no_xml",
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
"""Why a document failed. `too_slow`: a stage took longer than its time limit.

`document_failed` and `ocr_failed`: an earlier stage failed, its row has the cause.

For models: `blocked` by the provider's content filter, `truncated` at the output limit, `invalid_reply` violates the schema
even after repair, `refused` means that the server rejects the request.
"""

NOT_APPLICABLE: tuple[DocumentErrorReason, ...] = ("no_transcript", "drawn_page")
"""Reasons that say nothing about the backend: such a cell is in no score. A plan does not ask for it.

`drawn_page`: the document is XML and its page was drawn from it, so that there is nothing to recognise.
"""

DOCUMENT_ERROR_REASONS: tuple[str, ...] = get_args(DocumentErrorReason)


class OcrPipelineError(Exception):
    """Base class of all errors that this package raises deliberately."""


class DocumentError(OcrPipelineError):
    """One document cannot be processed. `reason` is for statistics, the message for people."""

    def __init__(self, reason: DocumentErrorReason, message: str) -> None:
        super().__init__(message)
        self.reason: DocumentErrorReason = reason

    def __reduce__(self) -> tuple[type["DocumentError"], tuple[str, str]]:
        return (type(self), (self.reason, str(self)))  # raised across process boundaries by OCR workers


class ProviderError(OcrPipelineError):
    """Temporary failure of a remote service (quota, timeout, 5xx). A later retry may succeed."""


class ConfigurationError(OcrPipelineError):
    """A setting, key or package is wrong or missing. A retry without changes cannot succeed."""


class BudgetError(ConfigurationError):
    """The estimated cost of model calls exceeds the limit. Work without model calls continues."""


class WarehouseError(OcrPipelineError):
    """The database or the result store cannot be used."""


def describe(error: "ValidationError") -> str:
    """The first problem of a validation error as one sentence, without the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    # Members of a union appear in the path as `literal['off','auto']`, which says nothing to the author of a file.
    parts = [str(part) for part in first["loc"] if part != "[key]"]
    where = ".".join(part for part in parts if not re.fullmatch(r"(literal|dict|list|tuple)\[.*\]", part))
    message = re.sub(r"^Value error, ", "", first["msg"]).replace("a valid tuple", "a list")
    if first["type"] == "extra_forbidden":
        message = "unknown key"
    sentence = f"{where}: {message}." if where else f"{message}."
    return " ".join(sentence.split())  # a key can contain a line break
