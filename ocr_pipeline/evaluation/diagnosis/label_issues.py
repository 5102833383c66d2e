"""Labels that may be wrong: several backends agree on another value, a code or XML on the document says another one, the page
contradicts the XML that the label is from, amounts or dates contradict each other, a copy of the document is labelled
differently, or its transcript says something else. A person decides; nothing here changes a label."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from ocr_pipeline.evaluation.diagnosis.agreement import Values, same_value
from ocr_pipeline.evaluation.diagnosis.label_sums import sums_that_fail
from ocr_pipeline.evaluation.diagnosis.truth import (
    SOURCES,
    Sources,
    compare_sources,
    equal_values,
    is_compared,
    is_printed,
)
from ocr_pipeline.evaluation.diagnosis.voices import Voice, count_voices
from ocr_pipeline.evaluation.scoring.comparators import canonical
from ocr_pipeline.schemas import Label

LabelIssueKind = Literal["agreement", "arithmetic", "duplicate", "transcript", "truth", "page", "typo", "convention"]

MIN_AGREEING = 2
"""Independent readers that must agree on another value than the label's, and outnumber those that extracted the label's."""
_NO_SOURCES: Sources = ({}, {})


@dataclass(frozen=True, kw_only=True)
class LabelIssue:
    """A doubtful label of one field. Columns as in the table `label_issues`."""

    document_id: str
    field: str
    label: str | None
    value: str | None
    kinds: tuple[LabelIssueKind, ...]
    reason: str
    backends: tuple[str, ...] = ()
    independent: bool
    """False: all who read the page may have read it wrong, so that the issue deserves a look, but proves nothing."""
    score: float
    """Only orders the queue."""


def label_issues(
    labels: Mapping[str, Label],
    values: Mapping[str, Values],
    voice_of: Mapping[str, Voice],
    groups: Mapping[str, str],
    typed: Sequence[LabelIssue] = (),
    sources: Mapping[str, Sources] = MappingProxyType({}),
    page_text: Callable[[str], str] = lambda _: "",
) -> list[LabelIssue]:
    """Find every doubtful label, the most doubtful first.

    Args:
        labels: by document.
        values: what the backends extracted, by document.
        voice_of: what each backend is made of; those that share a part are one voice.
        groups: the group of copies that a document belongs to.
        typed: labels that transcripts (`transcripts.transcript_issues`) or pages (`page_issues.page_issues`) contradict.
        sources: by document, the values of page, codes and XML apart (`truth.split_by_source`).
        page_text: the words that engines recognised on a document; asked only where XML or codes and the page differ.
    """
    issues: dict[tuple[str, str], list[LabelIssue]] = defaultdict(list)
    copies: dict[str, list[str]] = defaultdict(list)
    for document_id, label in labels.items():
        copies[groups.get(document_id, document_id)].append(document_id)
        for issue in (
            *_outvoted(
                document_id, label, _read_on_page(values.get(document_id, {}), sources.get(document_id)), voice_of
            ),
            *_against_truth(document_id, label, sources.get(document_id, _NO_SOURCES)),
            *_not_on_its_page(document_id, label, sources.get(document_id, _NO_SOURCES), page_text),
            *_does_not_add_up(document_id, label),
            *_doubted(document_id, label),
        ):
            issues[document_id, issue.field].append(issue)
    for members in copies.values():
        for issue in _labelled_differently(members, labels):
            issues[issue.document_id, issue.field].append(issue)
    for issue in typed:
        if issue.document_id in labels:  # a score has the closest accepted value, not always the label's own
            own = text_of(labels[issue.document_id], issue.field)
            issues[issue.document_id, issue.field].append(replace(issue, label=own))
    return sorted((_joined(of_field) for of_field in issues.values()), key=lambda s: (-s.score, s.document_id, s.field))


def _read_on_page(values: Values, sources: Sources | None) -> Values:
    """The values that backends read on the page: those from codes and XML are compared with the label by themselves."""
    if sources is None:
        return values
    of_source, extractors = sources
    return {
        backend: {
            field: value
            for field, value in fields.items()
            if extractors.get(backend) in SOURCES
            or field in of_source.get(backend, ())
            or not any(field in of_source.get(f"{backend} ({source})", ()) for source in ("xml", "code"))
        }
        for backend, fields in values.items()
    }


def _outvoted(document_id: str, label: Label, values: Values, voice_of: Mapping[str, Voice]) -> list[LabelIssue]:
    """Fields for which more independent readers agree on a value that the label does not accept than on one that it does."""
    issues = []
    for field in label.labelled_fields:
        own = text_of(label, field)
        accepted = {same_value(field, text) for text in (own, *label.alternatives.get(field, []))}
        votes: dict[str, list[str]] = defaultdict(list)
        for backend, of_backend in values.items():
            key = same_value(field, of_backend.get(field))
            if key is not None:
                votes[key].append(backend)
        with_label = count_voices([name for key, of in votes.items() if key in accepted for name in of], voice_of)
        against = {key: names for key, names in votes.items() if key not in accepted}
        if not against:
            continue
        names = max(against.values(), key=lambda names: (count_voices(names, voice_of), len(names)))
        readers = count_voices(names, voice_of)
        if readers < MIN_AGREEING or readers <= with_label:
            continue
        issues.append(
            LabelIssue(
                document_id=document_id,
                field=field,
                label=own,
                value=values[names[0]][field],
                kinds=("agreement",),
                reason=f"{readers} independent readers agree on another value, {with_label} on the label's.",
                backends=tuple(names),
                independent=True,
                score=readers + len(names) / (len(values) + 1),
            )
        )
    return issues


def _against_truth(document_id: str, label: Label, sources: Sources) -> list[LabelIssue]:
    """Fields that a code or XML on the document gives another value than the label accepts. Nothing is guessed there, so
    one is enough. A field labelled as empty is none: codes say more than pages print."""
    issues = []
    values, extractors = sources
    unsigned = getattr(label.invoice, "document_type", None) == "credit_note"
    for field in label.labelled_fields:
        own = text_of(label, field)
        accepted = [text for text in (own, *label.alternatives.get(field, [])) if text is not None]
        if not accepted or not is_compared(field):
            continue
        for backend, of_backend in values.items():
            source, value = SOURCES.get(extractors.get(backend, "")), of_backend.get(field)
            if not source or value is None or any(equal_values(field, text, value, unsigned) for text in accepted):
                continue
            issues.append(
                LabelIssue(
                    document_id=document_id,
                    field=field,
                    label=own,
                    value=value,
                    kinds=("truth",),
                    reason=f"The {source} on the document says another value.",
                    backends=(backend,),
                    independent=True,
                    score=3.0,
                )
            )
    return issues


def _not_on_its_page(
    document_id: str, label: Label, sources: Sources, page_text: Callable[[str], str]
) -> list[LabelIssue]:
    """Fields that are labelled with the value of a code or XML that the page contradicts: all who read it have another value,
    and the labelled one is not among its words. They may all have read it wrong, so it deserves a look and proves nothing."""
    issues = []
    for row in compare_sources(document_id, *sources):
        own = text_of(label, row.field) if row.field in label.labelled_fields else None
        accepted = [own, *label.alternatives.get(row.field, [])]
        if row.agrees or own is None or any(equal_values(row.field, text, row.page) for text in accepted):
            continue
        if not any(equal_values(row.field, own, value) for value in (row.code, row.xml)):
            continue
        if not row.readings or is_printed(row.field, own, page_text(document_id)):
            continue
        issues.append(
            LabelIssue(
                document_id=document_id,
                field=row.field,
                label=own,
                value=row.page,
                kinds=("truth",),
                reason=f"{row.sentence[0].upper()}{row.sentence[1:]}; the labelled value is not printed.",
                backends=tuple(row.readings),
                independent=False,
                score=1.5,
            )
        )
    return issues


def _does_not_add_up(document_id: str, label: Label) -> list[LabelIssue]:
    """Fields of a label whose sums or dates contradict each other."""
    return [
        issue
        for fields, reason, expected in sums_that_fail(label.invoice)
        for issue in contradictions(document_id, label, fields, reason, expected)
    ]


def contradictions(
    document_id: str,
    label: Label,
    fields: Iterable[str],
    reason: str,
    expected: Mapping[str, str] = MappingProxyType({}),
    kind: LabelIssueKind = "arithmetic",
) -> list[LabelIssue]:
    """An issue for each of these fields that is labelled: arithmetic alone does not tell which of them is wrong."""
    return [
        LabelIssue(
            document_id=document_id,
            field=field,
            label=text_of(label, field),
            value=expected.get(field),
            kinds=(kind,),
            reason=reason,
            independent=True,
            score=2.0,
        )
        for field in fields
        if field in label.labelled_fields
    ]


def _doubted(document_id: str, label: Label) -> list[LabelIssue]:
    """Fields of a label from XML that its page does not print, or that its XML contradicts."""
    return [
        issue
        for field, reason in label.doubts.items()
        for issue in contradictions(document_id, label, [field], reason, kind="truth")
    ]


def _labelled_differently(members: Sequence[str], labels: Mapping[str, Label]) -> list[LabelIssue]:
    """Fields of copies of one document whose labels differ."""
    issues = []
    for document_id in members:
        label = labels[document_id]
        for field in label.labelled_fields:
            mine = same_value(field, text_of(label, field))
            for other in members:
                theirs = text_of(labels[other], field)
                if (
                    other == document_id
                    or field not in labels[other].labelled_fields
                    or same_value(field, theirs) == mine
                ):
                    continue
                issues.append(
                    LabelIssue(
                        document_id=document_id,
                        field=field,
                        label=text_of(label, field),
                        value=theirs,
                        kinds=("duplicate",),
                        reason=f"{other} is a copy of this document and is labelled differently.",
                        independent=True,
                        score=2.0,
                    )
                )
                break
    return issues


def text_of(label: Label, field: str) -> str | None:
    """Return the labelled value as text, as in `field_scores`."""
    value = getattr(label.invoice, field)
    return None if value is None else canonical(value)


def _joined(of_field: Sequence[LabelIssue]) -> LabelIssue:
    """Merge the issues of one field; the proposed value comes from the first issue that has one."""
    first = of_field[0]
    return LabelIssue(
        document_id=first.document_id,
        field=first.field,
        label=first.label,
        value=next((issue.value for issue in of_field if issue.value is not None), None),
        kinds=tuple(dict.fromkeys(kind for issue in of_field for kind in issue.kinds)),
        reason=" ".join(dict.fromkeys(issue.reason for issue in of_field)),
        backends=first.backends,
        independent=any(issue.independent for issue in of_field),
        score=sum(issue.score for issue in of_field),
    )
