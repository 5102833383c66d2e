"""Asset checks of the group `reading`."""

from collections import Counter

import dagster as dg

from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.scoring.thresholds import Thresholds
from ocr_pipeline.planning.plan import ingested_scope, make_plan
from ocr_pipeline.warehouse import tables


def reading_checks(thresholds: Thresholds) -> list[dg.AssetChecksDefinition]:
    """`no_stale_cells` and `no_failed_cells`."""
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

    return [no_stale_cells, no_failed_cells]
