"""Which documents are accepted without a look, and which fields of the others a person should look at, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from ocr_pipeline.evaluation.diagnosis.confidence import Value
from ocr_pipeline.evaluation.diagnosis.document_confidence import DocumentValues, Scored, document_confidences
from ocr_pipeline.evaluation.statistics.proof import Proof, nothing, prove

TARGETS = (0.01, 0.03, 0.05)
"""Error rates that are tried beside the one that is wanted."""
MIN_LABELLED = 30
"""Labelled documents without which no confidence is computed."""
ALL = "all"
"""Name of the chosen set of fields in a proof."""
DOCUMENT = ""
"""Key of the reasons that concern the whole document."""
NEVER = -1.0
"""Confidence of a document that is not accepted whatever is proved."""
UNCLEAR = 0.8
"""Confidence of the engine in a word below which its print is called unclear."""

Status = Literal["accepted", "check"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is to become of a document.

    Attributes:
        confidence: probability that all chosen fields are right; None: too few labels.
        threshold: from which on documents are accepted; None: nothing is proved.
        fields: to be looked at, the least sure first; empty if accepted.
        reasons: why, by field; what concerns the whole document is under "".
        labelled: whether the document has a label of all chosen fields.
    """

    document_id: str
    status: Status
    confidence: float | None
    threshold: float | None
    fields: Sequence[str]
    reasons: Mapping[str, str]
    labelled: bool


@dataclass(frozen=True, kw_only=True)
class FieldProof:
    """What is proved about one field, or about all chosen fields together (`ALL`), for one target."""

    field: str
    proof: Proof


@dataclass(frozen=True)
class Review:
    """The decisions about all documents of one backend, and what they rest on. `proofs`: that of the chosen target first."""

    decisions: Sequence[Decision]
    proofs: Sequence[FieldProof]

    @property
    def proof(self) -> Proof:
        """That of the chosen fields and target."""
        return self.proofs[0].proof


def review(
    documents: Sequence[DocumentValues],
    kinds: Mapping[str, str],
    foreign: Mapping[str, Sequence[str]],
    *,
    target: float,
) -> Review:
    """Decide about every document.

    Args:
        documents: their values of the chosen fields.
        kinds: kind of each field.
        foreign: why what labels prove says nothing about a document, by document.
        target: the highest share (0..1) of accepted documents that may be wrong.
    """
    right = [document.right for document in documents if document.right is not None]
    if len(right) < MIN_LABELLED:
        proofs = [FieldProof(field=ALL, proof=nothing(len(right), target))]
        return Review([_undecided(document) for document in documents], proofs)
    scored = document_confidences(documents, kinds)
    proofs = list(_proofs(documents, scored, foreign, target))
    thresholds = {of.field: of.proof.threshold for of in proofs if of.proof.target == target}
    names = list(documents[0].values)
    return Review(
        [
            _decision(
                document,
                float(scored.documents[index]),
                dict(zip(names, map(float, scored.fields[index]), strict=True)),
                thresholds,
                foreign.get(document.document_id, ()),
            )
            for index, document in enumerate(documents)
        ],
        proofs,
    )


def _proofs(
    documents: Sequence[DocumentValues], scored: Scored, foreign: Mapping[str, Sequence[str]], target: float
) -> Iterator[FieldProof]:
    """Of all fields together and of each field, for the target that is wanted, then for others."""
    import numpy as np

    at_home = np.array([not foreign.get(document.document_id) for document in documents])
    every = np.where(at_home, scored.documents, NEVER)
    labelled = np.array([document.right is not None for document in documents])
    right = np.array([bool(document.right) for document in documents])
    for wanted in (target, *(other for other in TARGETS if other != target)):
        yield FieldProof(field=ALL, proof=prove(every[labelled], right[labelled], wanted))
        for index, name in enumerate(documents[0].values):
            known = np.array([document.values[name].correct is not None for document in documents])
            flags = np.array([bool(document.values[name].correct) for document in documents])
            sure = np.where(at_home, scored.fields[:, index], NEVER)
            both = known & labelled  # others have no probability from outside their fold
            yield FieldProof(field=name, proof=prove(sure[both], flags[both], wanted))


def _decision(
    document: DocumentValues,
    confidence: float,
    sure: Mapping[str, float],
    thresholds: Mapping[str, float | None],
    foreign: Sequence[str],
) -> Decision:
    threshold = thresholds[ALL]
    accepted = threshold is not None and confidence >= threshold and not foreign
    reasons = {} if accepted else _reasons(document, sure, thresholds)
    fields = list(reasons)
    if foreign:
        reasons = {DOCUMENT: "; ".join(foreign), **reasons}
        fields += [name for name in document.values if name not in fields]
    elif not accepted and not reasons:
        fields = [min(sure, key=lambda name: sure[name])]
        reasons = {DOCUMENT: f"not sure enough together (confidence {confidence:.3f}{_from(threshold)})"}
    return Decision(
        document_id=document.document_id,
        status="accepted" if accepted else "check",
        confidence=confidence,
        threshold=threshold,
        fields=fields,
        reasons=reasons,
        labelled=document.right is not None,
    )


def _undecided(document: DocumentValues) -> Decision:
    reasons = {DOCUMENT: "too few labels to accept anything"}
    return Decision(
        document_id=document.document_id,
        status="check",
        confidence=None,
        threshold=None,
        fields=list(document.values),
        reasons=reasons,
        labelled=document.right is not None,
    )


def _reasons(
    document: DocumentValues, sure: Mapping[str, float], thresholds: Mapping[str, float | None]
) -> dict[str, str]:
    """Of each field that is not sure enough by itself, the least sure first."""
    ordered = sorted(sure, key=lambda name: sure[name])
    unsure = [name for name in ordered if (least := thresholds.get(name)) is None or sure[name] < least]
    return {name: _reason(document.values[name], sure[name], thresholds.get(name)) for name in unsure}


def _reason(value: Value, sure: float, threshold: float | None) -> str:
    return f"{', '.join(_doubts(value)) or 'not sure enough'} (confidence {sure:.3f}{_from(threshold)})"


def _from(threshold: float | None) -> str:
    return f"; accepted from {threshold:.3f}" if threshold is not None else ""


def _doubts(value: Value) -> Iterator[str]:
    """What speaks against a value, in words."""
    known = value.features
    if value.prediction is None:
        yield "no value found"
    if known.get("agree_value", 1.0) < 1:
        yield "backends disagree"
    if known.get("sums", 1.0) < 0:
        yield "net and tax do not add up to the total"
    if known.get("limit", 1.0) < 1:
        yield "the page leaves it open"
    if known.get("ocr_lowest", 1.0) < UNCLEAR:
        yield f"unclear print (OCR {known['ocr_lowest']:.2f})"
    if known.get("margin", 1.0) <= 0:
        yield "another candidate scores as high"


def is_sampled(document_id: str, share: float, seed: int = 0) -> bool:
    """Whether a document is drawn for a check: by hash, so that a document stays drawn however often it is asked."""
    drawn = int.from_bytes(sha256(f"{seed} {document_id}".encode()).digest()[:8], "big") / 2**64
    return drawn < share
