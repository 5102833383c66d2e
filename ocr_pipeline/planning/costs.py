"""What model calls may cost before they are made. A guess by sizes: what is paid comes from the usage."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ocr_pipeline.backends.backend import Backend, Backends
from ocr_pipeline.document_schema.schema import name_in_state
from ocr_pipeline.errors import BudgetError, ConfigurationError
from ocr_pipeline.extraction.base import ModelExtractor
from ocr_pipeline.extraction.cascade.extractor import CascadeExtractor
from ocr_pipeline.extraction.stage import STAGE, ExtractionOutcome
from ocr_pipeline.models.budget import no_price
from ocr_pipeline.models.prices import expected_cost
from ocr_pipeline.planning.inputs import expected_extraction_keys
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell

CHARACTERS_PER_PAGE = 1500
"""Of a page without OCR text yet. Receipts have about 700, invoices about 2,000."""


@dataclass(frozen=True)
class Estimate:
    """Documents of one backend that a model is going to be asked about. `usd` is None if no price is known. `member`: of a
    cascade, the one whose model is asked. `calls`: more than documents if it is asked several times about each."""

    backend: str
    documents: int
    usd: float | None
    member: str | None = None
    calls: int = 0


def estimate(
    backends: Backends, cells: Iterable[tuple[str, str]], reader: Reader, store: ResultStore, *, fresh: bool = False
) -> list[Estimate]:
    """The backends of these cells that ask a model, with what that may cost. Stored results cost nothing."""
    known = list(cells)
    asking = _of_backends(backends, known, reader, store, fresh=fresh)
    return asking + _of_cascades(backends, known, reader, store, fresh=fresh)


def _of_cascades(
    backends: Backends, cells: Iterable[tuple[str, str]], reader: Reader, store: ResultStore, *, fresh: bool
) -> list[Estimate]:
    """What asking the later members of cascades may cost. A document without a result of the first member counts as asked;
    so does, for a third member, one that the second is asked about."""
    documents_of: dict[str, list[str]] = {}
    for name, document_id in cells:
        if backends[name].may_ask and backends[name].asked_later:
            documents_of.setdefault(name, []).append(document_id)
    estimates = []
    states = tables.documents.schema_states(reader)
    for name, documents in documents_of.items():
        cascade = backends[name]
        rows = tables.extractions.extraction_cells(reader, cascade.members[0].name)
        doubtful = [key for key in documents if _is_doubtful(cascade, key, rows, store, states.get(key))]
        for member in cascade.asked_later:
            asked = _of_backends(backends, [(member.name, key) for key in doubtful], reader, store, fresh=fresh)
            estimates += [replace(expected, backend=name, member=member.name) for expected in asked]
    return estimates


def _is_doubtful(
    cascade: Backend,
    document_id: str,
    rows: Mapping[str, ExtractionCell],
    store: ResultStore,
    schema_state: str | None,
) -> bool:
    """Whether the first member's result leaves a question for the next one. `schema_state`: of `documents`."""
    assert isinstance(cascade.extractor, CascadeExtractor)
    row, first = rows.get(document_id), cascade.members[0].name
    outcome = store.load(STAGE, row.result_key, ExtractionOutcome) if row and row.result_key else None
    schema = cascade.schemas.get(name_in_state(schema_state)) if schema_state else None
    return bool(cascade.extractor.doubtful(document_id, first, outcome.extraction if outcome else None, schema))


def _of_backends(
    backends: Backends, cells: Iterable[tuple[str, str]], reader: Reader, store: ResultStore, *, fresh: bool
) -> list[Estimate]:
    documents_of: dict[str, list[str]] = {}
    for name, document_id in cells:
        if backends[name].capabilities.asks:
            documents_of.setdefault(name, []).append(document_id)
    known = tables.documents.documents(reader) if documents_of else {}
    pages = {document_id: row.pages or 1 for document_id, row in known.items()}
    failed = {document_id for document_id, row in known.items() if row.failed}
    estimates = []
    for name, documents in documents_of.items():
        keys = expected_extraction_keys(backends[name], documents, reader)
        engine = backends[name].engine
        words = tables.words.ocr_cells(reader, engine.name) if engine else {}
        answered = {} if fresh else _answered(backends[name], documents, reader)
        repeat = backends[name].repeat
        to_ask = {
            document_id: repeat - answered.get(document_id, 0)
            for document_id, key in keys.items()
            if document_id not in failed
            and answered.get(document_id, 0) < repeat
            and (key is not None or document_id not in words)  # nothing is asked about a document whose OCR failed
            and (fresh or key is None or store.get(STAGE, key) is None)
        }
        if to_ask:
            usd = _usd(backends[name], to_ask, pages, reader)
            estimates.append(Estimate(name, len(to_ask), usd, calls=sum(to_ask.values())))
    return estimates


def _answered(backend: Backend, documents: Iterable[str], reader: Reader) -> dict[str, int]:
    """By document, how many answers are stored, though the result is stale: because this version handles replies in another
    way, or the model was asked fewer times."""
    settings = _request_settings(backend.settings)
    rows = tables.extractions.extraction_cells(reader, backend.name)
    same = {
        key: row
        for key in documents
        if (row := rows.get(key)) and row.result_key and _request_settings(row.extractor_settings) == settings
    }
    then = expected_extraction_keys(
        backend, same, reader, {key: row.extractor_fingerprint for key, row in same.items()}
    )
    return {key: _repeat(row.extractor_settings) for key, row in same.items() if then[key] == row.result_key}


def _repeat(settings: str | None) -> int:
    return int(json.loads(settings).get("repeat", 1)) if settings else 1


def _request_settings(settings: str | None) -> dict[str, object] | None:
    """What decides about a request: all settings but the version of the code, and how often it is asked."""
    kept = json.loads(settings).items() if settings else ()
    return {name: value for name, value in kept if name not in ("version", "repeat")} if settings else None


def _usd(backend: Backend, documents: Mapping[str, int], pages: Mapping[str, int], reader: Reader) -> float | None:
    """`documents`: how many calls there will be about each."""
    extractor, provider = backend.extractor, backend.capabilities.asks
    assert isinstance(extractor, ModelExtractor)
    assert provider is not None
    rates = provider.rates(extractor.model, datetime.now(UTC).date())
    characters = tables.words.characters(reader, backend.engine.name) if backend.engine else {}
    total = 0.0
    for document_id, calls in documents.items():
        size = pages.get(document_id, 1)
        text = characters.get(document_id, size * CHARACTERS_PER_PAGE) if backend.engine else None
        cost = expected_cost(rates, extractor.expected_tokens(size, text), batch=backend.capabilities.batch)
        if cost is None:
            return None
        total += calls * cost
    return total


def refuse_above(
    backends: Backends, estimates: Iterable[Estimate], max_cost_usd: float | None, spent_usd: float = 0.0
) -> None:
    """Raises ConfigurationError: with what was spent, the calls may cost more than the maximum (BudgetError), or no price is
    known."""
    if max_cost_usd is None:
        return
    total = 0.0
    for expected in estimates:
        if expected.usd is None:
            backend = backends[expected.member or expected.backend]
            extractor, provider = backend.extractor, backend.capabilities.asks
            assert isinstance(extractor, ModelExtractor)
            assert provider is not None
            raise ConfigurationError(no_price(provider, extractor.model))
        total += expected.usd
    if total and spent_usd + total > max_cost_usd:
        after = f" after {spent_usd:.4f} USD spent by this run" if spent_usd else ""
        raise BudgetError(
            f"This may cost about {total:.4f} USD{after}, more than the maximum of {max_cost_usd:g} USD; no model was asked."
        )
