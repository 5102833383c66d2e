"""From labelled documents to a model, and what cross-validation says about it.

Copies of a document are in one fold, so a document is never judged by a model that has seen it or a copy of it. The same
split by vendor says what to expect of vendors without a label.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ocr_pipeline.evaluation.scoring.version import label_version
from ocr_pipeline.evaluation.statistics.calibration import equal_bins, isotonic, risk_threshold
from ocr_pipeline.extraction.learned.lexicon import ALIKE as LEXICON_ALIKE
from ocr_pipeline.extraction.learned.lexicon import corrected, grow
from ocr_pipeline.extraction.learned.model import SCHEMA, By, Curve, FieldModel, Model, RowModels, Split
from ocr_pipeline.extraction.learned.ranker import Document, Ranker, train
from ocr_pipeline.extraction.learned.rows import (
    FEWEST_DOCUMENTS,
    FEWEST_INVENTED,
    RowModel,
    fit,
    kind_of,
    right_rows,
    row_facts,
)
from ocr_pipeline.extraction.learned.values import Value, region_of, value_key, values_of
from ocr_pipeline.extraction.rules import reading
from ocr_pipeline.extraction.rules.candidates import Choice
from ocr_pipeline.extraction.rules.extractor import VERSION as RULES_VERSION
from ocr_pipeline.extraction.rules.extractor import choices, extract_text
from ocr_pipeline.extraction.rules.fields import items
from ocr_pipeline.extraction.rules.fields.labelled_amounts import labelled
from ocr_pipeline.schemas import FIELD_KINDS, Label, OcrText
from ocr_pipeline.values.names import normalise_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

VERSION = 5
"""Raised with every change that makes another model of the same labels."""
FOLDS = 5
FEWEST = 20
"""Documents in which the labelled value is one of several candidates, so that there is a choice to learn: with fewer, a field
is left to the rules."""
SILENT_FROM = 100
"""Labelled values of a country from which on labels decide where no value is given; with fewer, the rules do. With a
threshold chosen on 20 labels, 96.0 % of the totals were read where the rules read 98.3; with one from Malaysian receipts,
three of 29 German invoices lost their date (benchmarks/learned_accuracy.py)."""
ALIKE = 85
"""Similarity (0..100) from which the nearest candidate counts as the labelled name, which the engine may have misread."""
CURVE, CURVE_FOLDS = (20, 50, 100, 200), 2
"""Numbers of labels that the learning curve has, and folds that it is judged on."""
RISK, BINS = 0.01, 5
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
    region: str
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
    """Learn every field, and the rows of every kind of document, that has enough labels; None where none has."""
    seen = [_look(example) for example in examples]
    fold_of = folds_of([one.example.group for one in seen])
    folds = [fold_of[one.example.group] for one in seen]
    families = _families(seen)
    by_family = folds_of(families)
    vendor_folds = [by_family[family] for family in families]
    fields, too_few, right = {}, {}, {}
    for field in FIELD_KINDS:
        if field not in (seen[0].values if seen else {}):
            continue
        of_field = [index for index, one in enumerate(seen) if field in one.example.label.labelled_fields]
        documents = {index: _document(seen[index], field) for index in of_field}
        found = sum(one.right is not None and len(one.rows) > 1 for one in documents.values())
        if found < FEWEST or not can_learn(documents, folds):
            if of_field:
                too_few[field] = found
            continue
        fields[field], right[field] = _learn(field, seen, documents, folds, vendor_folds)
    rows = _learn_rows(examples, {"document": folds, "vendor": vendor_folds})
    if not fields and not rows:
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
        fold_of={"document": _by_id(seen, folds), "vendor": _by_id(seen, vendor_folds)},
        fields=fields,
        rows=rows,
        too_few=too_few,
        right=right,
    )


def _learn_rows(examples: Sequence[Example], folds: Mapping[By, Sequence[int]]) -> dict[str, RowModels]:
    """Which rows of the item table are items, for each kind of document that enough labels tell about."""
    facts: dict[int, list[dict[str, float]]] = {}
    right: dict[int, list[bool]] = {}
    kinds: dict[str, list[int]] = {}
    for index, example in enumerate(examples):
        if not example.label.invoice.line_items:
            continue
        flags = right_rows(extract_text(example.text).invoice, example.label)
        if flags:
            seen = reading.read(example.text)
            facts[index], right[index] = row_facts(items.find(seen), seen), flags
            kinds.setdefault(kind_of(seen), []).append(index)
    found = {}
    for kind, members in kinds.items():
        invented = sum(right[index].count(False) for index in members)
        if len(members) >= FEWEST_DOCUMENTS and invented >= FEWEST_INVENTED:
            model = _rows_of_kind({index: (facts[index], right[index]) for index in members}, folds)
            if model is not None:
                found[kind] = model
    return found


def _rows_of_kind(
    known: Mapping[int, tuple[Sequence[Mapping[str, float]], Sequence[bool]]], folds: Mapping[By, Sequence[int]]
) -> RowModels | None:
    """None where it would drop as many items as other rows, out of fold."""

    def learn(without: int | None, of: Sequence[int]) -> RowModel | None:
        chosen = [pair for index, pair in known.items() if of[index] != without]
        return fit([row for rows, _ in chosen for row in rows], [flag for _, flags in chosen for flag in flags])

    whole = learn(None, folds["document"])
    splits = {by: tuple(learn(fold, of) for fold in range(FOLDS)) for by, of in folds.items()}
    dropped = [
        flag
        for index, (rows, flags) in known.items()
        if (model := splits["document"][folds["document"][index]])
        for flag, is_kept in zip(flags, model.kept(rows), strict=True)
        if not is_kept
    ]
    invented, items_lost = dropped.count(False), dropped.count(True)
    if whole is None or invented <= items_lost:
        return None
    report = {
        "documents": len(known),
        "rows": sum(len(flags) for _, flags in known.values()),
        "invented": sum(flags.count(False) for _, flags in known.values()),
        "dropped_invented": invented,
        "dropped_items": items_lost,
    }
    return RowModels(splits=splits, whole=whole, report=report)


def _by_id(seen: Sequence[_Seen], folds: Sequence[int]) -> dict[str, int]:
    return {one.example.document_id: fold for one, fold in zip(seen, folds, strict=True)}


def _families(seen: Sequence[_Seen]) -> list[str]:
    """A name for each document that it shares with all of its vendor, and with all copies of these."""
    family: dict[str, str] = {}

    def top(name: str) -> str:
        while family.setdefault(name, name) != name:
            name = family[name]
        return name

    for one in seen:
        family[top(f"vendor {one.vendor}")] = top(f"copies {one.example.group}")
    return [top(f"vendor {one.vendor}") for one in seen]


def look(text: OcrText) -> tuple[dict[str, Choice[Any]], dict[str, list[Value]], str]:
    """The choices of the rules in a document, and the distinct values with their facts, by field; and its country."""
    seen = reading.read(text)
    made = choices(seen, labelled(seen), items.find(seen))
    return made, {field: values_of(choice, seen) for field, choice in made.items()}, region_of(seen)


def _look(example: Example) -> _Seen:
    made, values, region = look(example.text)
    chosen = {name: value_key(one.chosen.value) if one.chosen else None for name, one in made.items()}
    return _Seen(example, region, values, chosen)


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


def folds_of(groups: Sequence[str]) -> dict[str, int]:
    """A fold for each group, in an order that has nothing to do with their names."""
    order = sorted(set(groups), key=lambda group: sha256(group.encode()).hexdigest())
    return {group: index % FOLDS for index, group in enumerate(order)}


def _lexicon(field: str, seen: Sequence[_Seen], folds: Sequence[int], without: int | None) -> dict[str, str]:
    if field not in LEXICON_ALIKE:
        return {}
    names = (getattr(one.example.label.invoice, field) for one in seen)
    return grow(name for name, fold in zip(names, folds, strict=True) if name and fold != without)


def can_learn(documents: Mapping[int, Document], folds: Sequence[int]) -> bool:
    """Whether the documents outside of every fold have something to teach: not where all are copies, or of one vendor."""
    teaching = {folds[index] for index, document in documents.items() if document.right is not None}
    return len(teaching) > 1


@dataclass(frozen=True)
class _Judged:
    """A split, and what it says about the documents that were learned from, each out of fold: `right` of those that have a
    candidate, `good` of those that are labelled with a value, silence counted, and how `sure` each value is."""

    split: Split
    right: Mapping[int, bool]
    good: Mapping[int, bool]
    sure: Mapping[int, float]


def _learn(
    field: str,
    seen: Sequence[_Seen],
    documents: Mapping[int, Document],
    folds: Sequence[int],
    vendor_folds: Sequence[int],
) -> tuple[FieldModel, dict[str, bool]]:
    truths = {index: truth_keys(seen[index].example.label, field) for index in documents}
    judged: dict[By, _Judged] = {"document": _judge(field, seen, documents, folds, truths)}
    if can_learn(documents, vendor_folds):
        judged["vendor"] = _judge(field, seen, documents, vendor_folds, truths)
    shares = {f"by_{by}": _share(list(one.good.values())) for by, one in judged.items()}
    whole, of_document = train(list(documents.values())), judged["document"]
    report = {
        "documents": len(documents),
        "possible": _share(
            [any(value.key in truths[i] for value in seen[i].values[field]) for i in documents if truths[i]]
        ),
        "rules": _share([(seen[i].chosen[field] in truths[i]) for i in documents if truths[i]]),
        "by_vendor": None,
        **shares,
        "importance": dict(list(whole.importance().items())[:12]),
        "curve": learning_curve(field, seen, documents, folds, truths),
        **_confidences(of_document.sure, of_document.right, folds, sum(bool(keys) for keys in truths.values())),
    }
    model = FieldModel(
        names=whole.names,
        whole=whole.models,
        documents=whole.documents,
        splits={by: one.split for by, one in judged.items()},
        report=report,
    )
    return model, {seen[index].example.document_id: flag for index, flag in of_document.good.items()}


def _judge(
    field: str,
    seen: Sequence[_Seen],
    documents: Mapping[int, Document],
    folds: Sequence[int],
    truths: Mapping[int, set[str]],
) -> _Judged:
    """Learn without each fold, and judge it by what that reads."""
    lexicons = [_lexicon(field, seen, folds, fold) for fold in (*range(FOLDS), None)]
    rankers, scores, given = _out_of_fold(field, seen, documents, folds, lexicons)
    right = {index: given[index] in truths[index] for index in documents if given[index] is not None}
    thresholds: dict[str, tuple[float | None, ...]] = {}
    curves: dict[str, tuple[Curve, ...]] = {}
    counts = Counter(seen[index].region for index in documents)
    for region in ("", *(name for name, count in counts.items() if name and count >= SILENT_FROM)):
        of_region = [index for index in documents if region in ("", seen[index].region)]
        found: list[tuple[float | None, Curve]] = []
        for without in (*range(FOLDS), None):  # a document is judged by nothing that has seen its label
            known = {index: right[index] for index in of_region if index in right and folds[index] != without}
            values = sum(bool(truths[index]) for index in of_region if folds[index] != without)
            curve = isotonic([scores[index] for index in known], list(known.values()))
            found.append((_threshold(scores, known, values), curve))
        curves[region] = tuple(curve for _, curve in found)
        if region:
            thresholds[region] = tuple(threshold for threshold, _ in found)
    split = Split(
        folds=tuple(ranker.models for ranker in rankers),
        names=tuple(ranker.names for ranker in rankers),
        documents=tuple(ranker.documents for ranker in rankers),
        thresholds=thresholds,
        curves=curves,
        lexicons=tuple(lexicons),
    )

    def is_given(index: int) -> bool:
        threshold = split.threshold(folds[index], seen[index].region)
        return seen[index].chosen[field] is not None if threshold is None else scores[index] >= threshold

    return _Judged(
        split,
        right,
        good={index: is_given(index) and given[index] in truths[index] for index in documents if truths[index]},
        sure={index: split.confidence(scores[index], folds[index], seen[index].region) for index in right},
    )


def learning_curve(
    field: str,
    seen: Sequence[_Seen],
    documents: Mapping[int, Document],
    folds: Sequence[int],
    truths: Mapping[int, set[str]],
) -> list[dict[str, int]]:
    """What fewer labels would read: `right` of `n` values after so many `labels`, on folds that were not learned from."""
    found: list[dict[str, int]] = []
    for size in CURVE:
        right = n = 0
        for fold in range(CURVE_FOLDS):
            others = [index for index in documents if folds[index] != fold]
            if len(others) < size:
                return found
            chosen = random.Random(fold).sample(others, size)  # noqa: S311 - which labels, not a secret
            if not any(documents[index].right is not None for index in chosen):
                continue
            ranker = train([documents[index] for index in chosen])
            lexicon = _lexicon(field, [seen[index] for index in chosen], [-1] * size, None)
            for index in documents:
                if folds[index] == fold and truths[index]:
                    n += 1
                    _, given = best_value(ranker, field, seen[index].values[field], lexicon)
                    right += seen[index].chosen[field] is not None and given in truths[index]
        found.append({"labels": size, "right": right, "n": n})
    return found


def _confidences(
    sure: Mapping[int, float], right: Mapping[int, bool], folds: Sequence[int], labelled: int
) -> dict[str, Any]:
    """Whether the confidences hold, and what could be accepted without a look: every document by what others have taught.

    `calibration`: bins of equal size with the mean confidence and the values that were `right` of `n`. `accepted`: of all
    labelled values, how many reach the confidence from which on the others were wrong in at most `RISK`, and how many of them
    are wrong.
    """
    known = list(sure)
    bins = [[known[position] for position in part] for part in equal_bins(list(sure.values()), BINS)]
    accepted = []
    for fold in range(FOLDS):
        others = [index for index in right if folds[index] != fold]
        threshold = risk_threshold([sure[i] for i in others], [right[i] for i in others], RISK, split_ties=True)
        if threshold is not None:
            accepted += [right[index] for index in right if folds[index] == fold and sure[index] >= threshold]
    return {
        "calibration": [
            {
                "confidence": sum(sure[index] for index in part) / len(part),
                "right": sum(right[index] for index in part),
                "n": len(part),
            }
            for part in bins
        ],
        "accepted": {"n": labelled, "accepted": len(accepted), "wrong": accepted.count(False)},
    }


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
    if field in LEXICON_ALIKE and (name := corrected(field, str(values[best].entry.value), lexicon)):
        key = value_key(name)
    return float(scores[best]), key


def _threshold(scores: Mapping[int, float], right: Mapping[int, bool], labelled_values: int) -> float | None:
    """The lowest score from which on giving a value makes F1 as good as it gets, out of fold, but for two values: with few
    documents a better F1 than that is luck, and silence has its price. None for too few values to tell."""
    if labelled_values < SILENT_FROM or not right:
        return None
    order = sorted(right, key=lambda index: -scores[index])
    correct, f1 = 0, []
    for count, index in enumerate(order, 1):
        correct += right[index]
        f1.append(2 * correct / (count + labelled_values))
    enough = max(f1) - 2 / max(labelled_values, 1)
    return min(scores[index] for index, reached in zip(order, f1, strict=True) if reached >= enough)


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
