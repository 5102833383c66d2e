"""The evidence about values that confidences are made from. Rows of tables in, `Value` objects out."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ocr_pipeline.evaluation.diagnosis.agreement import Values, same_value
from ocr_pipeline.evaluation.diagnosis.confidence import Value
from ocr_pipeline.evaluation.diagnosis.label_issues import TOLERANCE
from ocr_pipeline.schemas import FIELD_KINDS

Key = tuple[str, str]
"""(document, field)."""
_SUM = ("net_amount", "total_tax_amount", "total_amount")
_MOST_MARGIN, _LEAST_LOGPROB = 20.0, -20.0


def value_features(
    backend: str,
    documents: Mapping[str, Values],
    *,
    correct: Mapping[Key, bool],
    groups: Mapping[str, str],
    evidence: Mapping[Key, Mapping[str, Any]],
    margins: Mapping[Key, float],
    word_confidences: Mapping[Key, tuple[float, float]],
    logprobs: Mapping[Key, float],
) -> list[Value]:
    """Every value that a backend gave, and every one that it left empty and that is labelled or given by another.

    Features, where they are known: `evidence` and `score`: the backend points to words, and its own score for them (for
    imported predictions the reported confidence); `corrected`; `ocr_mean`, `ocr_lowest`: confidence of the engine for
    those words; `margin`: lead over the next candidate; `logprob`: how sure a language model was of the value, not below
    -20; `sums`: net and tax add up to the total (1) or do not (-1); `agree`, `agree_value`: share of the other backends
    that give the same, and of those that give any.

    Args:
        documents: what all backends gave, by document; controls left out.
        correct: whether this backend's value is right, of what is labelled.
        groups: the group of copies that a document belongs to.
        evidence, margins, word_confidences, logprobs: of this backend.
    """
    found = []
    for document_id, values in documents.items():
        if backend not in values:
            continue
        mine, others = values[backend], [given for name, given in values.items() if name != backend]
        sums = _sums(mine)
        for field in FIELD_KINDS:
            key, prediction = (document_id, field), mine.get(field)
            if prediction is None and key not in correct and not any(field in given for given in others):
                continue
            found.append(
                Value(
                    document_id=document_id,
                    group=groups.get(document_id, document_id),
                    field=field,
                    prediction=prediction,
                    correct=correct.get(key),
                    features={
                        "empty": float(prediction is None),
                        **_grounding(evidence.get(key), word_confidences.get(key), margins.get(key)),
                        **({"logprob": max(logprobs[key], _LEAST_LOGPROB)} if key in logprobs else {}),
                        **({"sums": sums} if field in _SUM and sums is not None else {}),
                        **_agreement(field, prediction, others),
                    },
                )
            )
    return found


def _grounding(
    row: Mapping[str, Any] | None, words: tuple[float, float] | None, margin: float | None
) -> dict[str, float]:
    features = {"evidence": float(row is not None)}
    if row is not None:
        features |= {"score": row["score"], "corrected": float(row["correction"] is not None)}
    if words is not None:
        features |= {"ocr_mean": words[0], "ocr_lowest": words[1]}
    if margin is not None:
        features["margin"] = max(-_MOST_MARGIN, min(margin, _MOST_MARGIN))
    return features


def _agreement(field: str, prediction: str | None, others: Sequence[Mapping[str, str]]) -> dict[str, float]:
    if not others:
        return {}
    mine, theirs = same_value(field, prediction), [same_value(field, given.get(field)) for given in others]
    given = [value for value in theirs if value is not None]
    features = {"agree": sum(value == mine for value in theirs) / len(theirs)}
    if given:
        features["agree_value"] = sum(value == mine for value in given) / len(given)
    return features


def _sums(values: Mapping[str, str]) -> float | None:
    """1 where net and tax add up to the total, -1 where they do not, None where one is not there."""
    if not all(field in values for field in _SUM):
        return None
    net, tax, total = (Decimal(values[field]) for field in _SUM)
    return 1.0 if abs(net + tax - total) <= TOLERANCE else -1.0
