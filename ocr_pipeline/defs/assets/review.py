"""`review`: which documents are accepted without a look, and what a person should look at in the others."""

import dagster as dg

from ocr_pipeline.defs.assets.judges import made_by
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import PREVIEW_ROWS, asset_options, preview
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
        configured, rules, target = project.backends(), project.rules(), warehouse.warehouse()
        with target.snapshot() as snapshot:
            read = [tables.review.inputs(snapshot), sorted(tables.confidence.values_from(snapshot).items())]
            made = [made_by(configured, rules), rules.accept.model_dump(mode="json")]
            content = tables.findings.content_of("review", [made, read])
            is_current = tables.findings.kept(snapshot, "review", "", content) is not None
        if not is_current:
            found, kept = reviews(target, configured, rules)
            rows = [row for reviewed in found for row in reviewed.rows]
            proofs = [proof for reviewed in found for proof in reviewed.proofs()]
            kept.append(tables.findings.keep("review", "", content, "null"))
            tables.review.replace_review(target, rows, proofs, context.run.run_id, kept)
        with target.snapshot() as snapshot:
            count, accepted, first = tables.review.summary(snapshot, PREVIEW_ROWS)
            proofs_of = [row for row in tables.review.acceptances(snapshot, {}) if row.is_choice]
        sentences = [{"dataset": of.dataset, "backend": of.backend, "result": of.proof.sentence} for of in proofs_of]
        columns = ["document_id", "confidence", "fields"]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": count,
                "accepted": accepted,
                "results": preview(sentences, ["dataset", "backend", "result"]),
                "preview": preview(first, columns, project.document_link, count=count - accepted),
            }
        )

    return review
