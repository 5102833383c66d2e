"""What backends agree on, with or without labels: consensus values, and which document to label next."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from statistics import fmean
from types import MappingProxyType

from ocr_pipeline.document_fields import FIELD_KINDS, in_display_order
from ocr_pipeline.evaluation.diagnosis.voices import Voice, count_voices, voice
from ocr_pipeline.values.names import normalise_name
from ocr_pipeline.values.tax_ids import tax_id_key

Values = Mapping[str, Mapping[str, str]]
"""Values by backend and field, as in `extracted_fields`. Backends that failed on the document are left out."""

_CENT = Decimal("0.01")
_DECIMAL = re.compile(r"-?\d+\.\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def same_value(field: str, value: str | None) -> str | None:
    """Return a text that is equal for equal values: amounts to the cent, tax ids by number, text by letters and
    digits."""
    if value is None:
        return None
    kind = FIELD_KINDS.get(field)
    if kind is None and _DECIMAL.fullmatch(value):  # of an own schema: equal amounts may be written with other zeros
        return value.rstrip("0").rstrip(".")
    if kind == "money" and _NUMBER.fullmatch(value):  # an own schema may have text under this name
        return str(Decimal(value).quantize(_CENT))
    if kind == "tax_id":
        return tax_id_key(value) or None
    return value if kind == "date" else normalise_name(value) or None


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """What the backends extracted for one field of one document. Columns as in the table `consensus`.

    `agreement` is the observed agreement of Fleiss (Psychological Bulletin 76, 1971).
    """

    document_id: str
    field: str
    value: str | None
    backends: int
    agreeing: int
    distinct_values: int
    agreement: float


def consensus(
    document_id: str, values: Values, voice_of: Mapping[str, Voice] = MappingProxyType({})
) -> list[Consensus]:
    """Find the consensus of every field with at least one value, in display order.

    The consensus is what most independent readers extracted (`voice_of`, for backends that share parts), then what most
    backends did. Ties: a value wins over none, then the first backend wins. An empty value counts as an opinion, too.
    """
    voices = {name: voice_of.get(name) or voice(None, name) for name in values}
    result = []
    for field in in_display_order(field for of_backend in values.values() for field in of_backend):
        if not any(field in of_backend for of_backend in values.values()):
            continue
        keys = {backend: same_value(field, of_backend.get(field)) for backend, of_backend in values.items()}
        counts = Counter(keys.values())
        order = list(dict.fromkeys(keys.values()))
        readers = {key: count_voices([name for name in keys if keys[name] == key], voices) for key in order}
        best = max(order, key=lambda key: (readers[key], counts[key], key is not None, -order.index(key)))
        pairs = list(combinations(keys.values(), 2))
        result.append(
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
    return result


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A document to label. `score` is the sum of the uncertainty of its fields, 0..1 each."""

    document_id: str
    score: float
    unsure_fields: tuple[str, ...]
    """Up to four fields, the most uncertain first."""


def suggest(
    entries: Iterable[Consensus],
    confidences: Mapping[tuple[str, str], Sequence[float]],
    groups: Mapping[str, str],
    labelled: Iterable[str],
) -> list[Suggestion]:
    """Choose unlabelled documents to label, the most informative first.

    Uncertainty of a field: the mean of the share of pairs of backends that disagree (query by committee, with the vote as
    in Freund et al., Machine Learning 28, 1997) and, if there are calibrated confidences, of one minus their mean (least
    confidence; Lewis and Gale, SIGIR 1994).

    Args:
        entries: consensus of the documents; labelled ones are left out.
        confidences: of the values of all backends, by (document, field).
        groups: the group of copies that a document belongs to; of a group one document is suggested, and none if one of
            them is labelled.
        labelled: documents with a label.
    """
    labelled = set(labelled)
    labelled_groups = {groups[key] for key in labelled if key in groups}
    doubts: dict[str, dict[str, float]] = defaultdict(dict)
    for entry in entries:
        document_id = entry.document_id
        if document_id not in labelled and groups.get(document_id) not in labelled_groups:
            confidence = confidences.get((document_id, entry.field))
            doubts[document_id][entry.field] = uncertainty(entry, confidence)
    suggestions = [
        Suggestion(
            document_id=document_id,
            score=sum(fields.values()),
            unsure_fields=tuple(
                sorted((field for field, doubt in fields.items() if doubt > 0), key=lambda field: -fields[field])[:4]
            ),
        )
        for document_id, fields in doubts.items()
    ]
    suggestions.sort(key=lambda suggestion: (-suggestion.score, suggestion.document_id))
    first_of_group: dict[str, Suggestion] = {}
    for suggestion in suggestions:
        first_of_group.setdefault(groups.get(suggestion.document_id, suggestion.document_id), suggestion)
    return list(first_of_group.values())


def uncertainty(entry: Consensus, confidences: Sequence[float] | None) -> float:
    """How doubtful a value is, 0..1: see `suggest`. 0 if nothing is known, as of one backend without confidences."""
    doubts = [1 - entry.agreement] if entry.backends > 1 else []
    if confidences:
        doubts.append(1 - fmean(confidences))
    return fmean(doubts) if doubts else 0.0
