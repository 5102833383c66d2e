"""The extractor `cascade`: the values of the first member, and of the next one where the first is not sure enough."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ocr_pipeline.components import Capabilities
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, TrainedExtractor
from ocr_pipeline.extraction.cascade.thresholds import Thresholds, confidence_of, load_thresholds
from ocr_pipeline.extraction.ensemble.extractor import own_warnings
from ocr_pipeline.schemas import FIELD_KINDS, Evidence, Extraction

VERSION = 1
FIELDS = ("supplier_name", "invoice_date", "total_amount")


class CascadeExtractor(TrainedExtractor):
    """Takes the values of its first member, a backend, and asks the next one only about documents in which a value is below
    its threshold; that one's answers take the place of these values, and so on.

    `fields` decide whether the next member is asked; of its answer, all fields that have no value yet are taken, too. Until
    thresholds are learned, `threshold` applies to every field. Learned thresholds accept at most `max_error` wrong values.
    On documents of another schema than invoices, the fields that it has in common with `fields` decide, else its required
    ones, else all, with `threshold`.
    """

    id = "cascade"

    def __init__(
        self, of: Sequence[str], threshold: float = 0.9, max_error: float = 0.02, fields: Sequence[str] = FIELDS
    ) -> None:
        names = of if isinstance(of, list | tuple) and all(isinstance(name, str) for name in of) else ()
        if len(set(names)) < max(2, len(names)):
            raise ValueError("of must list two backends or more in the order in which they are asked, each once")
        for name, number in (("threshold", threshold), ("max_error", max_error)):
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
                raise ValueError(f"{name} must be a number from 0 to 1")
        if (
            not isinstance(fields, list | tuple)
            or not fields
            or any(field not in tuple(FIELD_KINDS) for field in fields)
        ):
            raise ValueError(f"fields must list some of {', '.join(FIELD_KINDS)}")
        self.members, self.fields = tuple(of), tuple(fields)
        self.threshold, self.max_error = float(threshold), float(max_error)
        self._thresholds: Thresholds | None = None
        self._fingerprint: str | None = None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(votes_on=self.members, in_order=True, schemas="any")

    def use(self, path: Path) -> None:
        """Load the current thresholds."""
        self._thresholds, self._fingerprint = load_thresholds(path, self.members)

    def fingerprint(self) -> dict[str, object]:
        return {
            "name": "cascade",
            "version": VERSION,
            "of": list(self.members),
            "threshold": self.threshold,
            "max_error": self.max_error,
            "fields": list(self.fields),
            "thresholds": self._fingerprint,
        }

    def input_of(self, document_id: str, key: str) -> str:
        """The results of the first member, what the others would work on, and the fold of the thresholds."""
        return f"{key}:fold={self._thresholds.fold_of.get(document_id)}" if self._thresholds else key

    def doubtful(
        self, document_id: str, member: str, extraction: Extraction | None, schema: DocumentSchema | None = None
    ) -> list[str]:
        """The fields of a member's answer that are below their thresholds: those that the next one is asked about. `schema`:
        of the document, default that of invoices."""
        if schema is None or schema.is_invoice:
            limits = {field: self._threshold_of(document_id, member, field) for field in self.fields}
        else:
            limits = dict.fromkeys(self._deciding(schema), self.threshold)
        return [
            field for field, limit in limits.items() if extraction is None or confidence_of(extraction, field) < limit
        ]

    def _deciding(self, schema: DocumentSchema) -> list[str]:
        """The fields of another schema that decide whether the next member is asked."""
        shared = [field for field in self.fields if field in schema.field_kinds]
        required = [name for name, field in schema.spec.fields.items() if field.required]
        return shared or required or list(schema.field_kinds)

    def extract(self, document: ExtractionInput) -> Extraction:
        members = document.members
        if members is None or members.later is None:
            raise ConfigurationError("A cascade needs its members: `members.later` is not set.")
        first, *later = self.members
        held = _Held(first, members.of_schema(document.schema).get(first), document.schema)
        doubtful = self.doubtful(document.document_id, first, held.extraction, document.schema)
        for member in later:
            if not doubtful:
                break
            answer = members.later.ask(member)
            if answer is None:
                continue
            held.take(member, answer, doubtful)
            still = self.doubtful(document.document_id, member, answer, document.schema)
            doubtful = [field for field in doubtful if field in still]
        if held.extraction is None:
            raise DocumentError("document_failed", "No member of the cascade has a result for this document.")
        return held.result([*members.later.failures])

    def _threshold_of(self, document_id: str, member: str, field: str) -> float:
        fold = self._thresholds.fold_of.get(document_id) if self._thresholds else None
        learned = self._thresholds.of(member, field, fold) if self._thresholds else None
        return self.threshold if learned is None else learned


class _Held:
    """The values so far, and where they come from. `extraction`: that of the first member with a result."""

    def __init__(self, member: str, extraction: Extraction | None, schema: DocumentSchema) -> None:
        self._schema = schema
        self.extraction: Extraction | None = None
        self._values: dict[str, Any] = {}
        self._evidence: dict[str, Evidence] = {}
        self._warnings: dict[str, None] = {}
        if extraction is not None:
            self.take(member, extraction, list(schema.field_kinds))

    def take(self, member: str, answer: Extraction, fields: Sequence[str]) -> None:
        """Take these fields from an answer if it has a value, all others if there is none yet."""
        for field in self._schema.field_kinds:
            value = getattr(answer.invoice, field)
            if value is None or (field in self._values and field not in fields):
                continue
            same = self._values.get(field) == value
            self._values[field] = value
            evidence = answer.evidence.get(field)
            before = self._evidence.pop(field, None)
            if same and before:  # two agree: the first one's place, the higher score
                score = max(before.score, evidence.score if evidence else 0.0)
                self._evidence[field] = before.model_copy(update={"score": score})
            elif evidence:
                self._evidence[field] = _of_member(evidence, member)
        for name in self._schema.list_kinds:
            rows = getattr(answer.invoice, name)
            if rows and not self._values.get(name):  # rows of different members cannot be combined
                self._values[name] = rows
                self._evidence |= {
                    key: _of_member(evidence, member)
                    for key, evidence in answer.evidence.items()
                    if key.startswith(f"{name}.")
                }
        self._warnings |= dict.fromkeys(own_warnings(answer, self._schema))
        self.extraction = self.extraction or answer

    def result(self, warnings: Sequence[str]) -> Extraction:
        assert self.extraction is not None
        return Extraction(
            invoice=self._schema.model.model_validate(self._values),
            evidence=self._evidence,
            warnings=[*self._warnings, *warnings],
            origin=self.extraction.origin,
        )


def _of_member(evidence: Evidence, member: str) -> Evidence:
    """The evidence of a member without its words, which are those of the member's engine."""
    return evidence.model_copy(update={"method": f"{member}: {evidence.method}", "words": []})
