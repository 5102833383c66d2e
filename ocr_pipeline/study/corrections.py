"""Labels that the data set's own transcript contradicts, corrected without looking at any answer.

A label is compared with the transcript of its receipt and with nothing else, so no system is favoured by intent; whom a
correction favours is counted afterwards. Names and addresses that the transcript has in a nearly equal spelling are
accepted in both. Amounts and dates that it does not have are only counted: which value is right needs the page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ocr_pipeline.documents.overrides import Decision, Overrides, apply, write_decision
from ocr_pipeline.evaluation.diagnosis.alignment import Aligner
from ocr_pipeline.evaluation.diagnosis.transcripts import CLEARLY_READ
from ocr_pipeline.evaluation.scoring.comparators import canonical
from ocr_pipeline.schemas import FIELD_KINDS, Label, OcrText

SPELT = ("name", "address", "text")


@dataclass(frozen=True)
class Correction:
    """`value`: the transcript's spelling, accepted beside the label; None: contradicted, but not decided."""

    document_id: str
    field: str
    label: str
    value: str | None


def contradictions(document_id: str, label: Label, transcript: OcrText) -> Iterable[Correction]:
    """The labelled values that the transcript does not have."""
    aligner = Aligner(transcript)
    for field in label.labelled_fields:
        kind, truth = FIELD_KINDS[field], getattr(label.invoice, field)
        if kind == "category" or truth is None:
            continue
        place = aligner.find(kind, canonical(truth))
        if place and place.exact:
            continue
        if kind not in SPELT:
            yield Correction(document_id, field, canonical(truth), None)
        elif place and place.similarity >= CLEARLY_READ:
            yield Correction(document_id, field, canonical(truth), place.text)


def corrected(labels: Mapping[str, Label], corrections: Iterable[Correction], folder: Path) -> dict[str, Label]:
    """The labels with the decided corrections. They are also written to `folder`/overrides in the project's own format: copied
    to data/overrides of a project, they apply there."""
    decisions: dict[str, dict[str, Decision]] = {}
    for correction in corrections:
        if correction.value is not None:
            decision = Decision(
                choice="both",
                label=correction.label,
                value=correction.value,
                note="spelt like this in the data set's transcript; decided without looking at any answer",
                decided_on=date.today(),
            )
            decisions.setdefault(correction.document_id, {})[correction.field] = decision
            write_decision(folder, correction.document_id, correction.field, decision)
    return {
        key: apply(label, Overrides(document_id=key, fields=decisions.get(key, {})))[0] for key, label in labels.items()
    }
