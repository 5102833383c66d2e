"""Which stage caused a wrong, missing or spurious value: OCR, selection, normalisation, or the label itself.

The evidence, in this order: whether the document failed; whether the label can be trusted; whether the labelled value is
among the words that the engine recognised (`alignment`); and, if the data set has transcripts, what the same extractor
makes of them. A value that is right on the transcript and wrong on the OCR text is the fault of the OCR.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from ocr_pipeline.document_fields import UNPRINTED
from ocr_pipeline.evaluation.diagnosis.agreement import same_value
from ocr_pipeline.evaluation.diagnosis.alignment import Aligner, Place
from ocr_pipeline.evaluation.diagnosis.transcripts import CLEARLY_READ, transcript_doubt
from ocr_pipeline.evaluation.statistics.counts import RIGHT, Outcome
from ocr_pipeline.schemas import Box
from ocr_pipeline.values.names import normalise_name

Attribution = Literal[
    "ocr_missing", "ocr_misread", "selection", "spurious", "normalisation", "label_issue", "document_failed"
]
"""`ocr_missing`: the engine recognised nothing at the place of the value. `ocr_misread`: it misread the value, or the text
that identifies it. `selection`: the text has the value, but another one, a part of it or nothing was selected. `spurious`:
there is no value to find, or the extracted one is not in the text. `normalisation`: the right words were selected and
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
"""Short names for sums of attributions: "of 41 wrong totals: 3 OCR, 36 selection, 2 label"."""

ATTRIBUTION_VERSION = 1
"""Raise it with every change here or in `alignment` that can shift an attribution: all documents are then judged again."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One wrong, missing or spurious value, with what is known about it.

    `truth` and `prediction` are texts as in `field_scores`. `text` is what the backend's engine recognised; None for a
    backend that gets the page itself. `evidence`: indices of the words that the backend names; `correction`: why its value
    differs from what is printed there. `transcript`: typed by people. `others`: what other engines recognised. `control`
    and `control_value`: outcome and value of the same extractor on the transcript. `issue`: why the label is doubtful.
    """

    field: str
    kind: str
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


class Judgement(NamedTuple):
    """An attribution with its reason as a sentence. `place`: the words that the labelled value was aligned to (for a spurious
    value: that hold it), if there are any."""

    attribution: Attribution
    reason: str
    place: Place | None = None


def judge(case: Case) -> Judgement:
    """Attribute the error of one value to a stage.

    Raises:
        ValueError: the value is right; there is nothing to judge.
    """
    if case.outcome in RIGHT:
        raise ValueError(f"the outcome {case.outcome} needs no attribution")
    if case.failure is not None:
        return Judgement("document_failed", f"There is no result for the document: {case.failure}.")
    if case.prediction is None and case.outcome in ("wrong", "spurious"):
        return Judgement("normalisation", f"A value was given that cannot be read as {case.kind}.")
    text = case.text or case.transcript or next(iter(case.others), None)
    if text is None:
        return _without_text(case)
    if case.outcome == "spurious":
        return _spurious(case, text)
    assert case.truth is not None
    places = text.find_all(case.kind, case.truth)
    place = (places[-1] if case.kind == "money" else places[0]) if places else None
    if case.issue:
        return Judgement("label_issue", case.issue, place)
    if place is not None and place.exact:
        return _text_has_value(case, text, _nearest(places, case))
    return _text_lacks_value(case, case.truth, text, place)


def _spurious(case: Case, text: Aligner) -> Judgement:
    assert case.prediction is not None
    place = text.find(case.kind, case.prediction)
    if case.issue:
        return Judgement("label_issue", case.issue, place)
    if place and place.exact:
        reason = f"The label has no value; {place.quoted} was extracted."
    else:
        reason = "The label has no value, and the extracted value is not in the text."
    return Judgement("spurious", reason, place)


def _text_has_value(case: Case, text: Aligner, place: Place) -> Judgement:
    """The labelled value was there to be selected, at `place`."""
    right_on_transcript = case.control == "correct" and case.text is not None
    if case.prediction is None:
        if right_on_transcript:
            return _by_control(case, place)
        return Judgement("selection", f"The text has {place.quoted}, but nothing was selected.", place)
    pointed_at = bool(set(case.evidence) & set(place.words)) and not case.correction
    change = _normalisation(case, place, pointed_at=pointed_at)
    if change:
        return Judgement("normalisation", change, place)
    if right_on_transcript:
        return _by_control(case, place)
    if pointed_at:
        return Judgement("selection", f"Too little or too much of {place.quoted} was selected.", place)
    if case.correction:
        reason = f"The text has {place.quoted}; a value was computed instead ({case.correction})."
        return Judgement("selection", reason, place)
    return _wrong_selection(case, case.prediction, text, place)


