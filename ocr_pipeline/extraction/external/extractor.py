"""The extractor `external`: the imported prediction of a document, mapped to our fields."""

import logging
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from ocr_pipeline.components import Capabilities
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.external.mapping import DEFAULTS, Mapping, map_row
from ocr_pipeline.extraction.external.strict_json import BadJson, parse
from ocr_pipeline.schemas import Extraction

logger = logging.getLogger(__name__)


class External(BaseModel, Extractor):
    """Returns predictions imported with `ocr-pipeline import predictions`. Documents without one fail with the reason
    `no_prediction`.

    `fields` maps our fields to columns of the imported rows or JMESPath expressions; the default is our own name. Amounts are
    decimals and dates ISO unless `decimal_separator` or `day_first` say how they are printed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: ClassVar[str] = "external"
    capabilities: ClassVar[Capabilities] = Capabilities(imports=True)

    fields: dict[str, str] = {}
    decimal_separator: Literal[".", ","] | None = None
    day_first: bool | None = None

    @field_validator("fields")
    @classmethod
    def _known(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(DEFAULTS))
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; known are {', '.join(DEFAULTS)}")
        return value

    @property
    def mapping(self) -> Mapping:
        return Mapping(self.fields, self.decimal_separator, self.day_first)

    def fingerprint(self) -> dict[str, object]:
        """Leaves out the column of the document name: only the import needs it."""
        fields = {name: path for name, path in self.fields.items() if name != "document"}
        return {**self.model_dump(), "fields": fields, "extractor": "external", "version": 1}

    def extract(self, document: ExtractionInput) -> Extraction:
        if document.prediction is None:
            raise DocumentError("no_prediction", "No prediction was imported for this document.")
        try:
            mapped = map_row(parse(document.prediction()), self.mapping)
        except BadJson as error:
            raise ConfigurationError(f"An imported prediction is damaged ({error}): import it again.") from None
        if mapped.problems:
            fields = ", ".join(mapped.problems)
            logger.warning("Prediction of %s: unreadable values left out: %s", document.document_id, fields)
        return mapped.extraction
