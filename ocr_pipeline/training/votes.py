"""The weights of an ensemble: learned from the results of its members on labelled documents.

First, for each member, a rising curve from its own score to the share of its values that is right (isotonic regression).
Then a logistic regression over the votes for and against a value: two members that make the same mistakes, as two
extractors on one engine do, do not count twice. Documents of a vendor and copies share a fold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ocr_pipeline.evaluation.scoring.version import label_version
from ocr_pipeline.evaluation.statistics.calibration import isotonic
from ocr_pipeline.extraction.ensemble.votes import Group, groups_of
from ocr_pipeline.extraction.ensemble.weights import SCHEMA, FieldWeights, VoteReport, Weights
from ocr_pipeline.extraction.learned.model import Curve
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, Label
from ocr_pipeline.training.examples import LEFT_OUT, families, folds_of, truth_keys, vendor_of

VERSION = 2
MIN_DOCUMENTS = 30
"""Labelled documents needed for a field to have weights of its own; with fewer, each member has one vote."""

VoteExample = tuple[Sequence[Group], Sequence[bool]]
"""The values that members give in a document, and which of them are right."""


@dataclass(frozen=True)
class Voted:
    """A labelled document. `group`: that of its copies. `extractions`: by member, of those that have a result."""

    document_id: str
    group: str
    extractions: Mapping[str, Extraction]
    label: Label


def training_key(
    keys: Mapping[str, Mapping[str, str]], labels: Mapping[str, Label], groups: Mapping[str, str], options: str = ""
) -> str:
    """A hash of everything that goes into weights. `keys`: of the results, by document and member; `groups` of copies."""
    parts = [f"{VERSION} {SCHEMA}", label_version(labels)]
    parts += [f"{document} {sorted(results.items())}" for document, results in sorted(keys.items())]
    parts += [f"{document} {group}" for document, group in sorted(groups.items())]
    parts += [options] if options else []
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def learn_weights(documents: Sequence[Voted], members: Sequence[str], training: str) -> Weights:
    """Learn the weights of every field that has enough labels."""
    folds = folds_of(families([(vendor_of(document.label, document.group), document.group) for document in documents]))
    fields: dict[str, tuple[FieldWeights, ...]] = {}
    report: dict[str, VoteReport] = {}
    for field in FIELD_KINDS:
        examples: dict[int, VoteExample] = {}
        for index, document in enumerate(documents):
            if field in document.label.labelled_fields:
                truth, groups = truth_keys(document.label, field), groups_of(field, document.extractions)
                examples[index] = groups, [group.key in truth for group in groups]
        if len(examples) < MIN_DOCUMENTS:
            continue
        learned = [
            fit([example for index, example in examples.items() if folds[index] != without], members)
            for without in LEFT_OUT
        ]
        weights = tuple(result for result in learned if result is not None)
        if len(weights) == len(learned):
            fields[field] = weights
            report[field] = _report(examples, folds, weights, members)
    return Weights(
        members=tuple(members),
        training=training,
        documents=len(documents),
        fold_of={document.document_id: fold for document, fold in zip(documents, folds, strict=True)},
        fields=fields,
        report=report,
    )


def _report(
    examples: Mapping[int, VoteExample], folds: Sequence[int], weights: Sequence[FieldWeights], members: Sequence[str]
) -> VoteReport:
    """In how many documents the ensemble is right out of fold, and each member."""
    right = 0
    of_member = dict.fromkeys(members, 0)
    for index, (groups, flags) in examples.items():
        if groups:
            shares = weights[folds[index]].shares(groups)
            right += flags[max(range(len(groups)), key=shares.__getitem__)]
        for group, flag in zip(groups, flags, strict=True):
            for vote in group.votes:
                of_member[vote.member] += flag
    return {"documents": len(examples), "right": right, "members": of_member}


def fit(examples: Sequence[VoteExample], members: Sequence[str]) -> FieldWeights | None:
    """Learn from documents; None if all values are right, or none is."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    flags = [flag for _, right in examples for flag in right]
    if len(set(flags)) < 2:
        return None
    unweighted = FieldWeights(curves=_curves(examples, members), weights={}, bias=0.0)
    rows = [_row(unweighted, groups, group, members) for groups, _ in examples for group in groups]
    model = LogisticRegression(C=1.0, max_iter=1000).fit(np.array(rows), flags)
    numbers = [float(number) for number in model.coef_[0]]
    pairs = zip(members, numbers[::2], numbers[1::2], strict=True)
    # a vote never speaks against its own value
    weights = {member: (max(0.0, pro), max(0.0, contra)) for member, pro, contra in pairs}
    return unweighted.model_copy(update={"weights": weights, "bias": float(model.intercept_[0])})


def _row(unweighted: FieldWeights, groups: Sequence[Group], group: Group, members: Sequence[str]) -> list[float]:
    """For each member the worth of its vote for the value of `group`, and of its vote for another one."""
    row = []
    for member in members:
        own = next((vote for vote in group.votes if vote.member == member), None)
        other = next((v for rival in groups if rival is not group for v in rival.votes if v.member == member), None)
        row += [
            unweighted.worth(member, own.score) if own else 0.0,
            -unweighted.worth(member, other.score) if other else 0.0,
        ]
    return row


def _curves(examples: Sequence[VoteExample], members: Sequence[str]) -> dict[str, Curve]:
    curves = {}
    for member in members:
        pairs = [
            (vote.score, flag)
            for groups, right in examples
            for group, flag in zip(groups, right, strict=True)
            for vote in group.votes
            if vote.member == member
        ]
        if pairs:
            curves[member] = isotonic([score for score, _ in pairs], [flag for _, flag in pairs])
    return curves
