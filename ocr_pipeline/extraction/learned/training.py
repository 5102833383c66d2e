"""From labelled documents to a model, and what cross-validation says about it.

Copies of a document are in one fold, so a document is never judged by a model that has seen it or a copy of it. The same
split by vendor says what to expect of vendors without a label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ocr_pipeline.evaluation.normalise import normalise_name
from ocr_pipeline.evaluation.version import label_version
from ocr_pipeline.extraction.learned.lexicon import corrected, grow
from ocr_pipeline.extraction.learned.model import SCHEMA, FieldModel, Model
from ocr_pipeline.extraction.learned.ranker import Document, Ranker, train
from ocr_pipeline.extraction.learned.values import Value, value_key, values_of
from ocr_pipeline.extraction.rules import reading
from ocr_pipeline.extraction.rules.candidates import Choice
from ocr_pipeline.extraction.rules.extractor import VERSION as RULES_VERSION
from ocr_pipeline.extraction.rules.extractor import choices
from ocr_pipeline.extraction.rules.fields import items
from ocr_pipeline.extraction.rules.fields.labelled_amounts import labelled
from ocr_pipeline.schemas import FIELD_KINDS, Label, OcrText

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

VERSION = 1
"""Raised with every change that makes another model of the same labels."""
FOLDS = 5
FEWEST = 20
"""Documents in which the labelled value is one of several candidates, so that there is a choice to learn: with fewer, a field
is left to the rules."""
ALIKE = 85
"""Similarity (0..100) from which the nearest candidate counts as the labelled name, which the engine may have misread."""
VENDOR_LETTERS = 5
"""Branches and spellings of a vendor mostly share so many first letters."""

_TEXT_KINDS = ("name", "address", "text")


@dataclass(frozen=True)
class Example:
    """A labelled document. `group` is that of its copies. `key` changes when what the engine read does."""

    document_id: str
    group: str
    text: OcrText
    label: Label
    key: str


@dataclass(frozen=True)
class _Seen:
    """An example as the ranker sees it: values by field, and what the rules chose."""

    example: Example
    values: Mapping[str, Sequence[Value]]
    chosen: Mapping[str, str | None]

    @property
    def vendor(self) -> str:
        name = normalise_name(self.example.label.invoice.supplier_name or "")
        return name[:VENDOR_LETTERS] or self.example.group


def training_key(keys: Mapping[str, str], labels: Mapping[str, Label], groups: Mapping[str, str]) -> str:
    """A hash of everything that a model is made of. `keys`: of what the engine read, by labelled document.
    `groups`: of copies, by document."""
    parts = [f"{VERSION} {SCHEMA} {RULES_VERSION}", label_version(labels)]
    parts += [f"{document} {key}" for document, key in sorted(keys.items())]
    parts += [f"{document} {group}" for document, group in sorted(groups.items())]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def train_model(examples: Sequence[Example], engine: str) -> Model | None:
    """Learn every field that has enough labels; None where none has."""
    seen = [_look(example) for example in examples]
    fold_of = _folds([one.example.group for one in seen])
    folds = [fold_of[one.example.group] for one in seen]
    by_vendor = _folds([one.vendor for one in seen])
    vendor_folds = [by_vendor[one.vendor] for one in seen]
    names = [one.example.label.invoice.supplier_name for one in seen]
    lexicons = [_lexicon(names, folds, fold) for fold in (*range(FOLDS), None)]
    fields, too_few, right = {}, {}, {}
    for field in FIELD_KINDS:
        if field not in (seen[0].values if seen else {}):
            continue
        rows = [index for index, one in enumerate(seen) if field in one.example.label.labelled_fields]
        documents = {index: _document(seen[index], field) for index in rows}
        found = sum(one.right is not None and len(one.rows) > 1 for one in documents.values())
        if found < FEWEST or not can_learn(documents, folds):
            if rows:
                too_few[field] = found
            continue
        fields[field], right[field] = _learn(field, seen, documents, folds, vendor_folds, names, lexicons)
    if not fields:
        return None
    labels = {example.document_id: example.label for example in examples}
    return Model(
        engine=engine,
        training=training_key(
            {example.document_id: example.key for example in examples},
            labels,
            {example.document_id: example.group for example in examples},
        ),
        label_version=label_version(labels),
        trained_at=datetime.now(UTC),
        documents=len(examples),
        fold_of={one.example.document_id: fold for one, fold in zip(seen, folds, strict=True)},
        fields=fields,
        too_few=too_few,
        lexicons=tuple(lexicons),
        right=right,
    )


def look(text: OcrText) -> tuple[dict[str, Choice[Any]], dict[str, list[Value]]]:
    """The choices of the rules in a document, and the distinct values with their facts, by field."""
    seen = reading.read(text)
    made = choices(seen, labelled(seen), items.find(seen))
    return made, {field: values_of(choice, seen) for field, choice in made.items()}


def _look(example: Example) -> _Seen:
    made, values = look(example.text)
    chosen = {name: value_key(one.chosen.value) if one.chosen else None for name, one in made.items()}
    return _Seen(example, values, chosen)


def _document(one: _Seen, field: str) -> Document:
    values = one.values[field]
    return Document([value.facts for value in values], _right(one.example.label, field, values))


def truth_keys(label: Label, field: str) -> set[str]:
    """The labelled value and its alternatives, as keys of values; empty where the label says that there is none."""
    value = getattr(label.invoice, field)
    keys = {value_key(value)} if value is not None else set()
    for text in label.alternatives.get(field, []):
        keys.add(value_key(getattr(type(label.invoice).model_validate({field: text}), field)))
    return keys


def _right(label: Label, field: str, values: Sequence[Value]) -> int | None:
    """Which value is the labelled one. Of names that the engine has misread, the nearest one."""
    wanted = truth_keys(label, field)
    for index, value in enumerate(values):
        if value.key in wanted:
            return index
    if FIELD_KINDS[field] not in _TEXT_KINDS or not wanted or not values:
        return None
    from rapidfuzz import fuzz

    alike = [max(fuzz.ratio(value.key, key) for key in wanted) for value in values]
    best = max(range(len(values)), key=alike.__getitem__)
    return best if alike[best] >= ALIKE else None


def _folds(groups: Sequence[str]) -> dict[str, int]:
    """A fold for each group, in an order that has nothing to do with their names."""
    order = sorted(set(groups), key=lambda group: sha256(group.encode()).hexdigest())
    return {group: index % FOLDS for index, group in enumerate(order)}


def _lexicon(names: Sequence[str | None], folds: Sequence[int], without: int | None) -> dict[str, str]:
    return grow(name for name, fold in zip(names, folds, strict=True) if name and fold != without)


def can_learn(documents: Mapping[int, Document], folds: Sequence[int]) -> bool:
    """Whether the documents outside of every fold have something to teach: not where all are copies, or of one vendor."""
    teaching = {folds[index] for index, document in documents.items() if document.right is not None}
    return len(teaching) > 1


def _learn(
    field: str,
    seen: Sequence[_Seen],
    documents: Mapping[int, Document],
    folds: Sequence[int],
    vendor_folds: Sequence[int],
    names: Sequence[str | None],
    lexicons: Sequence[Mapping[str, str]],
) -> tuple[FieldModel, dict[str, bool]]:
    rankers, scores, given = _out_of_fold(field, seen, documents, folds, lexicons)
    by_vendor = None
    if can_learn(documents, vendor_folds):
        vendor_lexicons = [_lexicon(names, vendor_folds, fold) for fold in range(FOLDS)]
        _, vendor_scores, vendor_given = _out_of_fold(field, seen, documents, vendor_folds, vendor_lexicons)
        by_vendor = (vendor_scores, vendor_given)
    truths = {index: truth_keys(seen[index].example.label, field) for index in documents}
    right = {index: given[index] in truths[index] for index in documents if given[index] is not None}
    thresholds, curves = [], []
    for without in (*range(FOLDS), None):  # a document is judged by nothing that has seen its label
        known = {index: flag for index, flag in right.items() if folds[index] != without}
        values = sum(bool(truths[index]) for index in documents if folds[index] != without)
        thresholds.append(_threshold(scores, known, values))
        curves.append(_isotonic([scores[index] for index in known], list(known.values())))
    own = {index: thresholds[folds[index]] for index in documents}
    whole = train(list(documents.values()))
    report = {
        "documents": len(documents),
        "possible": _share(
            [any(value.key in truths[i] for value in seen[i].values[field]) for i in documents if truths[i]]
        ),
        "rules": _share([(seen[i].chosen[field] in truths[i]) for i in documents if truths[i]]),
        "by_document": _share([_is_right(i, scores, given, truths, own) for i in documents if truths[i]]),
        "by_vendor": _share([_is_right(i, *by_vendor, truths, own) for i in documents if truths[i]])
        if by_vendor
        else None,
        "importance": dict(list(whole.importance().items())[:12]),
    }
    model = FieldModel(
        names=whole.names,
        whole=whole.models,
        folds=tuple(ranker.models for ranker in rankers),
        fold_names=tuple(ranker.names for ranker in rankers),
        documents=whole.documents,
        fold_documents=tuple(ranker.documents for ranker in rankers),
        thresholds=tuple(thresholds),
        curves=tuple(curves),
        report=report,
    )
    outcome = {seen[i].example.document_id: _is_right(i, scores, given, truths, own) for i in documents if truths[i]}
    return model, outcome


def _out_of_fold(
    field: str,
    seen: Sequence[_Seen],
    documents: Mapping[int, Document],
    folds: Sequence[int],
    lexicons: Sequence[Mapping[str, str]],
) -> tuple[list[Ranker], dict[int, float], dict[int, str | None]]:
    """One ranker per fold, fitted on the others, and the score and key of the value that it gives to each document."""
    rankers, scores, given = [], {}, {}
    for fold in range(FOLDS):
        ranker = train([document for index, document in documents.items() if folds[index] != fold])
        rankers.append(ranker)
        for index in documents:
            if folds[index] == fold:
                scores[index], given[index] = best_value(ranker, field, seen[index].values[field], lexicons[fold])
    return rankers, scores, given


def best_value(
    ranker: Ranker, field: str, values: Sequence[Value], lexicon: Mapping[str, str]
) -> tuple[float, str | None]:
    """Score and key of the best value, the lexicon included; (0, None) where there is none."""
    if not values:
        return 0.0, None
    scores = ranker.scores([value.facts for value in values])
    best = int(scores.argmax())
    key = values[best].key
    if field == "supplier_name" and (name := corrected(str(values[best].entry.value), lexicon)):
        key = value_key(name)
    return float(scores[best]), key


def _is_right(
    index: int,
    scores: Mapping[int, float],
    given: Mapping[int, str | None],
    truths: Mapping[int, set[str]],
    thresholds: Mapping[int, float],
) -> bool:
    return scores[index] >= thresholds[index] and given[index] in truths[index]


def _threshold(scores: Mapping[int, float], right: Mapping[int, bool], labelled_values: int) -> float:
    """The lowest score from which on giving a value makes F1 as good as it gets, out of fold, but for two values: with few
    documents a better F1 than that is luck, and silence has its price."""
    if not right:
        return 0.0
    order = sorted(right, key=lambda index: -scores[index])
    correct, f1 = 0, []
    for count, index in enumerate(order, 1):
        correct += right[index]
        f1.append(2 * correct / (count + labelled_values))
    enough = max(f1) - 2 / max(labelled_values, 1)
    return min(scores[index] for index, reached in zip(order, f1, strict=True) if reached >= enough)


def _isotonic(scores: Sequence[float], right: Sequence[bool]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Points of a rising curve from score to the share that is right."""
    from sklearn.isotonic import IsotonicRegression

    if not scores:
        return (0.0,), (0.0,)
    curve = IsotonicRegression(out_of_bounds="clip").fit(list(scores), [float(one) for one in right])
    return tuple(map(float, curve.X_thresholds_)), tuple(map(float, curve.y_thresholds_))


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
