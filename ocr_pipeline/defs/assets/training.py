"""`extractor_model`: rankers trained on labels, with their cross-validation."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import asset_options, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.document_schema.schema import INVOICE_NAME
from ocr_pipeline.extraction.learned.model import load_model
from ocr_pipeline.training.promotion import Trained, is_due, learning_engines, train_due


class TrainingConfig(dg.Config):
    """`engines`: train only models of these; None: of every engine with a backend that learns."""

    engines: list[str] | None = None


def training_assets(configured: Backends) -> list[dg.AssetsDefinition]:
    """`extractor_model` if a backend learns, whether or not its packages are installed here; otherwise nothing."""
    if not any(backend.capabilities.learns and backend.engine for backend in configured.values()):
        return []

    @dg.asset(
        deps=["ocr_text", "ground_truth", "duplicates"],
        check_specs=[
            dg.AssetCheckSpec(
                name="model_not_worse",
                asset="extractor_model",
                description="The new model is not significantly worse on any field.",
            )
        ],
        **asset_options("learning"),
    )
    @readable_failure
    def extractor_model(
        config: TrainingConfig, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # with a check, Dagster does not take the generic
        """Rankers trained on every labelled document, per engine. A new model that is significantly worse on a field than
        the current one, out of fold, is not promoted."""
        engines, target = learning_engines(project.backends()), warehouse.warehouse()
        chosen = engines if config.engines is None else [engine for engine in engines if engine in config.engines]
        with target.snapshot() as snapshot:
            due = [engine for engine in chosen if is_due(project.project, snapshot, engine)]
        results = [trained for engine in due for trained in train_due(project.project, target, engine)]
        return dg.MaterializeResult(metadata=_metadata(project, engines, results), check_results=[_check(results)])

    return [extractor_model]


def _check(results: Sequence[Trained]) -> dg.AssetCheckResult:
    worse = [{"engine": result.engine, "field": field} for result in results for field in result.worse]
    fields = ", ".join(row["field"] for row in worse)
    return dg.AssetCheckResult(
        check_name="model_not_worse",
        passed=not worse,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"The new model is worse on {fields}; the old one stays." if worse else None,
        metadata={"found": len(worse), "rows": preview(worse, ["engine", "field"])},
    )


def _of(result: Trained) -> str:
    return "" if result.schema == INVOICE_NAME else f" ({result.schema})"


def _metadata(project: ProjectResource, engines: list[str], results: list[Trained]) -> dict[str, Any]:
    """Cross-validation of the models in use, by document and by vendor, and the most important features."""
    rows, features, curve, lexicon = [], [], [], []
    for engine in engines:
        model, fingerprint = load_model(project.project.model_file(engine))
        if model is None:
            continue
        for name, field in model.fields.items():
            shares = {key: field.report[key] for key in ("documents", "by_document", "by_vendor", "rules", "possible")}
            rows.append({"engine": engine, "field": name, "model": fingerprint, **shares})
            features += [
                {"engine": engine, "field": name, "feature": feature, "share of gain": share}
                for feature, share in list(field.report["importance"].items())[:3]
            ]
            curve += [{"engine": engine, "field": name, **point} for point in field.report["curve"]]
            lexicon += [{"field": name, "entry": entry} for entry in field.splits["document"].lexicon(None).values()]
        for name, count in model.too_few.items():
            rows.append(
                {"engine": engine, "field": name, "documents": count, "rules": "too few labels: rules are used"}
            )
    columns = ["engine", "field", "documents", "by_document", "by_vendor", "rules", "possible"]
    return {
        "trained": ", ".join(f"{result.engine}{_of(result)}: {result.state}" for result in results)
        or "nothing was due",
        "fields": len(rows),
        "cross_validation": preview(rows, columns),
        "importance": preview(features, ["engine", "field", "feature", "share of gain"]),
        "learning_curve": preview(curve, ["engine", "field", "labels", "right", "n"]),
        "lexicon": preview(lexicon, ["field", "entry"]),
        "report": dg.MetadataValue.url(f"{project.report_url}/learned.html"),
    }
