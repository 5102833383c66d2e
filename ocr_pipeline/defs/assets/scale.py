"""`scale_suspects`: amounts that differ from what is printed by a power of ten, of every backend, imported ones included."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.assets.cells import batches
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import asset_options, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.extraction.scale import AMOUNTS, ScaleSuspect, plain_amounts, scale_suspects
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse

Amounts = Sequence[tuple[str, Decimal]]
"""Fields and their values."""


def scale_asset() -> dg.AssetsDefinition:
    """`scale_suspects`."""

    @dg.asset(
        name="scale_suspects",
        deps=["ocr_text", "extractions", "ensembles"],
        **asset_options("diagnosis", "scale_suspects"),
    )
    @readable_failure
    def suspects(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Amounts that differ from what is printed by a power of ten, such as 161 where 161.000 is printed for 161,000."""
        configured, target = project.backends(), warehouse.warehouse()
        with target.snapshot() as snapshot:
            datasets = tables.documents.datasets(snapshot)
            values = tables.extractions.extracted_values(snapshot, list(configured))
        doubtful, checked = _not_plainly_printed(configured, target, values)
        found = [entry for engine in doubtful for entry in _found(target, engine, doubtful[engine])]
        tables.scale.replace_scale_suspects(target, found, datasets, context.run.run_id)
        shown = [
            {"document_id": key, "backend": backend, "field": of.field, "value": str(of.value), "printed": of.text}
            for key, backend, _, of in found
        ]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(found),
                "checked": checked["checked"],
                "without_words": checked["without words"],
                "preview": preview(shown, ["document_id", "backend", "field", "value", "printed"]),
            }
        )

    return suspects


Doubtful = dict[str, dict[str, dict[str, Amounts]]]
"""By engine, document and backend."""


def _not_plainly_printed(
    configured: Backends, target: Warehouse, values: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> tuple[Doubtful, Counter[str]]:
    """The amounts to look at closely, by the engine whose words tell: the backend's own, else the first one with words."""
    texts = {engine: tables.scale.texts_with_digits(target, engine) for engine in configured.engines}
    doubtful: Doubtful = {}
    counts: Counter[str] = Counter()
    for document_id, of_document in values.items():
        with_words = [engine for engine in texts if document_id in texts[engine]]
        plain = {engine: plain_amounts(texts[engine][document_id]) for engine in with_words}
        for backend, fields in of_document.items():
            given = [(field, amount) for field in AMOUNTS if (amount := _amount(fields.get(field))) is not None]
            if not with_words:
                counts["without words"] += len(given)
                continue
            counts["checked"] += len(given)
            own = configured[backend].engine_name
            engine = own if own in with_words else with_words[0]
            left = [entry for entry in given if abs(entry[1]) not in plain[engine]]
            if left:
                doubtful.setdefault(engine, {}).setdefault(document_id, {})[backend] = left
    return doubtful, counts


def _amount(text: str | None) -> Decimal | None:
    """None: no value, or an imported one that cannot be read."""
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None


def _found(
    target: Warehouse, engine: str, doubtful: Mapping[str, Mapping[str, Amounts]]
) -> Iterator[tuple[str, str, str, ScaleSuspect]]:
    for batch in batches(iter(doubtful)):
        for document_id, text in tables.words.ocr_texts(target, engine, batch).items():
            amounts = {backend: tuple(of_backend) for backend, of_backend in doubtful[document_id].items()}
            known = {of: scale_suspects(of, text) for of in dict.fromkeys(amounts.values())}
            for backend, of_backend in amounts.items():
                for suspect in known[of_backend]:
                    yield document_id, backend, engine, suspect
