"""An extraction from the e-invoices of a document."""

from collections.abc import Sequence

from ocr_pipeline.documents.einvoice.reading import EInvoice
from ocr_pipeline.documents.einvoice.values import Place
from ocr_pipeline.schemas import FIELD_KINDS, NO_PAGE, Evidence, Extraction, FieldCandidate

_NOWHERE = (0.0, 0.0, 0.0, 0.0)
DOUBTFUL = 0.5
"""Confidence in a value that is part of a sum that does not hold."""
_MAX_TEXT = 500
"""Characters of an element that are kept as evidence."""


def combine(einvoices: Sequence[EInvoice]) -> Extraction:
    """The values of the first invoice, each with its element as evidence; a warning says that there are others."""
    first = einvoices[0]
    warnings = [*first.remarks, *first.problems, *(check.sentence for check in first.contradictions)]
    if len(einvoices) > 1:
        numbers = ", ".join(invoice.invoice.invoice_id or "?" for invoice in einvoices)
        warnings.append(f"The XML holds {len(einvoices)} invoices ({numbers}); the values are those of the first.")
    return Extraction(
        invoice=first.invoice,
        evidence={path: _evidence(first, path, place) for path, place in first.places.items()},
        candidates=_candidates(first),
        warnings=warnings,
        cost_usd=0.0,
    )


def _evidence(einvoice: EInvoice, path: str, place: Place) -> Evidence:
    doubtful = any(path in check.fields for check in einvoice.contradictions)
    return Evidence(
        page=NO_PAGE,
        text=place.text[:_MAX_TEXT],
        box=_NOWHERE,
        words=[],
        method=f"{einvoice.format}: {place.path}",
        score=DOUBTFUL if doubtful else 1.0,
    )


def _candidates(einvoice: EInvoice) -> list[FieldCandidate]:
    """The chosen value of each field, and what the XML has for it besides: trading names, dates of instalments."""
    found = []
    for name in FIELD_KINDS:
        value, place = getattr(einvoice.invoice, name), einvoice.places.get(name)
        if value is None or place is None:
            continue
        texts = [str(value), *einvoice.alternatives.get(name, [])]
        for rank, text in enumerate(texts if len(texts) > 1 else []):
            found.append(
                FieldCandidate(
                    field=name,
                    value=text,
                    score=float(len(texts) - rank),
                    chosen=rank == 0,
                    reason=f"{einvoice.format}: {place.path}",
                    features={},
                    page=NO_PAGE,
                    text=text[:_MAX_TEXT],
                    box=_NOWHERE,
                    words=[],
                )
            )
    return found
