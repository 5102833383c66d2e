"""The asset `report`: a folder of static pages about everything that the others found."""

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.assets.diagnosis import ASSETS as DIAGNOSIS
from ocr_pipeline.defs.assets.ranking import COMPARING as COMPARISONS
from ocr_pipeline.defs.metadata import OWNERS
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.report.site import build_site


def report_assets(configured: Backends) -> list[dg.AssetsDefinition]:
    """`report`."""

    @dg.asset(
        deps=["leaderboard", *COMPARISONS, *DIAGNOSIS],
        group_name="report",
        kinds={"python"},
        owners=OWNERS,
        code_version="1",
    )
    def report(project: ProjectResource, warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
        """Static pages that open from disk: leaderboard, comparisons, confidence, history, and a page per document with
        its words, values and attributions. Only pages are written about which something has changed."""
        built = build_site(project.project, configured, warehouse.warehouse(), project.project.report)
        return dg.MaterializeResult(
            metadata={
                "index": dg.MetadataValue.url(built.index.as_uri()),
                "folder": dg.MetadataValue.path(built.index.parent),
                "pages_written": built.written,
                "pages_unchanged": built.unchanged,
                "pages_removed": built.removed,
                "index_bytes": built.index.stat().st_size,
            }
        )

    return [report]
