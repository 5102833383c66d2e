"""`scale_suspects`: amounts that differ from what is printed by a power of ten, of every backend, imported ones included."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.assets.cells import batches
from ocr_pipeline.defs.assets.judges import made_by
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
            due = tables.due.due(snapshot, "scale_suspects", made_by(configured), ("document", "words", "results"))
        for part in due.parts():
            with target.snapshot(only=part.documents) as snapshot:
                datasets = tables.documents.datasets(snapshot)
                values = tables.extractions.extracted_values(snapshot, list(configured))
            results = _looked_at(
                configured, target, {key: _amounts(of_document) for key, of_document in values.items()}
            )
            found = [(key, *entry) for key, result in results.items() for entry in result.found]
            rows = tables.scale.scale_suspect_rows(found, datasets, context.run.run_id)
            counts = {key: {"checked": result.checked, "unknown": result.unknown} for key, result in results.items()}
            tables.due.replace_due(target, part, {"scale_suspects": rows}, counts)
        with target.snapshot() as snapshot:
            every = tables.scale.scale_suspects(snapshot)
            counted = tables.due.sums(snapshot, "scale_suspects", ("checked", "unknown"))
        shown = [{**vars(row), "printed": row.text} for row in every]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(every),
                "checked": counted["checked"],
                "without_words": counted["unknown"],
                "preview": preview(shown, ["document_id", "backend", "field", "value", "printed"]),
            }
        )

    return suspects


class _Result(NamedTuple):
    """Of a document: amounts that were checked, and that could not be without words; (backend, engine, what is suspect)."""

    checked: int
    unknown: int
    found: list[tuple[str, str, ScaleSuspect]]


def _amounts(values: Mapping[str, Mapping[str, str]]) -> dict[str, Amounts]:
    """The amounts of a document by backend."""
    return {
        backend: tuple((field, amount) for field in AMOUNTS if (amount := _amount(fields.get(field))) is not None)
        for backend, fields in values.items()
    }


def _looked_at(
    configured: Backends, target: Warehouse, amounts: Mapping[str, Mapping[str, Amounts]]
) -> dict[str, _Result]:
    """The results of these documents. `amounts`: by document and backend."""
    if not amounts:
        return {}
    with target.snapshot(only=list(amounts)) as snapshot:
        texts = {engine: tables.scale.texts_with_digits(snapshot, engine) for engine in configured.engines}
    doubtful: Doubtful = {}
    results: dict[str, _Result] = {}
    for document_id, of_document in amounts.items():
        with_words = [engine for engine in texts if document_id in texts[engine]]
        plain = {engine: plain_amounts(texts[engine][document_id]) for engine in with_words}
        count = sum(map(len, of_document.values()))
        results[document_id] = _Result(count, 0, []) if with_words else _Result(0, count, [])
        for backend, given in of_document.items() if with_words else ():
            own = configured[backend].engine_name
            engine = own if own in with_words else with_words[0]
            left = [entry for entry in given if abs(entry[1]) not in plain[engine]]
            if left:
                doubtful.setdefault(engine, {}).setdefault(document_id, {})[backend] = left
    for engine in doubtful:
        for document_id, backend, of_engine, suspect in _found(target, engine, doubtful[engine]):
            results[document_id].found.append((backend, of_engine, suspect))
    return results


Doubtful = dict[str, dict[str, dict[str, Amounts]]]
"""By engine, document and backend."""


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
