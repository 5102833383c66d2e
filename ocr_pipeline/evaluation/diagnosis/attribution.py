"""Which stage is to blame for a value that is not right: the engine, the choice, what became of the text, or the label.

The evidence, in this order: whether the document failed; whether the label can be trusted; whether the labelled value
stands among the words that the engine read (`alignment`); and, where the data set ships transcripts, what the same
extractor makes of those. What it gets right on the transcript and wrong on the OCR is the OCR's fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from ocr_pipeline.evaluation.diagnosis.agreement import same_value
from ocr_pipeline.evaluation.diagnosis.alignment import Aligner, Place
from ocr_pipeline.evaluation.scoring.comparators import Outcome
from ocr_pipeline.schemas import FIELD_KINDS, Box, FieldKind
from ocr_pipeline.values.names import normalise_name

Attribution = Literal[
    "ocr_missing", "ocr_misread", "selection", "spurious", "normalisation", "label_issue", "document_failed"
]
"""`ocr_missing`: the engine read nothing where the value stands. `ocr_misread`: it read something else there, or misread
what the value is recognised by. `selection`: the text has the value, and another one, a part of it or nothing was picked.
`spurious`: there is nothing to find, or what was given stands nowhere. `normalisation`: the right words were picked and
became a wrong value. `label_issue`: the label is probably wrong. `document_failed`: there is no result at all."""

ATTRIBUTIONS: tuple[Attribution, ...] = get_args(Attribution)
STAGES: dict[Attribution, str] = {
    "ocr_missing": "OCR",
    "ocr_misread": "OCR",
    "selection": "selection",
    "spurious": "spurious",
    "normalisation": "normalisation",
    "label_issue": "label",
    "document_failed": "failed",
}
"""The word for a sum of attributions: "of 41 wrong totals: 3 OCR, 36 selection, 2 label"."""

ATTRIBUTION_VERSION = 1
"""Raise it with every change here or in `alignment` that can shift an attribution: documents are then judged again."""

CLEARLY_READ = 0.85
"""Similarity (0..1) of a label and a transcript from which they mean the same words, so that one of them has a slip."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One value that is wrong, missing or spurious, with what is known about it.

    `truth` and `prediction` are texts as in `field_scores`. `text` is what the backend's engine read; None for a backend
    that looks at the page itself. `evidence`: the words that the backend points to, as indices; `correction`: why its
    value is not what is printed there. `transcript`: what people read. `others`: what other engines read. `control`: the
    outcome of the same extractor on the transcript, and what it gave. `issue`: why the label is not to be trusted.
    """

    document_id: str
    backend: str
    field: str
    kind: FieldKind
    outcome: Outcome
    truth: str | None
    prediction: str | None
    failure: str | None = None
    text: Aligner | None = None
    evidence: Sequence[int] = ()
    correction: str | None = None
    transcript: Aligner | None = None
    others: Sequence[Aligner] = ()
    control: Outcome | None = None
    control_value: str | None = None
    issue: str | None = None


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A attribution with its reason as a sentence. Page, box and similarity (0..1) are of the words that the labelled value
    was aligned to (for a spurious value: those that hold it); None where there are none."""

    document_id: str
    backend: str
    field: str
    attribution: Attribution
    reason: str
    page: int | None = None
    box: Box | None = None
    similarity: float | None = None


def judge(case: Case) -> Judgement:
    """The attribution on one value.

    Raises:
        ValueError: the value is right; there is nothing to judge.
    """
    if case.outcome in ("correct", "both_empty"):
        raise ValueError(f"the outcome {case.outcome} needs no attribution")
    if case.failure is not None:
        return _attribution(case, "document_failed", f"There is no result for the document: {case.failure}.")
    read = case.text or case.transcript or next(iter(case.others), None)
    if read is None:
        return _without_text(case)
    if case.outcome == "spurious":
        return _spurious(case, read)
    assert case.truth is not None
    is_total = case.kind == "money"
    places = read.find_all(case.kind, case.truth)
    place = (places[-1] if is_total else places[0]) if places else None
    if case.issue:
        return _attribution(case, "label_issue", case.issue, place)
    if place is not None and place.exact:
        return _text_has_it(case, read, places)
    return _text_lacks_it(case, read, place)


