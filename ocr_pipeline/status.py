"""The state of every cell of `extractions`: current, missing, stale with the reason, or failed for now."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from ocr_pipeline.config import Config
from ocr_pipeline.pending import expected_keys, is_asked_for
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader

State = Literal["current", "missing", "stale", "failed"]


@dataclass(frozen=True)
class CellState:
    """`why` names what changed (document, engine, text, prediction, or settings of the extractor like prompt) or the
    failure."""

    backend: str
    document_id: str
    state: State
    why: str | None = None


def extraction_states(
    config: Config,
    backends: Iterable[str],
    documents: Collection[str],
    reader: Reader,
    changed: Collection[str] = (),
) -> list[CellState]:
    """The state of each (backend, document). `changed` are documents whose file is not what was taken in.

    A snapshot as `reader` is opened once for all backends.
    """
    known = tables.documents.documents(reader)
    states = []
    for backend in backends:
        chosen = config.backends[backend]
        engine = config.engine_of(backend)
        ocr = tables.words.ocr_cells(reader, chosen.engine) if chosen.engine else {}
        rows = tables.extractions.extraction_cells(reader, backend)
        changed_input = "text" if engine else "prediction" if config.predictions_of(backend) else "document"
        if backend in config.ensembles:
            changed_input = "members"
        for document_id, expected in expected_keys(config, backend, documents, reader).items():
            row = rows.get(document_id)
            if row is None:
                if is_asked_for(config, backend, known.get(document_id), expected):
                    states.append(CellState(backend, document_id, "missing"))
                continue
            why = []
            if document_id in changed:
                why.append("document")
            text = ocr.get(document_id)
            used = {text.fingerprint if text else None, row.engine_fingerprint} - {None}
            if engine and used - {engine.fingerprint}:
                why.append("engine")
            # Where an earlier stage failed, an extractor has nothing to work on, whatever has changed of it.
            nothing_to_do = expected is None and row.result_key is None
            if row.extractor_fingerprint != chosen.fingerprint and not nothing_to_do:
                why += _changed_settings(row.extractor_settings, chosen.settings)
            if why:
                states.append(CellState(backend, document_id, "stale", ", ".join(why)))
            elif row.result_key is None:
                states.append(CellState(backend, document_id, "failed", row.reason))
            elif row.result_key != expected:
                states.append(CellState(backend, document_id, "stale", changed_input))
            else:
                states.append(CellState(backend, document_id, "current"))
    return states


def _changed_settings(old: str | None, new: str) -> list[str]:
    before, now = json.loads(old or "{}"), json.loads(new)
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)] if old else ["extractor"]
