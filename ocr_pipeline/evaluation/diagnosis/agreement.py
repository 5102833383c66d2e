"""What backends agree on, with a label or without: consensus values, and which document to label next."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from statistics import fmean

from ocr_pipeline.schemas import FIELD_KINDS
from ocr_pipeline.values.names import normalise_name

Values = Mapping[str, Mapping[str, str]]
"""By backend, its values by field, as texts of `extracted_fields`. A failed document has none, and is left out."""

_CENT = Decimal("0.01")


def same_value(field: str, value: str | None) -> str | None:
    """A text that is the same for values that count as equal: amounts to the cent, texts by letters and digits."""
    if value is None:
        return None
    kind = FIELD_KINDS[field]
    if kind == "money":
        return str(Decimal(value).quantize(_CENT))
    return value if kind == "date" else normalise_name(value) or None


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """What the backends say about one field of one document. Columns as in the table `consensus`."""

    document_id: str
    field: str
    value: str | None
    backends: int
    agreeing: int
    distinct_values: int
    agreement: float
    """Share of the pairs of backends that give the same, 0..1, as in the observed agreement of Fleiss (Psychological
    Bulletin 76, 1971); 1 for a single backend."""


def consensus(document_id: str, values: Values) -> list[Consensus]:
    """One entry per field that a backend gave a value for, in display order.

    The consensus is what most backends give; of equally many, the one that is a value and not none, then the one of the
    backend that comes first. Giving none is an opinion, too.
    """
    found = []
    for field in FIELD_KINDS:
        if not any(field in given for given in values.values()):
            continue
        keys = {backend: same_value(field, given.get(field)) for backend, given in values.items()}
        counts = Counter(keys.values())
        order = list(dict.fromkeys(keys.values()))
        best = max(order, key=lambda key: (counts[key], key is not None, -order.index(key)))
        pairs = list(combinations(keys.values(), 2))
        found.append(
            Consensus(
                document_id=document_id,
                field=field,
                value=next((values[backend].get(field) for backend, key in keys.items() if key == best), None),
                backends=len(keys),
                agreeing=counts[best],
                distinct_values=len(counts),
                agreement=fmean(first == second for first, second in pairs) if pairs else 1.0,
            )
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A document to label. `score` is the sum over fields of how unsure the value is, 0..1 each."""

    document_id: str
    score: float
    unsure_fields: tuple[str, ...]
    """Those that are most in doubt, worst first."""


def suggest(
    entries: Iterable[Consensus],
    confidences: Mapping[tuple[str, str], Sequence[float]],
    groups: Mapping[str, str],
    labelled: Iterable[str],
) -> list[Suggestion]:
    """Which unlabelled documents to label, the most informative first.

    How unsure a field is: the mean of the share of pairs of backends that disagree (query by committee, with the vote
    as in Freund et al., Machine Learning 28, 1997) and, where there are calibrated confidences, of one minus their mean
    (least confidence; Lewis and Gale, SIGIR 1994).

    Args:
        entries: consensus of the documents, labelled ones are left out.
        confidences: of the values of all backends, by (document, field).
        groups: the group of copies that a document belongs to; of a group one document is suggested, and none where
            one of them is labelled.
        labelled: documents with a label.
    """
    labelled = set(labelled)
    known = {groups[key] for key in labelled if key in groups}
    unsure: dict[str, dict[str, float]] = defaultdict(dict)
    for entry in entries:
        document_id = entry.document_id
        if document_id in labelled or groups.get(document_id) in known:
            continue
        doubts = [1 - entry.agreement] if entry.backends > 1 else []
        sure = confidences.get((document_id, entry.field))
        if sure:
            doubts.append(1 - fmean(sure))
        unsure[document_id][entry.field] = fmean(doubts) if doubts else 0.0
    ranked = sorted(
        (
            Suggestion(
                document_id=document_id,
                score=sum(fields.values()),
                unsure_fields=tuple(
                    sorted((f for f, doubt in fields.items() if doubt > 0), key=lambda f: -fields[f])[:4]
                ),
            )
            for document_id, fields in unsure.items()
        ),
        key=lambda suggestion: (-suggestion.score, suggestion.document_id),
    )
    seen: set[str] = set()
    chosen = []
    for suggestion in ranked:
        group = groups.get(suggestion.document_id, suggestion.document_id)
        if group not in seen:
            seen.add(group)
            chosen.append(suggestion)
    return chosen