def _spurious(case: Case, read: Aligner) -> Judgement:
    assert case.prediction is not None
    place = read.find(case.kind, case.prediction)
    if case.issue:
        return _attribution(case, "label_issue", case.issue, place)
    if place and place.exact:
        return _attribution(
            case, "spurious", f"The label says that there is none; {_quoted(place)} was taken for one.", place
        )
    return _attribution(
        case, "spurious", "The label says that there is none, and the value given stands nowhere.", place
    )


def _text_has_it(case: Case, read: Aligner, places: Sequence[Place]) -> Judgement:
    """The value was there to be picked."""
    place = _nearest(places, case)
    if case.prediction is None:
        if case.control == "correct" and case.text is not None:
            return _by_control(case, place)
        return _attribution(case, "selection", f"The text has {_quoted(place)}, and nothing was picked.", place)
    pointed_at = bool(set(case.evidence) & set(place.words)) and not case.correction
    if pointed_at and case.kind in ("money", "date"):
        return _attribution(case, "normalisation", f"{_quoted(place)} was picked and became another value.", place)
    if case.kind == "date" and _same_digits(case.truth or "", case.prediction):
        return _attribution(case, "normalisation", f"Day and month of {_quoted(place)} were exchanged.", place)
    if case.kind == "money" and _same_figures(case.truth or "", case.prediction):
        return _attribution(case, "normalisation", f"The decimal mark or the sign of {_quoted(place)} was lost.", place)
    if case.control == "correct" and case.text is not None:
        return _by_control(case, place)
    if pointed_at:
        return _attribution(case, "selection", f"Too little or too much of {_quoted(place)} was picked.", place)
    if case.correction:
        reason = f"The text has {_quoted(place)}; a value was computed instead ({case.correction})."
        return _attribution(case, "selection", reason, place)
    given = read.find(case.kind, case.prediction)
    if case.kind == "category" or (given and given.exact):
        elsewhere = f"; {_quoted(given)} was picked" if given and given.exact else ", and another was chosen"
        return _attribution(case, "selection", f"The text has {_quoted(place)}{elsewhere}.", place)
    if given and set(given.words) & set(place.words) and case.kind in ("name", "address", "identifier"):
        inside = normalise_name(case.prediction) in normalise_name(place.text)
        attribution: Attribution = "selection" if inside else "normalisation"
        return _attribution(case, attribution, f"{_quoted(place)} was picked and changed on the way.", place)
    return _attribution(case, "spurious", f"The text has {_quoted(place)}; the value given stands nowhere.", place)


def _by_control(case: Case, place: Place) -> Judgement:
    reason = (
        f"The text has {_quoted(place)}; the same extractor is right on the transcript: what is around it was misread."
    )
    return _attribution(case, "ocr_misread", reason, place)


def _text_lacks_it(case: Case, read: Aligner, place: Place | None) -> Judgement:
    """The value is not among the words as it is labelled. Is it the engine's fault, or the label's?"""
    assert case.truth is not None
    if case.kind == "category":  # says what a document is, and need not be printed
        return _attribution(case, "selection", "It need not be printed: it was concluded wrongly.")
    if case.transcript is not None:
        engines = [text for text in (case.text, *case.others) if text is not None]
        doubt = transcript_doubt(case.field, case.truth, [case.prediction], case.transcript, engines)
        if doubt:
            return _attribution(case, "label_issue", *doubt)
    same = same_value(case.field, case.control_value) == same_value(case.field, case.prediction)
    if case.text is not None and case.prediction is not None and case.control == "wrong" and same:
        reason = "The extractor gives the same on the transcript: no engine could have helped."
        return _attribution(case, "selection", reason, place)
    known = [text for text in (case.transcript, *case.others) if text is not None]
    for text in known if place is None or place.similarity < CLEARLY_READ else ():
        for sure in reversed(text.find_all(case.kind, case.truth)):
            if sure.exact:
                here = _same_place(read, sure, text)
                if here is not None:
                    return _attribution(case, "ocr_misread", f"Where it stands, {_quoted(here)} was read.", here)
    if place is None:
        return _attribution(
            case, "ocr_missing", "Nothing was read that looks like the labelled value, or where it stands."
        )
    also = " The extractor is wrong on the transcript, too." if case.control in ("wrong", "missing") else ""
    if case.text is None:
        return _attribution(
            case, "ocr_misread", f"The page was misread: the nearest to the label is {_quoted(place)}.", place
        )
    return _attribution(case, "ocr_misread", f"The engine read {_quoted(place)}.{also}", place)


