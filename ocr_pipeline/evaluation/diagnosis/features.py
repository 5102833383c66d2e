"""Features of values that confidences are computed from."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import chain
from types import MappingProxyType

from ocr_pipeline.document_fields import in_display_order
from ocr_pipeline.evaluation.diagnosis.agreement import Values, same_value
from ocr_pipeline.evaluation.diagnosis.confidence import Value
from ocr_pipeline.evaluation.diagnosis.label_sums import TOLERANCE
from ocr_pipeline.evaluation.diagnosis.records import Key, ValueEvidence

_SUM = ("net_amount", "total_tax_amount", "total_amount")
_MAX_MARGIN, _MIN_LOGPROB = 20.0, -20.0


def value_features(
    backend: str,
    documents: Mapping[str, Values],
    *,
    correct: Mapping[Key, bool],
    groups: Mapping[str, str],
    evidence: Mapping[Key, ValueEvidence],
    margins: Mapping[Key, float],
    word_confidences: Mapping[Key, tuple[float, float]],
    logprobs: Mapping[Key, float],
    calibrated: Mapping[str, Mapping[Key, float]] = MappingProxyType({}),
    limits: Mapping[Key, float] = MappingProxyType({}),
) -> list[Value]:
    """Collect every value of a backend, and every field that it left empty but that is labelled or extracted by another.

    Features, if known: `evidence` and `score`: the backend names words, and its own score for them (for imported
    predictions the reported confidence); `corrected`; `ocr_mean`, `ocr_lowest`: confidence of the engine in those words;
    `margin`: lead over the next candidate; `logprob`: log probability of the value in a language model, at least -20;
    `sums`: net and tax add up to the total (1) or do not (-1); `agree`, `agree_value`: share of the other backends that
    agree, of all and of those that extracted a value; `shipped`: probability by a calibrated backend (`_shipped`);
    `limit`: the highest confidence that is justified, whatever else is known, because the page leaves the value open.

    Args:
        documents: what all backends extracted, by document; without controls.
        correct: whether this backend's value is right, for labelled fields.
        groups: the group of copies that a document belongs to.
        evidence, margins, word_confidences, logprobs, limits: of this backend.
        calibrated: the probabilities of all backends that give some, by backend.
    """
    result = []
    labelled_of = _labelled(correct)
    for document_id, values in documents.items():
        if backend not in values:
            continue
        mine, others = values[backend], [other for name, other in values.items() if name != backend]
        sums = _sums(mine)
        labelled = labelled_of.get(document_id, ())
        for field in in_display_order(chain(labelled, *values.values())):
            key, prediction = (document_id, field), mine.get(field)
            if prediction is None and key not in correct and not any(field in other for other in others):
                continue
            result.append(
                Value(
                    document_id=document_id,
                    group=groups.get(document_id, document_id),
                    field=field,
                    prediction=prediction,
                    correct=correct.get(key),
                    features={
                        "empty": float(prediction is None),
                        **_grounding(evidence.get(key), word_confidences.get(key), margins.get(key)),
                        **({"logprob": max(logprobs[key], _MIN_LOGPROB)} if key in logprobs else {}),
                        **({"sums": sums} if field in _SUM and sums is not None else {}),
                        **_agreement(field, prediction, others),
                        **_shipped(backend, key, values, calibrated),
                        **({"limit": limits[key]} if key in limits else {}),
                    },
                )
            )
    return result


def _labelled(correct: Mapping[Key, bool]) -> Mapping[str, Sequence[str]]:
    """The labelled fields by document."""
    fields: dict[str, list[str]] = {}
    for document_id, field in correct:
        fields.setdefault(document_id, []).append(field)
    return fields


def _grounding(
    evidence: ValueEvidence | None, words: tuple[float, float] | None, margin: float | None
) -> dict[str, float]:
    features = {"evidence": float(evidence is not None)}
    if evidence is not None:
        features |= {"score": evidence.score, "corrected": float(evidence.correction is not None)}
    if words is not None:
        features |= {"ocr_mean": words[0], "ocr_lowest": words[1]}
    if margin is not None:
        features["margin"] = max(-_MAX_MARGIN, min(margin, _MAX_MARGIN))
    return features


def _shipped(backend: str, key: Key, values: Values, calibrated: Mapping[str, Mapping[Key, float]]) -> dict[str, float]:
    """The backend's own probability. Others take that of the surest calibrated backend with the same value; where these say
    something else, half of what they leave."""
    field, mine = key[1], values[backend].get(key[1])
    if mine is None:
        return {}
    if backend in calibrated:
        return {"shipped": calibrated[backend][key]} if key in calibrated[backend] else {}
    same, other = 0.0, 0.0
    for name, sure in calibrated.items():
        if key in sure and field in values.get(name, {}):
            if same_value(field, values[name][field]) == same_value(field, mine):
                same = max(same, sure[key])
            else:
                other = max(other, sure[key])
    return {"shipped": same or (1 - other) / 2} if same or other else {}


def _agreement(field: str, prediction: str | None, others: Sequence[Mapping[str, str]]) -> dict[str, float]:
    if not others:
        return {}
    mine, theirs = same_value(field, prediction), [same_value(field, other.get(field)) for other in others]
    extracted = [value for value in theirs if value is not None]
    features = {"agree": sum(value == mine for value in theirs) / len(theirs)}
    if extracted:
        features["agree_value"] = sum(value == mine for value in extracted) / len(extracted)
    return features


def _sums(values: Mapping[str, str]) -> float | None:
    """1 if net and tax add up to the total, -1 if they do not, None if one of them is unknown."""
    if not all(field in values for field in _SUM):
        return None
    net, tax, total = (Decimal(values[field]) for field in _SUM)
    return 1.0 if abs(net + tax - total) <= TOLERANCE else -1.0
