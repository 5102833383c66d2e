"""The diagnosis stage: scores, values and words in, attributions out. Never calls an engine or a model."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ocr_pipeline.document_fields import known_kind
from ocr_pipeline.evaluation.diagnosis.agreement import same_value
from ocr_pipeline.evaluation.diagnosis.alignment import Aligner
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTION_VERSION, Case, judge
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue
from ocr_pipeline.evaluation.diagnosis.records import AttributionRow, Key, Texts, ValueEvidence
from ocr_pipeline.evaluation.diagnosis.transcripts import BATCH
from ocr_pipeline.evaluation.scoring.stage import StoredScore

_NO_EVIDENCE = ValueEvidence()


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Everything that attributions depend on, apart from the text of the documents.

    Attributes:
        scores: current scores, those of controls included.
        engines: the engine of each backend to judge.
        transcripts: the engine that gives transcripts, if there is one.
        control_of: the backend with the same extractor on transcripts, by backend.
        evidence: by backend and (document, field).
        failures: reasons by backend and document.
        issues: doubtful labels.
        recognised: by document, a text that changes with what any engine recognised in it.
    """

    scores: Sequence[StoredScore]
    engines: Mapping[str, str | None]
    transcripts: str | None
    control_of: Mapping[str, str]
    evidence: Mapping[str, Mapping[Key, ValueEvidence]]
    failures: Mapping[str, Mapping[str, str]]
    issues: Iterable[LabelIssue]
    recognised: Mapping[str, str]

    @cached_property
    def errors(self) -> Mapping[str, Sequence[StoredScore]]:
        """Scores to judge, by document."""
        errors: dict[str, list[StoredScore]] = defaultdict(list)
        for score in self.scores:
            if score.backend in self.engines and not score.is_right:
                errors[score.document_id].append(score)
        return errors

    @cached_property
    def _score_of(self) -> Mapping[tuple[str, str, str], StoredScore]:
        return {(score.document_id, score.backend, score.field): score for score in self.scores}

    @cached_property
    def _issue_of(self) -> Mapping[Key, LabelIssue]:
        return {(issue.document_id, issue.field): issue for issue in self.issues}

    def control(self, score: StoredScore) -> StoredScore | None:
        """Score of the same extractor on the transcript."""
        return self._score_of.get((score.document_id, self.control_of.get(score.backend, ""), score.field))

    def evidence_of(self, score: StoredScore) -> ValueEvidence:
        """Words that the backend names for the value."""
        return self.evidence.get(score.backend, {}).get((score.document_id, score.field), _NO_EVIDENCE)

    def failure(self, score: StoredScore) -> str | None:
        """Why the backend has no result for the document."""
        return self.failures.get(score.backend, {}).get(score.document_id)

    def doubt(self, score: StoredScore) -> str | None:
        """Why the label is not to be trusted, if its issue is serious: it is not about agreement alone, or backends with
        different extractors give the same value as this one."""
        issue = self._issue_of.get((score.document_id, score.field))
        if issue is None or not issue.independent:
            return None
        agrees = same_value(score.field, score.prediction) == same_value(score.field, issue.value)
        return issue.reason if agrees or issue.kinds != ("agreement",) else None

    def content(self, document_id: str) -> str:
        """Hash of everything that the attributions of a document depend on."""
        parts: list[object] = [
            ATTRIBUTION_VERSION,
            self.recognised.get(document_id),
            self.engines,
            self.transcripts,
        ]
        for score in self.errors[document_id]:
            control, evidence = self.control(score), self.evidence_of(score)
            parts += [
                [score.dataset, score.backend, score.field, score.kind, score.outcome, score.truth, score.prediction],
                [
                    control.outcome if control else None,
                    control.prediction if control else None,
                    evidence.words,
                    evidence.correction,
                ],
                [self.failure(score), self.doubt(score)],
            ]
        return hashlib.sha256(json.dumps(parts, default=list).encode()).hexdigest()[:16]


def attribution_rows(findings: Findings, texts: Texts, kept: Iterable[AttributionRow] = ()) -> list[AttributionRow]:
    """Make a row of `attributions` for every score that is wrong, missing or spurious.

    Aligning a label to the words of a document takes milliseconds, so an unchanged document keeps its rows (`kept`: the
    stored ones). They are returned as they are. `texts` loads what an engine recognised.
    """
    contents = {document_id: findings.content(document_id) for document_id in findings.errors}
    rows = [row for row in kept if contents.get(row.document_id) == row.content]
    unchanged = {row.document_id for row in rows}
    used = [*findings.engines.values(), findings.transcripts]
    engines = list(dict.fromkeys(engine for engine in used if engine))
    documents = sorted(contents.keys() - unchanged)
    for start in range(0, len(documents), BATCH):
        batch = documents[start : start + BATCH]
        recognised = {engine: texts(engine, batch) for engine in engines}
        for document_id in batch:
            aligners = {
                engine: Aligner(of_engine[document_id])
                for engine, of_engine in recognised.items()
                if document_id in of_engine
            }
            rows += [
                _row(_case(findings, score, aligners), score, contents[document_id])
                for score in findings.errors[document_id]
            ]
    return sorted(rows, key=lambda row: row.document_id)


def _case(findings: Findings, score: StoredScore, aligners: Mapping[str, Aligner]) -> Case:
    """`aligners`: the texts of the document by engine."""
    own, transcripts = findings.engines[score.backend], findings.transcripts
    control, evidence = findings.control(score), findings.evidence_of(score)
    return Case(
        field=score.field,
        kind=known_kind(score.field, score.kind),
        outcome=score.outcome,
        truth=score.truth,
        prediction=score.prediction,
        failure=findings.failure(score),
        text=aligners.get(own) if own else None,
        evidence=tuple(evidence.words or ()),
        correction=evidence.correction,
        transcript=aligners.get(transcripts) if transcripts else None,
        others=[text for engine, text in aligners.items() if engine not in (own, transcripts)],
        control=control.outcome if control else None,
        control_value=control.prediction if control else None,
        issue=findings.doubt(score),
    )


def _row(case: Case, score: StoredScore, content: str) -> AttributionRow:
    judgement = judge(case)
    place = judgement.place
    x0, y0, x1, y1 = place.box if place else (None,) * 4
    return AttributionRow(
        document_id=score.document_id,
        backend=score.backend,
        field=score.field,
        attribution=judgement.attribution,
        reason=judgement.reason,
        page=place.page if place else None,
        x0=x0,
        y0=y0,
        x1=x1,
        y1=y1,
        similarity=place.similarity if place else None,
        dataset=score.dataset,
        outcome=score.outcome,
        truth=score.truth,
        prediction=score.prediction,
        content=content,
    )
