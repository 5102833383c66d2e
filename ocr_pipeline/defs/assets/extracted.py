"""Writing extraction results, for `extractions` and `ensembles`: rows of the warehouse, and metadata for the UI."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dagster as dg

from ocr_pipeline.backends.backend import Backend
from ocr_pipeline.defs.assets.asked import Asked
from ocr_pipeline.defs.assets.cells import batches
from ocr_pipeline.defs.calls import add_totals, call_metadata, tag_totals
from ocr_pipeline.defs.metadata import escape_markdown, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.extraction.stage import ExtractionResult
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.tables.common import NewRows
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell
from ocr_pipeline.warehouse.tables.words import OcrCell

logger = logging.getLogger(__name__)

HEADLINE_FIELDS = ("supplier_name", "invoice_date", "total_amount", "currency")


@dataclass
class ExtractionWriter:
    """Writes results in batches. `to_retry`: cells that failed because of their provider."""

    asked: Asked
    project: ProjectResource
    warehouse: WarehouseResource
    to_retry: list[ExtractionCell] = field(default_factory=list)
    _done: list[str] = field(default_factory=list)
    _totals: Counter[str] = field(default_factory=Counter)

    def write(
        self,
        backend: Backend,
        results: Iterator[ExtractionResult],
        ocr: Mapping[str, OcrCell] | None = None,
    ) -> None:
        """Write the results of a backend. `ocr`: the words it worked on, by document."""
        partition_keys = self.asked.cells[backend.name]
        unreadable: Counter[str] = Counter()
        for batch in batches(results):
            new_rows = tables.empty(tables.extractions.EXTRACTION_TABLES)
            for result in batch:
                before = len(new_rows["extracted_fields"])
                row = self._add(new_rows, backend, result, (ocr or {}).get(result.document_id))
                unreadable.update(list(row.unreadable or ()))
                if row.reason == "provider_failed":
                    self.to_retry.append(row)
                else:
                    self._done.append(partition_keys[result.document_id])
                fields = new_rows["extracted_fields"][before:]
                metadata = partial(_metadata, self.project, backend, row, result, fields)
                self.asked.note(backend.name, result.document_id, metadata, failed=row.failed, rows=len(fields))
            keys = [(result.document_id, backend.name) for result in batch]
            self.warehouse.warehouse().replace(tables.extractions.EXTRACTION_KEY, keys, new_rows)
            add_totals(self._totals, [result.outcome for result in batch if not result.cached])
            tag_totals(self.asked.context, self._totals)
        if unreadable:
            logger.warning("%s", unreadable_line(backend.name, unreadable))

    def raise_to_retry(self) -> None:
        """Raise dg.Failure if documents failed temporarily, after everything else is written.

        Dagster records none of the cells of a step that fails; so those that are done are recorded here.
        """
        if failed := self.to_retry:
            self.asked.record(self._done)
            raise dg.Failure(
                f"{len(failed)} documents failed temporarily at the provider: {failed[0].message} "
                "All other results are kept: run again later for these."
            )

    def _add(
        self, new_rows: NewRows, backend: Backend, result: ExtractionResult, text: OcrCell | None
    ) -> ExtractionCell:
        return tables.extractions.add_extraction(
            new_rows,
            result.document_id,
            backend.name,
            result.outcome,
            engine=backend.engine_name,
            extractor=backend.extractor_type,
            ocr_seconds=text.seconds if text else None,
            engine_fingerprint=text.fingerprint if text else None,
            extractor_fingerprint=backend.fingerprint,
            extractor_settings=backend.settings,
            result_key=result.key,
            run_id=self.asked.context.run.run_id,
        )


def unreadable_line(backend: str, unreadable: Counter[str]) -> str:
    """One line about all imported values that cannot be read. `unreadable`: their number by field."""
    fields = ", ".join(f"{count} {name}" for name, count in unreadable.most_common())
    return f"{backend}: imported values that cannot be read, scored as wrong: {unreadable.total()} ({fields})."


Fields = Sequence[Mapping[str, Any]]
"""Rows of `extracted_fields`."""


def _metadata(
    project: ProjectResource, backend: Backend, row: ExtractionCell, result: ExtractionResult, fields: Fields
) -> dict[str, object]:
    document_id = result.document_id
    return {
        "summary": _summary(row, fields),
        "status": row.status,
        "reason": row.reason,
        "failed": int(row.failed),
        "report": dg.MetadataValue.url(project.document_link(document_id)),
        "explain": f"ocr-pipeline explain {document_id} --backend {backend.name}",
        "dagster/partition_row_count": len(fields),
        "without_evidence": _without_evidence(result, fields),
        "read_from": _read_from(fields),
        "warnings": "; ".join(row.warnings or ()) or None,
        "origin": row.origin,
        "seconds": row.seconds,
        "from_result_store": result.cached,
        "fingerprint": row.extractor_fingerprint,
        "values": preview(fields, ["field", "value", "read_from"]),
        "corrected": _corrections(result),
        **call_metadata(result.outcome),
    }


def _summary(row: ExtractionCell, fields: Fields) -> dg.MarkdownMetadataValue:
    """The outcome of a cell in one line."""
    if row.failed:
        return dg.MetadataValue.md(f"**failed** ({row.reason}): {escape_markdown(row.message)}")
    values = {entry["field"]: escape_markdown(entry["value"]) for entry in fields}
    named = [values[name] for name in HEADLINE_FIELDS if name in values]
    cost = f", {row.cost_usd:.5f} USD" if row.cost_usd else ""
    return dg.MetadataValue.md(f"**{len(fields)} fields**: {', '.join(named)} ({row.seconds or 0:.2f} s{cost})")


def _read_from(fields: Fields) -> str | None:
    """How many values were read from what: `9 xml, 3 page`; None if it is not known."""
    counts = Counter(entry["read_from"] for entry in fields if entry["read_from"])
    return ", ".join(f"{count} {source}" for source, count in counts.most_common()) or None


def _without_evidence(result: ExtractionResult, fields: Fields) -> int:
    """Number of values without a place on the page: a cell with many of them is suspicious."""
    extraction = result.outcome.extraction
    evidence = extraction.evidence if extraction else {}
    return sum(entry["field"] not in evidence for entry in fields)


def _corrections(result: ExtractionResult) -> dg.MarkdownMetadataValue | None:
    """Values that differ from what is printed, with the correction that changed them."""
    extraction = result.outcome.extraction
    changed = [
        {"field": name, "printed": evidence.text, "correction": evidence.correction}
        for name, evidence in (extraction.evidence if extraction else {}).items()
        if evidence.correction
    ]
    return preview(changed, ["field", "printed", "correction"]) if changed else None
