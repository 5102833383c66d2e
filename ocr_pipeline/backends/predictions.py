"""What was imported for a backend: each row under the hash of its text, and a list of which document has which.

data/predictions/NAME/manifest.json     replaced as a whole: an import is there, or it is not
data/predictions/NAME/3f/3f9a….json     the row of a document, as it was in the file; older ones stay
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

from pydantic import BaseModel, ConfigDict, ValidationError

from ocr_pipeline.blobs import Blobs
from ocr_pipeline.errors import ConfigurationError, WarehouseError
from ocr_pipeline.store import ResultStore


class KeptRow(BaseModel):
    """The row of a document: its data set, and the SHA-256 of the row's text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    sha256: str


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: dict[str, KeptRow] = {}


@dataclass(frozen=True)
class Predictions:
    """The predictions of one backend as they were when this was loaded. `place` holds those of all backends."""

    place: Blobs
    backend: str
    documents: Mapping[str, KeptRow] = field(default_factory=dict)

    @classmethod
    def load(cls, place: Blobs, backend: str) -> "Predictions":
        """As they are now; none where nothing was imported.

        Raises:
            ConfigurationError: the manifest cannot be read.
        """
        try:
            content = place.read(_manifest(backend))
            return cls(place, backend, _Manifest.model_validate_json(content).documents if content is not None else {})
        except (WarehouseError, ValidationError):
            shown = place.shown(_manifest(backend))
            raise ConfigurationError(f"{shown} cannot be read: delete it, and import the predictions again.") from None

    @cached_property
    def datasets(self) -> frozenset[str]:
        """Data sets that at least one of them is of. Of every other one, the backend was never run."""
        return frozenset(row.dataset for row in self.documents.values())

    def input_of(self, document_id: str, sha256: str) -> str:
        """What identifies the input of the backend for a document: the document, and its prediction, if there is one."""
        row = self.documents.get(document_id)
        return f"{sha256}:{row.sha256 if row else None}"

    def text_of(self, document_id: str) -> Callable[[], str] | None:
        """Reads the row of a document, also when another one was imported since; None where it has none.

        Calling it raises ConfigurationError where the row is gone.
        """
        row = self.documents.get(document_id)
        return partial(self._text, row.sha256) if row else None

    def replaced(self, documents: Mapping[str, KeptRow], texts: Iterable[str]) -> "Predictions":
        """Keep these rows, then say that they are there. Raises WarehouseError."""
        store = ResultStore(self.place)
        for text in texts:
            sha256 = text_sha256(text)
            if store.get(self.backend, sha256) != text:
                store.put(self.backend, sha256, text)
        manifest = _Manifest(documents=dict(sorted(documents.items())))
        self.place.write(_manifest(self.backend), (manifest.model_dump_json(indent=1) + "\n").encode())
        return Predictions(self.place, self.backend, manifest.documents)

    def _text(self, sha256: str) -> str:
        text = ResultStore(self.place).get(self.backend, sha256)
        if text is None or text_sha256(text) != sha256:
            raise ConfigurationError(
                f"A prediction of {self.backend} is gone from {self.place.shown()} or damaged: import them again."
            )
        return text


def text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest(backend: str) -> str:
    return f"{backend}/manifest.json"
