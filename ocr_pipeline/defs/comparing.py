"""Assets of the group `evaluation` that hold backends against each other, and against what they were."""

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.metadata import KINDS, OWNERS, preview, table_metadata
from ocr_pipeline.defs.resources import WarehouseResource
from ocr_pipeline.evaluation.ranking.leaderboard import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.pairwise import HEADLINE
from ocr_pipeline.evaluation.ranking.stage import (
    comparison_rows,
    label_versions,
    labelled_datasets,
    new_evaluations,
    slice_rows,
)
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import utc_now

ASSETS = ("comparisons", "leaderboard_slices", "evaluation_history")


def comparing_assets(configured: Backends, rules: Rules) -> list[dg.AssetsDefinition]:
    """`comparisons`, `leaderboard_slices` and `evaluation_history`."""
    backends = list(configured)

    @dg.asset(
        deps=["field_scores"],
        group_name="evaluation",
        kinds=KINDS,
        owners=OWNERS,
        code_version=f"{SCORING_VERSION}-{rules.fingerprint}",
        metadata=table_metadata(
            "comparisons", dict.fromkeys(("f1_a", "f1_b", "difference", "p"), "field_scores.outcome")
        ),
    )
    def comparisons(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
        """Every pair of backends on the documents of both: difference of F1 with interval, test, Holm-corrected p."""
        target = warehouse.warehouse()
        levels = list(tables.scores.RULES)
        columns = tables.scores.outcome_columns(target, backends, SCORING_VERSION, rules.fingerprint, levels)
        compared, sensitivity = comparison_rows(columns, levels)
        common = {"run_id": context.run.run_id, "evaluated_at": utc_now()}
        found = [{**row, **common} for row in compared]
        target.replace_all({"comparisons": found, "rule_sensitivity": sensitivity})
        shown = ["dataset", "backend_a", "backend_b", "documents", "difference", "difference_low", "difference_high"]
        depends = [row for row in sensitivity if row["winner_changes"] or row["significance_changes"]]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(found),
                "overall": preview(
                    [row for row in found if (row["field"], row["rules"]) == (ALL_FIELDS, HEADLINE)],
                    [*shown, "disagree", "p_holm"],
                ),
                "depends_on_the_rules": preview(
                    depends, ["dataset", "field", "rules", "best", "second", "difference", "p_holm"]
                ),
            }
        )

    @dg.asset(
        deps=["field_scores"],
        group_name="evaluation",
        kinds=KINDS,
        owners=OWNERS,
        code_version=f"{SCORING_VERSION}-{rules.fingerprint}",
        metadata=table_metadata("leaderboard_slices"),
    )
    def leaderboard_slices(warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
        """F1 of every backend by document type, language, currency, engine confidence, pages, data set and split."""
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            columns = tables.scores.outcome_columns(snapshot, backends, SCORING_VERSION, rules.fingerprint)
            facts = tables.documents.document_facts(snapshot)
            confidences = tables.words.confidences(snapshot, backends)
        found = slice_rows(columns, facts, confidences)
        target.replace_all({"leaderboard_slices": found})
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(found),
                "preview": preview(
                    [row for row in found if row["dimension"] != "dataset"],
                    ["dataset", "backend", "dimension", "slice", "documents", "n", "f1", "f1_low", "f1_high"],
                ),
            }
        )

    @dg.asset(
        deps=["field_scores"],
        group_name="evaluation",
        kinds=KINDS,
        owners=OWNERS,
        code_version=f"{SCORING_VERSION}-{rules.fingerprint}",
        metadata=table_metadata("evaluation_history"),
    )
    def evaluation_history(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Every evaluation that ever was, with the fingerprints of all stages. Nothing new: nothing is appended."""
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            columns = tables.scores.outcome_columns(snapshot, backends, SCORING_VERSION, rules.fingerprint)
            documents, labels = tables.documents.datasets(snapshot), tables.labels.valid_labels(snapshot)
            label_rows = tables.labels.labels(snapshot)
            runs = tables.extractions.run_facts(snapshot, backends)
            latest = tables.history.latest_evaluations(snapshot)
        versions = label_versions(labels, labelled_datasets(labels, documents))
        sha256 = {key: row.label_sha256 for key, row in label_rows.items() if row.label_sha256}
        new = new_evaluations(columns, sha256, runs, versions, latest, rules)
        now = utc_now()
        found = [row for one in new for row in one.rows(str(now), context.run.run_id)]
        sets = {one.set_id: {"document_ids": one.documents, "label_sha256": one.label_sha256} for one in new}
        target.replace(
            ("set_id",),
            [(set_id,) for set_id in sets],
            {"evaluation_documents": [{"set_id": set_id, **row} for set_id, row in sets.items()]},
        )
        ids = sorted({row["evaluation_id"] for row in found})
        target.replace(("evaluation_id",), [(one,) for one in ids], {"evaluation_history": found})
        return dg.MaterializeResult(
            metadata={
                "appended": len(new),
                "preview": preview(
                    [row for row in found if row["field"] == ALL_FIELDS],
                    ["dataset", "backend", "documents", "n", "f1", "f1_low", "f1_high", "label_version"],
                ),
            }
        )

    return [comparisons, leaderboard_slices, evaluation_history]
