"""An OCR engine as `backends.yaml` configures it."""

from dataclasses import dataclass
from functools import cached_property

from ocr_pipeline.components import Capabilities, fingerprint_of
from ocr_pipeline.documents.limits import TimeLimits
from ocr_pipeline.ocr.base import OcrEngine, input_of


@dataclass(frozen=True)
class Engine:
    """An entry of `engines`."""

    name: str
    component: OcrEngine
    times: TimeLimits  # for a page

    @property
    def capabilities(self) -> Capabilities:
        return self.component.capabilities

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self.component)

    @cached_property
    def _accepted(self) -> frozenset[str]:
        return frozenset(fingerprint_of(self.component, former) for former in self.component.former)

    def current(self, made_by: str) -> str:
        """The fingerprint that a current result has: the one it was made by, if results of that version count as today's."""
        return made_by if made_by in self._accepted else self.fingerprint

    def input_of(self, sha256: str, transcript_sha256: str | None) -> str:
        """What identifies the input of the engine for a document."""
        return input_of(self.component, sha256, transcript_sha256)

    def unavailable(self) -> str | None:
        """Why the engine cannot run here, as one sentence; None if it can."""
        return self.component.unavailable()
