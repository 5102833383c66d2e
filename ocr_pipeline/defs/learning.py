"""The asset `extractor_model`: what is learned from labels, with its cross-validation."""

from typing import Any

import dagster as dg

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.defs.metadata import OWNERS, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.extraction.learned.model import load_model
from ocr_pipeline.training.promotion import Trained, is_due, learning_engines, train


def learning_assets(configured: Backends) -> list[dg.AssetsDefinition]:
    """`extractor_model`, where a backend learns; nothing elsewhere."""
    if not any(backend.capabilities.learns and backend.engine for backend in configured.values()):
        return []

    @dg.asset(
        deps=[dg.AssetDep("ocr_text"), dg.AssetDep("ground_truth"), "duplicates"],
        check_specs=[
            dg.AssetCheckSpec(
                name="model_not_worse",
                asset="extractor_model",
                description="A new model reads no field worse, beyond luck.",
            )
        ],
        group_name="learning",
        kinds={"python"},
        owners=OWNERS,
        code_version="1",
    )
    def extractor_model(project: ProjectResource, warehouse: WarehouseResource) -> dg.MaterializeResult:  # type: ignore[type-arg]  # with a check, Dagster does not take the generic
        """Rankers trained on every labelled document, per engine. A model that reads a field significantly worse than the
        one in use, out of fold, is not put to use."""
        engines = learning_engines(load_backends(project.project))
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            due = [engine for engine in engines if is_due(project.project, snapshot, engine)]
        results = [train(project.project, target, engine) for engine in due]
        worse = [{"engine": one.engine, "field": field} for one in results for field in one.worse]
        return dg.MaterializeResult(
            metadata=_metadata(project, engines, results),
            check_results=[
                dg.AssetCheckResult(
                    check_name="model_not_worse",
                    passed=not worse,
                    severity=dg.AssetCheckSeverity.WARN,
                    description=f"The new model reads {', '.join(row['field'] for row in worse)} worse; the old one stays."
                    if worse
                    else None,
                    metadata={"found": len(worse), "rows": preview(worse, ["engine", "field"])},
                )
            ],
        )

    return [extractor_model]


def _metadata(project: ProjectResource, engines: list[str], results: list[Trained]) -> dict[str, Any]:
    """Cross-validation of the models in use, by document and by vendor, and the most telling facts."""
    rows, facts, curve, lexicon = [], [], [], []
    for engine in engines:
        model, fingerprint = load_model(project.project.model_file(engine))
        if model is None:
            continue
        for name, field in model.fields.items():
            shares = {key: field.report[key] for key in ("documents", "by_document", "by_vendor", "rules", "possible")}
            rows.append({"engine": engine, "field": name, "model": fingerprint, **shares})
            facts += [
                {"engine": engine, "field": name, "fact": fact, "share of gain": share}
                for fact, share in list(field.report["importance"].items())[:3]
            ]
            curve += [{"engine": engine, "field": name, **point} for point in field.report["curve"]]
            lexicon += [{"field": name, "entry": entry} for entry in field.splits["document"].lexicon(None).values()]
        for name, count in model.too_few.items():
            rows.append({"engine": engine, "field": name, "documents": count, "rules": "left to the rules"})
    columns = ["engine", "field", "documents", "by_document", "by_vendor", "rules", "possible"]
    return {
        "trained": ", ".join(f"{one.engine}: {one.state}" for one in results) or "nothing was due",
        "fields": len(rows),
        "cross_validation": preview(rows, columns),
        "importance": preview(facts, ["engine", "field", "fact", "share of gain"]),
        "learning_curve": preview(curve, ["engine", "field", "labels", "right", "n"]),
        "lexicon": preview(lexicon, ["field", "entry"]),
        "report": dg.MetadataValue.url(f"{project.report_url}/learned.html"),
    }
