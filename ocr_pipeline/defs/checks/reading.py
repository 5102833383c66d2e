"""Asset checks of what backends extracted: stale and failed cells, and agreement of page, codes and XML."""

from collections import Counter

import dagster as dg

from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import named, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.scoring.thresholds import Thresholds
from ocr_pipeline.planning.ingested import ingested_scope
from ocr_pipeline.planning.plan import make_plan
from ocr_pipeline.untrusted import visible
from ocr_pipeline.warehouse import tables


def reading_checks(thresholds: Thresholds) -> list[dg.AssetChecksDefinition]:
    """`no_stale_cells`, `no_failed_cells`, `truth_agrees` and `scale_suspect`."""
    may_fail = {name for name, share in thresholds.failure_rate.backends.items() if share >= 1}

    @dg.asset_check(
        asset="extractions", description="No result is of an older document, engine, prompt, model or setting."
    )
    @readable_failure
    def no_stale_cells(project: ProjectResource) -> dg.AssetCheckResult:
        configured = project.backends()
        scope = ingested_scope(project.project, configured, list(configured), with_failed=True)
        stale = [state for state in make_plan(scope).states if state.state == "stale"]
        counts = Counter((state.name, state.why) for state in stale)
        lines = ["| backend | changed | documents |", "| --- | --- | --- |"]
        lines += [f"| {backend} | {why} | {count} |" for (backend, why), count in counts.items()]
        return dg.AssetCheckResult(
            passed=not stale,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(stale)} cells are stale; refresh them with `ocr-pipeline run`." if stale else None,
            metadata={"found": len(stale), "cells": dg.MetadataValue.md("\n".join(lines))},
        )

    @dg.asset_check(asset="extractions", description="Every document has a result in every backend that was run on it.")
    @readable_failure
    def no_failed_cells(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        """The grid of partitions shows a cell that was done and failed as done: here they are."""
        rows = [row for row in tables.extractions.failed_cells(warehouse.warehouse()) if row.backend not in may_fail]
        return dg.AssetCheckResult(
            passed=not rows,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(rows)} cells failed; `ocr-pipeline documents` says why." if rows else None,
            metadata={
                "found": len(rows),
                "rows": preview(rows, ["document_id", "backend", "reason"], project.document_link),
            },
        )

    return [no_stale_cells, no_failed_cells, _truth_agrees(), _scale_suspect()]


def _scale_suspect() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="scale_suspects",
        description="No amount differs from what is printed by a power of ten (161.000 read as 161).",
    )
    @readable_failure
    def scale_suspect(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        known = set(project.backends())
        rows = [row for row in tables.scale.scale_suspects(warehouse.warehouse()) if row.backend in known]
        counts = Counter(row.backend for row in rows)
        shown = [{**vars(row), "printed": row.text} for row in rows]
        return dg.AssetCheckResult(
            passed=not rows,
            severity=dg.AssetCheckSeverity.WARN,
            description=named([f"{visible(row.sentence)} ({row.document_id}, {row.backend})" for row in rows]),
            metadata={
                "found": len(rows),
                "backends": ", ".join(f"{backend} {count}" for backend, count in counts.most_common()),
                "rows": preview(shown, ["document_id", "backend", "field", "value", "printed"], project.document_link),
            },
        )

    return scale_suspect


def _truth_agrees() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="consensus",
        description="Page, codes and XML of a document agree; of the page, what at least one backend read.",
    )
    @readable_failure
    def truth_agrees(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        found = tables.truth.contradictions(warehouse.warehouse())
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.WARN,
            description=named([f"{row.document_id}: {visible(row.sentence)}" for row in found]),
            metadata={
                "found": len(found),
                "rows": preview(found, ["document_id", "field", "page", "code", "xml"], project.document_link),
            },
        )

    return truth_agrees
