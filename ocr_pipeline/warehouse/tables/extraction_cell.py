"""A row of the table `extractions`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from ocr_pipeline.schemas import DocumentOrigin


@dataclass(frozen=True, kw_only=True)
class ExtractionCell:
    """A row of `extractions`: what one backend extracted from one document. `status`: ok, failed."""

    document_id: str
    backend: str
    engine: str | None
    extractor: Annotated[str, "Extractor of the backend."]
    status: str
    reason: str | None
    message: str | None
    seconds: Annotated[float | None, "Seconds of the extractor alone."]
    ocr_seconds: Annotated[float | None, "Seconds of the engine."]
    cost_usd: Annotated[float | None, "Cost in USD; NULL: unknown."]
    engine_fingerprint: str | None
    extractor_fingerprint: str
    result_key: str | None
    run_id: str | None
    updated_at: datetime
    extractor_settings: Annotated[
        str | None, "What the extractor's fingerprint is made of, as JSON: says why a cell is stale."
    ]
    reported: Annotated[
        bool | None, "Imported predictions: seconds and cost are as reported by their maker, not measured."
    ]
    reported_model: Annotated[str | None, "Imported predictions: name of the model."]
    reported_model_version: Annotated[str | None, "Imported predictions: version of the model."]
    warnings: Annotated[
        Sequence[str] | None, "What a reader of the values has to know: several invoices in one file. NULL: none."
    ] = None
    unreadable: Annotated[
        Mapping[str, str] | None,
        "Imported predictions: given values that cannot be read, by field; they score as wrong.",
    ] = None
    country: Annotated[str | None, "Country of the seller, ISO 3166-1 alpha-2; NULL: unknown."] = None
    country_confidence: Annotated[float | None, "Probability of the likeliest country, 0..1."] = None
    country_margin: Annotated[float | None, "How much likelier it is than the next country."] = None
    currency: Annotated[str | None, "Currency by the country and the signs on the page, ISO 4217."] = None
    currency_confidence: Annotated[float | None, "Confidence of the currency, 0..1."] = None
    day_first: Annotated[bool | None, "Order of numeric dates that the country and the language suggest."] = None
    day_first_confidence: Annotated[float | None, "Probability of this order, 0..1."] = None
    country_evidence: Annotated[Sequence[str] | None, "What speaks for the country, the strongest first."] = None
    schema_name: str | None = None
    shape: str | None = None

    @property
    def origin(self) -> str | None:
        """Country, currency and order of dates with their confidences, and the evidence, in one line; None if not judged."""
        if self.country_confidence is None:
            return None
        parts = [f"country {self.country or 'unknown'} ({self.country_confidence:.2f})"]
        if self.currency:
            parts.append(f"currency {self.currency} ({self.currency_confidence or 0:.2f})")
        order = "day first" if self.day_first else "month first"
        parts.append(f"{order} ({self.day_first_confidence or 0:.2f})")
        evidence = f"; evidence: {', '.join(self.country_evidence)}" if self.country_evidence else ""
        return ", ".join(parts) + evidence

    @property
    def failed(self) -> bool:
        return self.status == "failed"


def origin_columns(origin: DocumentOrigin | None) -> dict[str, Any]:
    """The columns of an origin; none without one."""
    if origin is None:
        return {}
    return {
        **origin.model_dump(exclude={"margin", "evidence"}),
        "country_margin": origin.margin,
        "country_evidence": origin.evidence or None,
    }
