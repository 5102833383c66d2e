"""From the results of members on labelled documents to the weights of an ensemble."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ocr_pipeline.evaluation.scoring.version import label_version
from ocr_pipeline.extraction.ensemble.votes import groups_of
from ocr_pipeline.extraction.ensemble.weights import SCHEMA, Example, FieldWeights, Weights, fit
from ocr_pipeline.extraction.learned.training import FOLDS, folds_of, truth_keys
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, Label

VERSION = 1
FEWEST = 30
"""Labelled documents from which on a field has weights of its own; with fewer, each member has one vote."""


@dataclass(frozen=True)
class Voted:
    """A labelled document. `group`: that of its copies. `given`: what the members gave, those that read it."""

    document_id: str
    group: str
    given: Mapping[str, Extraction]
    label: Label


def training_key(keys: Mapping[str, Mapping[str, str]], labels: Mapping[str, Label], groups: Mapping[str, str]) -> str:
    """A hash of everything that weights are made of. `keys`: of the results, by document and member; `groups` of copies."""
    parts = [f"{VERSION} {SCHEMA}", label_version(labels)]
    parts += [f"{document} {sorted(results.items())}" for document, results in sorted(keys.items())]
    parts += [f"{document} {group}" for document, group in sorted(groups.items())]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def learn_weights(documents: Sequence[Voted], members: Sequence[str], training: str) -> Weights:
    """Learn the weights of every field that has enough labels."""
    by_group = folds_of([one.group for one in documents])
    folds = [by_group[one.group] for one in documents]
    fields: dict[str, tuple[FieldWeights, ...]] = {}
    report = {}
    for field in FIELD_KINDS:
        rows: dict[int, Example] = {}
        for index, one in enumerate(documents):
            if field in one.label.labelled_fields:
                truth, groups = truth_keys(one.label, field), groups_of(field, one.given)
                rows[index] = groups, [group.key in truth for group in groups]
        if len(rows) < FEWEST:
            continue
        without = [*range(FOLDS), None]
        learned = [fit([row for index, row in rows.items() if folds[index] != fold], members) for fold in without]
        if any(one is None for one in learned):
            continue
        weights = tuple(one for one in learned if one is not None)
        fields[field] = weights
        report[field] = _report(rows, folds, weights, members)
    return Weights(
        members=tuple(members),
        training=training,
        documents=len(documents),
        fold_of={one.document_id: fold for one, fold in zip(documents, folds, strict=True)},
        fields=fields,
        report=report,
    )


def _report(
    rows: Mapping[int, Example], folds: Sequence[int], weights: Sequence[FieldWeights], members: Sequence[str]
) -> dict[str, int | dict[str, int]]:
    """How many documents the ensemble has right out of fold, and each member."""
    right = 0
    of_member = dict.fromkeys(members, 0)
    for index, (groups, flags) in rows.items():
        if groups:
            shares = weights[folds[index]].shares(groups)
            right += flags[max(range(len(groups)), key=shares.__getitem__)]
        for group, flag in zip(groups, flags, strict=True):
            for vote in group.votes:
                of_member[vote.member] += flag
    return {"documents": len(rows), "right": right, "members": of_member}
