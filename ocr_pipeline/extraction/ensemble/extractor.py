"""The extractor `ensemble`: per field the value with the strongest votes of other backends."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.components import Capabilities
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, TrainedExtractor
from ocr_pipeline.extraction.ensemble.votes import groups_of
from ocr_pipeline.extraction.ensemble.weights import SCHEMA, Weights
from ocr_pipeline.schemas import Evidence, Extraction, ReadFrom

VERSION = 2


class EnsembleExtractor(TrainedExtractor):
    """Votes on the results of its members, which are other backends; it extracts nothing itself.

    Training documents use the weights of their fold. Line items and tax lines are those of the first member with any: rows of
    different engines cannot be combined. Weights are learned for invoices; for other schemas each member has one vote.
    """

    id = "ensemble"

    def __init__(self, of: Sequence[str]) -> None:
        if isinstance(of, str) or len(set(of)) < 2 or len(set(of)) < len(of):
            raise ValueError("of must list two backends or more, each once")
        self.members = tuple(of)
        self._weights: Weights | None = None
        self._fingerprint: str | None = None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(votes_on=self.members, schemas="any")

    def use(self, path: Path) -> None:
        """Load the current weights."""
        self._weights, self._fingerprint = load_weights(path, self.members)

    def fingerprint(self) -> dict[str, object]:
        return {"name": "ensemble", "version": VERSION, "of": list(self.members), "weights": self._fingerprint}

    def input_of(self, document_id: str, key: str) -> str:
        """The members' results, and the fold of the weights."""
        return f"{key}:fold={self._weights.fold_of.get(document_id)}" if self._weights else key

    def extract(self, document: ExtractionInput) -> Extraction:
        if document.members is None:
            raise ConfigurationError("An ensemble needs the results of its members: `members` is not set.")
        extractions = document.members.of_schema(document.schema)
        if not extractions:
            raise DocumentError("document_failed", "No member of the ensemble has a result for this document.")
        fold = self._weights.fold_of.get(document.document_id) if self._weights else None
        values: dict[str, object] = {}
        evidence: dict[str, Evidence] = {}
        read_from: dict[str, ReadFrom] = {}
        schema = document.schema
        for field, kind in schema.field_kinds.items():
            groups = groups_of(field, extractions, kind)
            if not groups:
                continue
            learned = self._weights.of(field, fold) if self._weights and schema.is_invoice else None
            shares = learned.shares(groups) if learned else [len(group.votes) / len(extractions) for group in groups]
            best = max(range(len(groups)), key=shares.__getitem__)
            vote = max(groups[best].votes, key=lambda vote: vote.score)
            values[field] = vote.value
            if source := extractions[vote.member].read_from.get(field):
                read_from[field] = source
            if vote.evidence:
                evidence[field] = _of_member(vote.evidence, vote.member, shares[best])
        for name in schema.list_kinds:
            _take_list(name, extractions, values, evidence)
        warnings = dict.fromkeys(warning for result in extractions.values() for warning in own_warnings(result, schema))
        return Extraction(
            invoice=schema.model.model_validate(values),
            evidence=evidence,
            read_from=read_from,
            warnings=list(warnings),
            origin=next((result.origin for result in extractions.values() if result.origin), None),
            cost_usd=document.members.cost_usd,
        )


def own_warnings(result: Extraction, schema: DocumentSchema) -> list[str]:
    """The warnings of a member, without what its schema says against its values: the combined values are others."""
    said = set() if schema.is_invoice else set(schema.warnings(result.invoice))
    return [warning for warning in result.warnings if warning not in said]


def _take_list(
    name: str, extractions: Mapping[str, Extraction], values: dict[str, object], evidence: dict[str, Evidence]
) -> None:
    """The rows of the first member that has any."""
    member = next((key for key, result in extractions.items() if getattr(result.invoice, name)), None)
    if member is not None:
        values[name] = getattr(extractions[member].invoice, name)
        places = extractions[member].evidence.items()
        evidence |= {key: _of_member(place, member, place.score) for key, place in places if key.startswith(f"{name}.")}


def _of_member(evidence: Evidence, member: str, score: float) -> Evidence:
    """The evidence of a member without its words, which are those of the member's engine."""
    return evidence.model_copy(update={"method": f"{member}: {evidence.method}", "score": score, "words": []})


def load_weights(path: Path, members: Sequence[str]) -> tuple[Weights | None, str | None]:
    """The weights and the fingerprint of their file; (None, None) without a file or with one of another schema or members."""
    if not path.is_file():
        return None, None
    content = path.read_bytes()
    try:
        weights = Weights.model_validate_json(content)
    except ValidationError:
        return None, None
    known = weights.weights_schema == SCHEMA and weights.members == tuple(members)
    return (weights, sha256(content).hexdigest()[:16]) if known else (None, None)
