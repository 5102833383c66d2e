"""What the page of one document shows: its pages, the form, and what is to be known about its label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ocr_pipeline.inspection.cases import DocumentCases
from ocr_pipeline.labelling.content import LabelContent, Row
from ocr_pipeline.labelling.form import SHORTCUTS, Field, ListField, list_fields, single_fields
from ocr_pipeline.labelling.proposals import Other, Proposal, ProposedRow, ShownBox, proposed_rows
from ocr_pipeline.report.documents import PageImage, in_script, rotations, words_of

UNKNOWN = Proposal(value=None, doubt=None, box=None, engine=None, others=())


@dataclass(frozen=True, kw_only=True)
class ShownField:
    """A field of the form. `state`: value, none (not on the document) or unlabelled. `source`: label, consensus or empty.
    `box` is the place of the proposed value, on the words of `engine`."""

    field: Field
    value: str
    state: str
    source: str
    proposal: Proposal
    others: Sequence[Other]
    box: ShownBox | None
    alternatives: Sequence[str]
    issue: str | None
    shown: bool
    shortcut: str = ""


@dataclass(frozen=True, kw_only=True)
class ShownList:
    """A list of the form. `labelled`: its rows are part of the label. `boxes`: places of the proposed cells, row by row."""

    field: ListField
    rows: Sequence[Row]
    labelled: bool
    source: str
    boxes: Sequence[Mapping[str, ShownBox | None]] = ()


@dataclass(frozen=True, kw_only=True)
class Issue:
    """A doubt about a labelled value that nobody has decided yet."""

    document_id: str
    field: str
    label: str | None
    value: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class LabelPage:
    """All of one page. `base`: hash of the label file that the page was made from, empty without one. `notes`: sentences
    about the document and its label."""

    document_id: str
    dataset: str
    path: str
    base: str
    labelled: bool
    fields: Sequence[ShownField]
    lists: Sequence[ShownList]
    issues: Sequence[Issue]
    images: Sequence[PageImage]
    notes: Sequence[str]
    viewer: str


def shown_fields(
    content: LabelContent,
    proposed: Mapping[str, Proposal],
    issues: Sequence[Issue],
    wanted: Sequence[str],
    decided: Mapping[str, str],
) -> list[ShownField]:
    """The single-valued fields. Without a label file, `wanted` ones are prefilled, those without a value as not on the
    document; others stay unlabelled, and so do all of a document that no backend has read.

    Args:
        decided: by field, a sentence about the decision of a review.
    """
    reasons = {issue.field: issue.reason for issue in issues} | dict(decided)
    alternatives = content.rest.get("alternatives")
    fields = []
    for field in single_fields(content.schema):
        name = field.name
        proposal = proposed.get(name, UNKNOWN)
        others = list(proposal.others)
        box = proposal.box
        if name in content.values:
            value, source = content.values[name], "label"
            state = "none" if value is None else "value"
            if proposal.value is not None and proposal.value != value:
                others.insert(0, Other(value=proposal.value, by="consensus", box=proposal.box))
                box = None
            others = [other for other in others if other.value != value]
        elif content.sha256 or name not in wanted or not proposed:
            value, source, state = None, "", "unlabelled"
            if proposal.value is not None:
                others.insert(0, Other(value=proposal.value, by="consensus", box=proposal.box))
        else:
            value, source = proposal.value, "consensus"
            state = "none" if value is None else "value"
        fields.append(
            ShownField(
                field=field,
                value=value or "",
                state=state,
                source=source,
                proposal=proposal,
                others=others,
                box=box if state == "value" else None,
                alternatives=alternatives.get(name, []) if isinstance(alternatives, dict) else [],
                issue=reasons.get(name),
                shown=name in wanted or name in content.values or name in reasons,
            )
        )
    fields.sort(key=lambda field: not field.shown)
    return [replace(field, shortcut=key) for field, key in zip(fields, SHORTCUTS.ljust(len(fields), " "), strict=False)]


def shown_lists(
    content: LabelContent, found: DocumentCases | None, witnesses: Sequence[str], wanted: Sequence[str]
) -> list[ShownList]:
    """The lists: rows of the label, otherwise those of the best backend."""
    lists = []
    for of_list in list_fields(content.schema):
        if of_list.name in content.lists:
            lists.append(ShownList(field=of_list, rows=content.lists[of_list.name], labelled=True, source="label"))
            continue
        rows: Sequence[ProposedRow] = proposed_rows(found, witnesses, of_list) if found else []
        lists.append(
            ShownList(
                field=of_list,
                rows=[row.values for row in rows],
                labelled=bool(rows) and not content.sha256 and of_list.name in wanted,
                source="consensus" if rows else "",
                boxes=[row.boxes for row in rows],
            )
        )
    return lists


def viewer_data(
    found: DocumentCases | None,
    images: Sequence[PageImage],
    fields: Sequence[ShownField],
    places: Mapping[str, Sequence[float]],
) -> str:
    """The data of the page's script, as JSON that is safe inside a script element. `places`: of values in the file."""
    shown = rotations(found) if found else {}
    readings = found.readings.items() if found else ()
    return in_script(
        {
            "pages": images,
            "engines": {name: words_of(reading, shown) for name, reading in readings if reading.words},
            "fields": {
                field.field.name: {
                    "box": field.box,
                    "marked": places.get(field.field.name),
                    "engine": field.proposal.engine,
                    "others": [{"value": other.value, "by": other.by, "box": other.box} for other in field.others],
                }
                for field in fields
            },
        }
    )