def transcript_doubt(
    field: str, truth: str, predictions: Sequence[str | None], transcript: Aligner, engines: Sequence[Aligner]
) -> tuple[str, Place | None] | None:
    """Why people who typed the document speak against its label, and what they have in its place; None where they do not.

    They make slips, too: text is doubted only where an engine or a backend reads what they do.
    """
    kind = FIELD_KINDS[field]
    person = None if kind == "category" else transcript.find(kind, truth)
    if kind == "category" or (person and person.exact):
        return None
    if person is None or kind in ("money", "date"):
        return "The transcript does not have the labelled value.", person
    if person.similarity < CLEARLY_READ:
        return None
    given = same_value(field, person.text) in {same_value(field, prediction) for prediction in predictions}
    read = (engine.find(kind, person.text) for engine in engines)
    if given or any(place and place.exact for place in read):
        return f"The transcript has {_quoted(person)}, and so has what was read.", person
    return None


def _same_place(read: Aligner, sure: Place, of: Aligner) -> Place | None:
    """What `read` has where another text has the value; None where it has nothing."""
    by = (read.rotations.get(sure.page, 0) - of.rotations.get(sure.page, 0)) % 360
    return read.at(sure.page, turned(sure.box, by))


def turned(box: Box, degrees: int) -> Box:
    """A box of a page in the coordinates of the page turned clockwise by a multiple of 90 degrees."""
    x0, y0, x1, y1 = box
    for _ in range(degrees // 90):
        x0, y0, x1, y1 = 1 - y1, x0, 1 - y0, x1
    return x0, y0, x1, y1


def _without_text(case: Case) -> Judgement:
    """No engine read the document: only the label and the value can be compared."""
    if case.issue:
        return _attribution(case, "label_issue", case.issue)
    if case.outcome == "spurious":
        return _attribution(case, "spurious", "The label says that there is none.")
    if case.prediction and case.truth and case.kind == "date" and _same_digits(case.truth, case.prediction):
        return _attribution(case, "normalisation", "Day and month were exchanged.")
    if case.prediction and case.truth and case.kind == "money" and _same_figures(case.truth, case.prediction):
        return _attribution(case, "normalisation", "The decimal mark or the sign was lost.")
    return _attribution(case, "selection", "No engine read this document: misreading and picking cannot be told apart.")


def _nearest(places: Sequence[Place], case: Case) -> Place:
    """Of the places of the labelled value, one that the backend points to, else the last (totals) or the first."""
    chosen = set(case.evidence)
    pointed = [place for place in places if chosen & set(place.words)]
    return (pointed or places)[-1 if case.kind == "money" else 0]


def _same_digits(truth: str, prediction: str) -> bool:
    """Whether day and month of two ISO dates are exchanged."""
    try:
        first, second = date.fromisoformat(truth), date.fromisoformat(prediction)
    except ValueError:
        return False
    return first != second and (first.year, first.month, first.day) == (second.year, second.day, second.month)


def _same_figures(truth: str, prediction: str) -> bool:
    """Whether two amounts differ in the sign or by a power of ten from 100 on."""
    first, second = Decimal(truth), Decimal(prediction)
    if first == second or not first or not second:
        return False
    ratio = max(abs(first), abs(second)) / min(abs(first), abs(second))
    return ratio in (1, 100, 1000)


def _quoted(place: Place) -> str:
    return f"“{place.text}”"


def _attribution(case: Case, attribution: Attribution, reason: str, place: Place | None = None) -> Judgement:
    return Judgement(
        document_id=case.document_id,
        backend=case.backend,
        field=case.field,
        attribution=attribution,
        reason=reason,
        page=place.page if place else None,
        box=place.box if place else None,
        similarity=place.similarity if place else None,
    )
