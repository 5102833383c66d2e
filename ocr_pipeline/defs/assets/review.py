"""`review`: which documents are accepted without a look, and what a person should look at in the others."""

import dagster as dg

from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import asset_options, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.operation.reviewing import reviews
from ocr_pipeline.warehouse import tables


def review_asset() -> dg.AssetsDefinition:
    """`review`."""

    @dg.asset(
        name="review",
        deps=["confidences", "ground_truth"],
        **asset_options("diagnosis", "review", lineage={"confidence": "confidences.features confidences.correct"}),
    )
    @readable_failure
    def review(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Documents accepted without a look, by an upper bound of their error; of the others, the fields a person should look
        at and why. Accepted documents are sampled for a check."""
        target = warehouse.warehouse()
        found = reviews(target, project.backends(), project.rules())
        rows = [row for reviewed in found for row in reviewed.rows]
        proofs = [proof for reviewed in found for proof in reviewed.proofs()]
        tables.review.replace_review(target, rows, proofs, context.run.run_id)
        sentences = [{"dataset": of.dataset, "backend": of.backend, "result": of.result.proof.sentence} for of in found]
        shown = [row for row in rows if row["status"] != "accepted"]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(rows),
                "accepted": len(rows) - len(shown),
                "results": preview(sentences, ["dataset", "backend", "result"]),
                "preview": preview(shown, ["document_id", "confidence", "fields"], project.document_link),
            }
        )

    return review
