"""`report`: a folder of static pages about the results of all other assets."""

import dagster as dg

from ocr_pipeline.defs.assets.diagnosis import ASSETS as DIAGNOSIS
from ocr_pipeline.defs.assets.ranking import COMPARING as COMPARISONS
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import asset_options
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.report.publishing import publish
from ocr_pipeline.report.site import build_site


def report_assets() -> list[dg.AssetsDefinition]:
    """`report`."""

    @dg.asset(deps=["leaderboard", *COMPARISONS, *DIAGNOSIS], **asset_options("report"))
    @readable_failure
    def report(project: ProjectResource, warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
        """Static pages that open from disk: leaderboard, comparisons, confidence, history, and a page per document with
        its words, values and attributions. Only pages whose content changed are written."""
        built = build_site(project.project, project.backends(), warehouse.warehouse(), project.project.report)
        published = publish(project.project)
        return dg.MaterializeResult(
            metadata={
                "index": dg.MetadataValue.url(built.index.as_uri()),
                "folder": dg.MetadataValue.path(built.index.parent),
                "pages_written": built.written,
                "pages_unchanged": built.unchanged,
                "pages_removed": built.removed,
                "files_published": published,
                "index_bytes": built.index.stat().st_size,
            }
        )

    return [report]
