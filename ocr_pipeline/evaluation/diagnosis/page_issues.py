"""Labels that contradict the page: no reader finds the value there, all engines read it with another letter or two, or it is a
printed amount that somebody rounded."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from ocr_pipeline.document_fields import UNPRINTED, known_kind
from ocr_pipeline.evaluation.diagnosis.alignment import Aligner, Place
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue, LabelIssueKind
from ocr_pipeline.evaluation.diagnosis.transcripts import AlignedCase
from ocr_pipeline.evaluation.diagnosis.voices import Voice, count_voices
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.values.names import normalise_name

MIN_ENGINES = 2
"""Engines that must not find a value; with one, a misread value looks like a wrong label. A transcript is one, too."""

STEPS = (Decimal("0.05"), Decimal("0.10"))
"""Cash is rounded to these."""

MIN_LETTERS = {1: 5, 2: 20}
"""Letters and digits that a text has at least in which one, or two, are called a typo."""

_LOOK_ALIKE = ("0oq", "1il7", "2z", "5s", "8b", "6g", "mn", "uv", "cec")
"""Characters that all engines confuse: one of them for another may be their mistake as well as that of the label."""


def page_issues(case: AlignedCase, engines: Mapping[str, Voice], transcripts: str | None = None) -> list[LabelIssue]:
    """Find the labels of a document that no reader agrees with and that the page contradicts.

    Args:
        engines: all engines by name, with the families that they belong to.
        transcripts: the engine that gives transcripts, if there is one: what a person read.
    """
    fields, of_any = case
    aligners = {name: of_any[name] for name in engines if name in of_any}
    found = (_issue(scores, aligners, engines, transcripts) for scores in fields.values())
    return [issue for issue in found if issue]


def _issue(
    scores: Sequence[StoredScore],
    aligners: Mapping[str, Aligner],
    engines: Mapping[str, Voice],
    transcripts: str | None,
) -> LabelIssue | None:
    """`scores`: of one field of one document by all backends, none of them correct."""
    first = scores[0]
    assert first.truth is not None
    kind = known_kind(first.field, first.kind)
    if kind in UNPRINTED or not aligners:
        return None
    places = {name: aligner.find(kind, first.truth) for name, aligner in aligners.items()}
    if any(place and place.exact for place in places.values()):
        return None
    if kind == "money" and (rounded := _rounded(first.truth, scores, list(aligners.values()))):
        reason = f"The labelled amount is not printed; it is {rounded} rounded to 0.05 or 0.10, as cash is."
        return _made(first, "convention", reason, rounded)
    if count_voices(places, engines) < MIN_ENGINES:
        return None
    if typo := _typo(first.truth, places):
        place, letters = typo
        by = "one letter" if letters == 1 else f"{letters} letters"
        return _made(first, "typo", f"All engines read {place.quoted}; the label differs by {by}.", place.text)
    if any(places.values()) or not _is_legible(scores):
        return None
    who = "No engine" if transcripts not in places else "No engine and no transcript"
    return _made(first, "page", f"{who} has the labelled value, or anything similar, on the page.", None)


def _rounded(truth: str, scores: Sequence[StoredScore], texts: Sequence[Aligner]) -> str | None:
    """A printed amount that a backend extracted and that the labelled one is when rounded."""
    label = Decimal(truth)
    for text in dict.fromkeys(score.prediction for score in scores if score.prediction):
        value = Decimal(text)
        is_rounded = any((value / step).quantize(Decimal(1), ROUND_HALF_UP) * step == label for step in STEPS)
        if value != label and is_rounded and any(_exact(page.find("money", text)) for page in texts):
            return text
    return None


def _exact(place: Place | None) -> bool:
    return place is not None and place.exact


def _typo(truth: str, places: Mapping[str, Place | None]) -> tuple[Place, int] | None:
    """What all engines read alike in place of the label, and by how many letters it differs, if these are few and not all of
    them are often misread."""
    from rapidfuzz.distance import Levenshtein

    label = normalise_name(truth)
    read = {normalise_name(place.text) if place else "" for place in places.values()}
    if len(read) > 1:
        return None
    [text] = read
    edits = Levenshtein.editops(label, text)
    if not text or len(edits) not in MIN_LETTERS or len(label) < MIN_LETTERS[len(edits)]:
        return None
    misread = [edit.tag == "replace" and _looks_alike(label[edit.src_pos], text[edit.dest_pos]) for edit in edits]
    return None if all(misread) else (next(place for place in places.values() if place), len(edits))


def _looks_alike(character: str, other: str) -> bool:
    """Whether engines take one for the other: also a digit for another, of which no dictionary tells which is right."""
    both = {character, other}
    return all(map(str.isdigit, both)) or any(both <= set(group) for group in _LOOK_ALIKE)


def _is_legible(scores: Sequence[StoredScore]) -> bool:
    """Whether any backend read a value for the field; if none did, the page is as likely at fault as the label."""
    return any(score.prediction is not None for score in scores)


def _made(score: StoredScore, kind: LabelIssueKind, reason: str, value: str | None) -> LabelIssue:
    return LabelIssue(
        document_id=score.document_id,
        field=score.field,
        label=score.truth,
        value=value,
        kinds=(kind,),
        reason=reason,
        independent=True,
        score=1.5,
    )