def _normalisation(case: Case, place: Place, *, pointed_at: bool) -> str | None:
    """How the right words became a wrong amount or date, if they did. `pointed_at`: the backend names these words."""
    if pointed_at and case.kind in ("money", "date"):
        return f"{place.quoted} was selected and became another value."
    if case.kind == "date" and _same_digits(case.truth or "", case.prediction or ""):
        return f"Day and month of {place.quoted} were exchanged."
    if case.kind == "money" and _same_figures(case.truth or "", case.prediction or ""):
        return f"The decimal mark or the sign of {place.quoted} was lost."
    return None


def _wrong_selection(case: Case, prediction: str, text: Aligner, place: Place) -> Judgement:
    """The backend names no words: compare where the extracted value is with `place`, where the labelled one is."""
    selected = text.find(case.kind, prediction)
    if case.kind in UNPRINTED or (selected and selected.exact):
        elsewhere = f"; {selected.quoted} was selected" if selected and selected.exact else ", but another was chosen"
        return Judgement("selection", f"The text has {place.quoted}{elsewhere}.", place)
    if selected and set(selected.words) & set(place.words) and case.kind in ("name", "address", "identifier", "tax_id"):
        is_part = normalise_name(prediction) in normalise_name(place.text)
        attribution: Attribution = "selection" if is_part else "normalisation"
        return Judgement(attribution, f"{place.quoted} was selected and then changed.", place)
    reason = f"The text has {place.quoted}; the extracted value is not in the text."
    return Judgement("spurious", reason, place)


def _by_control(case: Case, place: Place) -> Judgement:
    reason = f"The text has {place.quoted}, and the same extractor is right on the transcript: the text around it was misread."
    return Judgement("ocr_misread", reason, place)


def _text_lacks_value(case: Case, truth: str, text: Aligner, place: Place | None) -> Judgement:
    """The labelled value is not among the words. Decide between engine, extractor and label; `place`: the most similar."""
    if case.kind in UNPRINTED:  # says what a document is, and need not be printed
        return Judgement("selection", "The value need not be printed: it was inferred wrongly.")
    if case.transcript is not None:
        engines = [engine for engine in (case.text, *case.others) if engine is not None]
        doubt = transcript_doubt(case.field, case.kind, truth, [case.prediction], case.transcript, engines)
        if doubt:
            return Judgement("label_issue", *doubt)
    same = same_value(case.field, case.control_value) == same_value(case.field, case.prediction)
    if case.text is not None and case.prediction is not None and case.control == "wrong" and same:
        reason = "The extractor gives the same value on the transcript: no engine could have helped."
        return Judgement("selection", reason, place)
    misread = _misread_place(case, truth, text) if place is None or place.similarity < CLEARLY_READ else None
    if misread:
        return Judgement("ocr_misread", f"At its place, {misread.quoted} was recognised.", misread)
    if place is None:
        return Judgement("ocr_missing", "Nothing similar to the labelled value was recognised, nor text at its place.")
    if case.text is None:
        reason = f"The page was misread: the text most similar to the label is {place.quoted}."
        return Judgement("ocr_misread", reason, place)
    also = " The extractor is wrong on the transcript, too." if case.control in ("wrong", "missing") else ""
    return Judgement("ocr_misread", f"The engine recognised {place.quoted}.{also}", place)


def _misread_place(case: Case, truth: str, text: Aligner) -> Place | None:
    """What `text` has at the place where the transcript or another engine has exactly the labelled value."""
    for known in (case.transcript, *case.others):
        for exact in reversed(known.find_all(case.kind, truth) if known else []):
            here = _same_place(text, exact, known) if known and exact.exact else None
            if here is not None:
                return here
    return None


def _same_place(text: Aligner, place: Place, other: Aligner) -> Place | None:
    """What `text` has at a place of another text; None if it has nothing there."""
    angle = (text.rotations.get(place.page, 0) - other.rotations.get(place.page, 0)) % 360
    return text.at(place.page, turned(place.box, angle))


def turned(box: Box, degrees: int) -> Box:
    """Transform a box into the coordinates of the page turned clockwise by a multiple of 90 degrees."""
    x0, y0, x1, y1 = box
    for _ in range(degrees // 90):
        x0, y0, x1, y1 = 1 - y1, x0, 1 - y0, x1
    return x0, y0, x1, y1


def _without_text(case: Case) -> Judgement:
    """No engine recognised the document: only the label and the value can be compared."""
    if case.issue:
        return Judgement("label_issue", case.issue)
    if case.outcome == "spurious":
        return Judgement("spurious", "The label has no value.")
    if case.prediction and case.truth and case.kind == "date" and _same_digits(case.truth, case.prediction):
        return Judgement("normalisation", "Day and month were exchanged.")
    if case.prediction and case.truth and case.kind == "money" and _same_figures(case.truth, case.prediction):
        return Judgement("normalisation", "The decimal mark or the sign was lost.")
    return Judgement(
        "selection", "No engine recognised this document: misreading and wrong selection cannot be told apart."
    )


def _nearest(places: Sequence[Place], case: Case) -> Place:
    """The place of the labelled value that the backend names, else the last (totals) or the first."""
    evidence = set(case.evidence)
    named = [place for place in places if evidence & set(place.words)]
    return (named or places)[-1 if case.kind == "money" else 0]


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
