"""The extractor `external`: the imported prediction of a document, mapped to our fields."""

from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from ocr_pipeline.components import Capabilities
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.external.mapping import DEFAULTS, LIST_CELLS, Mapping, NullValues, map_row
from ocr_pipeline.extraction.external.strict_json import BadJson, parse
from ocr_pipeline.schemas import Extraction


class External(BaseModel, Extractor):
    """Returns predictions imported with `ocr-pipeline import predictions`. Documents without one fail with the reason
    `no_prediction`.

    `null_values`: by field, values that stand for none, such as a cost of 0 that means unknown. A given value that cannot be
    read is not dropped: it is in `Extraction.unreadable` and scores as wrong.

    `fields` maps our fields to columns of the imported rows or JMESPath expressions; the default is our own name. Amounts are
    decimals and dates ISO unless `decimal_separator` or `day_first` say how they are printed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: ClassVar[str] = "external"
    capabilities: ClassVar[Capabilities] = Capabilities(imports=True)

    fields: dict[str, str] = {}
    decimal_separator: Literal[".", ","] | None = None
    day_first: bool | None = None
    null_values: NullValues = {}

    @field_validator("null_values", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        """Single values become lists; numbers are compared with those of the rows, which are decimals."""
        if not isinstance(value, dict):
            return value
        lists = {name: entry if isinstance(entry, list | tuple) else [entry] for name, entry in value.items()}
        return {
            name: tuple(Decimal(str(entry)) if _is_number(entry) else entry for entry in entries)
            for name, entries in lists.items()
        }

    @field_validator("null_values")
    @classmethod
    def _known_null(cls, value: NullValues) -> NullValues:
        unknown = sorted(set(value) - set(DEFAULTS) - LIST_CELLS)
        if unknown:
            raise ValueError(
                f"unknown field {unknown[0]!r}; known are {', '.join(DEFAULTS)}, line_items.amount and so on"
            )
        return value

    @field_validator("fields")
    @classmethod
    def _known(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(DEFAULTS))
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; known are {', '.join(DEFAULTS)}")
        return value

    @property
    def mapping(self) -> Mapping:
        return Mapping(self.fields, self.decimal_separator, self.day_first, self.null_values)

    def fingerprint(self) -> dict[str, object]:
        """Leaves out the column of the document name: only the import needs it."""
        fields = {name: path for name, path in self.fields.items() if name != "document"}
        nulls = {name: [str(value) for value in values] for name, values in self.null_values.items()}
        return {**self.model_dump(), "fields": fields, "null_values": nulls, "extractor": "external", "version": 2}

    def extract(self, document: ExtractionInput) -> Extraction:
        if document.prediction is None:
            raise DocumentError("no_prediction", "No prediction was imported for this document.")
        try:
            mapped = map_row(parse(document.prediction()), self.mapping)
        except BadJson as error:
            raise ConfigurationError(f"An imported prediction is damaged ({error}): import it again.") from None
        return mapped.extraction


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
