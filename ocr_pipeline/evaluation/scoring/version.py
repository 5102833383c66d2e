"""Versions that scores depend on: of the scoring rules, and of the labels."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr_pipeline.schemas import Label


SCORING_VERSION = 3
"""Raise it with every change that can shift a score, and say in the changelog what shifts: scores of different versions
are not comparable."""


def label_version(labels: "Mapping[str, Label]") -> str:
    """Return twelve hexadecimal digits that change with any label. `labels` by document id; their order does not matter.

    Only labelled fields count: a field that is null (not on the document) differs from one that is absent.
    """
    content = {document_id: label.model_dump(mode="json", exclude_unset=True) for document_id, label in labels.items()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
