"""The extractor `ensemble`: of what other backends have read, per field the value that most speaks for."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.components import Capabilities
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, TrainedExtractor
from ocr_pipeline.extraction.ensemble.votes import Group, groups_of
from ocr_pipeline.extraction.ensemble.weights import SCHEMA, Weights
from ocr_pipeline.schemas import FIELD_KINDS, LIST_KINDS, Evidence, Extraction, Invoice

VERSION = 1


class EnsembleExtractor(TrainedExtractor):
    """Reads nothing itself: the results of its members, by the names of their backends, are what it votes on.

    A document that weights were learned from is read by those of its fold. Line items and tax lines are those of the first
    member that gives any: rows of different engines do not add up.
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
        return Capabilities(votes_on=self.members)

    def use(self, path: Path) -> None:
        """The weights to vote with, as they are now."""
        self._weights, self._fingerprint = load_weights(path, self.members)

    def fingerprint(self) -> dict[str, object]:
        return {"name": "ensemble", "version": VERSION, "of": list(self.members), "weights": self._fingerprint}

    def input_of(self, document_id: str, key: str) -> str:
        """What a result is of: the members' results, and which weights it is read with."""
        return f"{key}:fold={self._weights.fold_of.get(document_id)}" if self._weights else key

    def extract(self, document: ExtractionInput) -> Extraction:
        if document.members is None:
            raise ConfigurationError("An ensemble works on the results of other backends, which were not given.")
        given = document.members.extractions
        if not given:
            raise DocumentError("document_failed", "No member of the ensemble has read this document.")
        fold = self._weights.fold_of.get(document.document_id) if self._weights else None
        values: dict[str, object] = {}
        evidence: dict[str, Evidence] = {}
        for field in FIELD_KINDS:
            groups = groups_of(field, given)
            if not groups:
                continue
            shares = self._shares(field, groups, fold, len(given))
            best = max(range(len(groups)), key=shares.__getitem__)
            vote = max(groups[best].votes, key=lambda one: one.score)
            values[field] = vote.value
            if vote.evidence:
                evidence[field] = _of_member(vote.evidence, vote.member, shares[best])
        for name in LIST_KINDS:
            member = next((one for one, found in given.items() if getattr(found.invoice, name)), None)
            if member is not None:
                values[name] = getattr(given[member].invoice, name)
                places = given[member].evidence.items()
                evidence |= {
                    key: _of_member(place, member, place.score) for key, place in places if key.startswith(name)
                }
        return Extraction(invoice=Invoice.model_validate(values), evidence=evidence, cost_usd=document.members.cost_usd)

    def _shares(self, field: str, groups: Sequence[Group], fold: int | None, members: int) -> list[float]:
        """The probability of each value, as far as labels have taught; else the share of the members that give it, the
        first ones before others."""
        weights = self._weights.of(field, fold) if self._weights else None
        return weights.shares(groups) if weights else [len(group.votes) / members for group in groups]


def _of_member(evidence: Evidence, member: str, score: float) -> Evidence:
    """The place that a member names. Its words are those of the member's engine, so they are left out."""
    return evidence.model_copy(update={"method": f"{member}: {evidence.method}", "score": score, "words": []})


def load_weights(path: Path, members: Sequence[str]) -> tuple[Weights | None, str | None]:
    """The weights and the fingerprint of their file; nothing where there are none, or those of another schema or of other
    members."""
    if not path.is_file():
        return None, None
    content = path.read_bytes()
    try:
        weights = Weights.model_validate_json(content)
    except ValidationError:
        return None, None
    known = weights.weights_schema == SCHEMA and weights.members == tuple(members)
    return (weights, sha256(content).hexdigest()[:16]) if known else (None, None)
