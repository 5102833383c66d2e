"""Asset checks of the group `reading`."""

from collections import Counter

import dagster as dg

from ocr_pipeline.config import Config
from ocr_pipeline.defs.resources import WarehouseResource
from ocr_pipeline.status import extraction_states
from ocr_pipeline.warehouse import queries


def reading_checks(config: Config) -> list[dg.AssetChecksDefinition]:
    """`no_stale_cells`."""

    @dg.asset_check(
        asset="extractions", description="No result is of an older document, engine, prompt, model or setting."
    )
    def no_stale_cells(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.warehouse().snapshot() as snapshot:
            known = [key for key, row in queries.documents(snapshot).items() if row["reason"] != "missing_file"]
            states = extraction_states(config, config.backends, known, snapshot)
        stale = [state for state in states if state.state == "stale"]
        counts = Counter((state.backend, state.why) for state in stale)
        lines = ["| backend | changed | documents |", "| --- | --- | --- |"]
        lines += [f"| {backend} | {why} | {count} |" for (backend, why), count in counts.items()]
        return dg.AssetCheckResult(
            passed=not stale,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"stale": len(stale), "cells": dg.MetadataValue.md("\n".join(lines))},
        )

    return [no_stale_cells]
