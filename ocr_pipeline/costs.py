"""What model calls may cost before they are made. A guess by sizes: what is paid comes from the usage."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ocr_pipeline.config import Config
from ocr_pipeline.errors import BudgetError, ConfigurationError
from ocr_pipeline.extraction.base import provider_of
from ocr_pipeline.extraction.stage import STAGE
from ocr_pipeline.models.calls import no_price
from ocr_pipeline.models.prices import expected_cost
from ocr_pipeline.pending import Cell, expected_keys
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse


@dataclass(frozen=True)
class Estimate:
    """Documents of one backend that a model is going to be asked about. `usd` is None where there is no price."""

    backend: str
    documents: int
    usd: float | None


def estimate(
    config: Config, cells: Iterable[Cell], warehouse: Warehouse, store: ResultStore, *, fresh: bool = False
) -> list[Estimate]:
    """The backends of these cells that ask a model, with what that may cost. What is stored costs nothing."""
    documents_of: dict[str, list[str]] = {}
    for backend, document_id in cells:
        if provider_of(config.backends[backend].extractor_object):
            documents_of.setdefault(backend, []).append(document_id)
    known = tables.documents.documents(warehouse) if documents_of else {}
    found = []
    for backend, documents in documents_of.items():
        chosen = config.backends[backend]
        extractor, engine = chosen.extractor_object, chosen.engine
        provider = provider_of(extractor)
        assert provider is not None
        characters = tables.words.characters(warehouse, engine) if engine else {}
        rates = provider.rates(extractor.model, datetime.now(UTC).date())  # type: ignore[attr-defined]
        costs = []
        for document_id, key in expected_keys(config, backend, documents, warehouse).items():
            if key is None or (not fresh and store.get(STAGE, key) is not None):
                continue
            pages = known[document_id].pages or 1
            size = characters.get(document_id, 0) if engine else None
            tokens = extractor.expected_tokens(pages, size)  # type: ignore[attr-defined]
            costs.append(expected_cost(rates, tokens, batch=getattr(extractor, "mode", None) == "batch"))
        if costs:
            usd = None if None in costs else sum(cost for cost in costs if cost is not None)
            found.append(Estimate(backend, len(costs), usd))
    return found


def refuse_above(config: Config, estimates: Iterable[Estimate], max_cost_usd: float | None) -> None:
    """Raises ConfigurationError: it may cost more than the maximum (BudgetError), or nobody can tell."""
    if max_cost_usd is None:
        return
    total = 0.0
    for one in estimates:
        if one.usd is None:
            extractor = config.backends[one.backend].extractor_object
            provider = provider_of(extractor)
            assert provider is not None
            raise ConfigurationError(no_price(provider, extractor.model))  # type: ignore[attr-defined]
        total += one.usd
    if total > max_cost_usd:
        raise BudgetError(
            f"This may cost about {total:.4f} USD, more than the maximum of {max_cost_usd:g} USD; no model was asked."
        )
