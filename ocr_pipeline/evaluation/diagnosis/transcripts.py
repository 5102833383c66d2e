"""Labels that contradict the transcript of their document."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ocr_pipeline.document_fields import UNPRINTED, known_kind
from ocr_pipeline.evaluation.diagnosis.agreement import same_value
from ocr_pipeline.evaluation.diagnosis.alignment import Aligner, Place
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue
from ocr_pipeline.evaluation.diagnosis.records import Texts
from ocr_pipeline.evaluation.scoring.stage import StoredScore

CLEARLY_READ = 0.85
"""Similarity (0..1) from which a label and a transcript mean the same words, so that one of them has a typo."""

BATCH = 200
"""Documents whose words are in memory at once."""


def transcript_doubt(
    field: str,
    kind: str,
    truth: str,
    predictions: Sequence[str | None],
    transcript: Aligner,
    engines: Sequence[Aligner],
) -> tuple[str, Place | None] | None:
    """Return why the transcript contradicts the label, and what it has instead; None if it does not.

    Transcripts have typos, too: text is doubted only if an engine or a backend agrees with the transcript.
    """
    kind = known_kind(field, kind)
    typed = None if kind in UNPRINTED else transcript.find(kind, truth)
    if kind in UNPRINTED or (typed and typed.exact):
        return None
    if typed is None or kind in ("money", "date"):
        return "The transcript does not have the labelled value.", typed
    if typed.similarity < CLEARLY_READ:
        return None
    predicted = same_value(field, typed.text) in {same_value(field, prediction) for prediction in predictions}
    recognised = (engine.find(kind, typed.text) for engine in engines)
    if predicted or any(place and place.exact for place in recognised):
        return f"The transcript has {typed.quoted}, and so does what was recognised.", typed
    return None


AlignedCase = tuple[Mapping[str, Sequence[StoredScore]], Mapping[str, Aligner]]
"""Of one document: the scores of labelled values that no backend has right, by field, and what each engine recognised."""


OpenCases = Mapping[str, Mapping[str, Sequence[StoredScore]]]
"""The scores of labelled values that no backend has right, by document and field."""


def aligned_cases(cases: OpenCases, engines: Iterable[str], texts: Texts) -> Iterator[AlignedCase]:
    """Every document of `cases`, by id, with the texts to search.

    Args:
        engines: the engines to look at, the one that gives transcripts included.
        texts: loads what an engine recognised.
    """
    names = list(dict.fromkeys(engines))
    documents = sorted(cases)
    for start in range(0, len(documents), BATCH):
        batch = documents[start : start + BATCH]
        recognised = {engine: texts(engine, batch) for engine in names}
        for document_id in batch:
            aligners = {name: Aligner(of[document_id]) for name, of in recognised.items() if document_id in of}
            yield cases[document_id], aligners


def transcript_issues(case: AlignedCase, *, transcripts: str, engines: Sequence[str]) -> list[LabelIssue]:
    """Find the labels of a document that no backend agrees with and that its transcript contradicts.

    Args:
        transcripts: the engine that gives transcripts.
        engines: the other engines.
    """
    fields, aligners = case
    if transcripts not in aligners:
        return []
    others = [aligners[engine] for engine in engines if engine in aligners]
    return _issues(fields, aligners[transcripts], others)


def open_cases(scores: Iterable[StoredScore]) -> OpenCases:
    """Find the labelled values that no backend has right in current scores, those of controls included."""
    cases: dict[str, dict[str, list[StoredScore]]] = defaultdict(dict)
    for key, of_field in _labelled(scores).items():
        if not any(score.outcome == "correct" for score in of_field):
            cases[key[0]][key[1]] = of_field
    return cases


def _labelled(scores: Iterable[StoredScore]) -> Mapping[tuple[str, str], list[StoredScore]]:
    """Scores of labelled values by (document, field)."""
    groups: dict[tuple[str, str], list[StoredScore]] = defaultdict(list)
    for score in scores:
        if score.truth is not None:
            groups[score.document_id, score.field].append(score)
    return groups


def _issues(
    fields: Mapping[str, Sequence[StoredScore]], transcript: Aligner, engines: Sequence[Aligner]
) -> list[LabelIssue]:
    """Issues of one document. `fields`: the scores of all backends by field, none of them correct."""
    issues = []
    for field, scores in fields.items():
        first = scores[0]
        assert first.truth is not None
        doubt = transcript_doubt(
            field, first.kind, first.truth, [score.prediction for score in scores], transcript, engines
        )
        if doubt:
            reason, place = doubt
            issues.append(
                LabelIssue(
                    document_id=first.document_id,
                    field=field,
                    label=first.truth,
                    value=place.text if place and first.kind not in ("money", "date") else None,
                    kinds=("transcript",),
                    reason=reason,
                    independent=True,
                    score=1.5,
                )
            )
    return issues
