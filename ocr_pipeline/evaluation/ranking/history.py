"""Evaluations over time: what is kept of each, and whether a backend got worse.

Every evaluation keeps the outcome of each value, one letter per value, so that any evaluation can later be the baseline of a
paired test.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.ranking.columns import CODES
from ocr_pipeline.evaluation.ranking.outcomes import (
    ALL_FIELDS,
    LETTERS,
    Outcomes,
    counts_of,
    from_letters,
    to_letters,
)
from ocr_pipeline.evaluation.ranking.pairwise import Comparison, compare_backends
from ocr_pipeline.evaluation.statistics.counts import RIGHT
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1
from ocr_pipeline.evaluation.statistics.rates import high, low
from ocr_pipeline.evaluation.statistics.significance import ALPHA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ocr_pipeline.evaluation.ranking.outcomes import Codes


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One backend on one data set, and what it was made from."""

    dataset: str
    backend: str
    documents: tuple[str, ...]
    """Labelled documents that the backend was run on, sorted."""
    label_sha256: tuple[str, ...]
    """Hash of the label of each document."""
    outcomes: Mapping[str, str]
    """By field: one letter per document, see `LETTERS`."""
    fingerprints: tuple[str, ...]
    label_version: str
    scoring_version: int
    rules: str
    """Fingerprint of the rules of `evaluation.yaml`."""
    testset: str = ""
    """The version of the test set that its documents are, `receipts@2`; empty: all labelled documents of the data set."""

    @cached_property
    def documents_hash(self) -> str:
        """Changes when a document is added or removed."""
        return _hash(self.documents)

    @cached_property
    def set_id(self) -> str:
        """Changes when a document is added or removed, or its label changes."""
        return _hash([self.documents, self.label_sha256])

    @cached_property
    def content(self) -> str:
        """Evaluations with equal content have the same inputs and results."""
        parts = [self.set_id, sorted(self.outcomes.items()), self.fingerprints, self.label_version]
        of_testset = [self.testset] if self.testset else []
        return _hash([self.dataset, self.backend, *parts, self.scoring_version, self.rules, *of_testset])

    def rows(self, evaluated_at: str, run_id: str | None) -> list["HistoryRow"]:
        """Make the rows of `evaluation_history`, all fields together first."""
        import numpy as np

        codes = {field: from_letters(letters) for field, letters in self.outcomes.items()}
        stacked = np.stack(list(codes.values()), axis=1)
        parts = Outcomes(self.dataset, (self.backend,), self.documents, tuple(codes), stacked[None]).counts()[0]
        rows = [self._row(ALL_FIELDS, stacked, parts, evaluated_at, run_id)]
        for number, field in enumerate(codes):
            of_field = slice(number, number + 1)
            rows.append(self._row(field, stacked[:, of_field], parts[:, of_field], evaluated_at, run_id))
        return rows

    def _row(
        self, field: str, codes: "Codes", parts: "NDArray[np.int8]", evaluated_at: str, run_id: str | None
    ) -> "HistoryRow":
        """`codes`: (documents, fields); `parts`: (documents, fields, 3)."""
        import numpy as np

        counts = counts_of(codes)
        interval = bootstrap_f1(parts.sum(axis=1, dtype=np.int64))
        return HistoryRow(
            evaluation_id=_hash([self.content, evaluated_at]),
            evaluated_at=evaluated_at,
            run_id=run_id,
            dataset=self.dataset,
            backend=self.backend,
            fingerprints=self.fingerprints,
            label_version=self.label_version,
            scoring_version=self.scoring_version,
            rules=self.rules,
            documents_hash=self.documents_hash,
            set_id=self.set_id,
            content=self.content,
            testset=self.testset,
            field=field,
            documents=int(np.any(codes > 0, axis=1).sum()),
            n=counts.labelled,
            **vars(counts),
            f1=counts.f1,
            f1_low=low(interval),
            f1_high=high(interval),
            outcomes=self.outcomes.get(field),
        )


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One field of one evaluation, without the outcomes. Columns as in the table `evaluation_history`."""

    evaluation_id: str
    evaluated_at: str | datetime
    run_id: str | None
    dataset: str
    backend: str
    field: str
    documents: int
    n: int
    correct: int
    wrong: int
    spurious: int
    missing: int
    both_empty: int
    f1: float | None
    f1_low: float | None
    f1_high: float | None
    fingerprints: Sequence[str]
    label_version: str
    scoring_version: int
    rules: str
    documents_hash: str
    set_id: str
    content: str
    testset: str = ""


@dataclass(frozen=True, kw_only=True)
class HistoryRow(HistoryEntry):
    """The same with the outcome of every document, as letters; None for all fields together."""

    outcomes: str | None


def evaluations(
    outcomes: Outcomes,
    label_sha256: Mapping[str, str],
    fingerprints: Mapping[tuple[str, str], str],
    label_version: str,
    scoring_version: int,
    rules: str,
    testset: str = "",
) -> list[Evaluation]:
    """Make the evaluation of every backend of a data set.

    Args:
        label_sha256: by document.
        fingerprints: of all stages that led to a result, by (backend, document).
        rules: the fingerprint of the scoring rules.
        testset: the version of the test set that the documents are.
    """
    import numpy as np

    ran = outcomes.ran()
    result = []
    for index, backend in enumerate(outcomes.backends):
        part = outcomes.only(ran[index])
        codes = part.codes[index]
        of_backend = {fingerprints[backend, document] for document in part.documents}
        result.append(
            Evaluation(
                dataset=outcomes.dataset,
                backend=backend,
                documents=part.documents,
                label_sha256=tuple(label_sha256[document] for document in part.documents),
                outcomes={
                    field: to_letters(codes[:, number])
                    for number, field in enumerate(part.fields)
                    if np.any(codes[:, number])
                },
                fingerprints=tuple(sorted(of_backend)),
                label_version=label_version,
                scoring_version=scoring_version,
                rules=rules,
                testset=testset,
            )
        )
    return result


def evaluation_of(rows: Sequence[HistoryRow], documents: Sequence[str], label_sha256: Sequence[str]) -> Evaluation:
    """Rebuild an evaluation from its rows and the documents of its row of `evaluation_documents`."""
    first = rows[0]
    return Evaluation(
        dataset=first.dataset,
        backend=first.backend,
        documents=tuple(documents),
        label_sha256=tuple(label_sha256),
        outcomes={row.field: row.outcomes for row in rows if row.outcomes is not None},
        fingerprints=tuple(first.fingerprints),
        label_version=first.label_version,
        scoring_version=first.scoring_version,
        rules=first.rules,
        testset=first.testset,
    )


def against_baseline(now: Evaluation, baseline: Evaluation, *, seed: int = 0) -> list[Comparison]:
    """Compare now (A) with the baseline (B), on the documents of both whose label is unchanged; empty without such documents.

    Per field McNemar, over all fields the randomization test, corrected by Holm over the fields. Also empty if the two were
    scored by different rules or on different versions of a test set: a difference would say nothing about the backend.
    """
    outcomes = _common_outcomes(now, baseline)
    return [] if outcomes is None else compare_backends(outcomes, seed=seed)


def is_same_as(now: Evaluation, baseline: Evaluation) -> bool:
    """Whether every value has the outcome that it has in the baseline, where they can be compared: then no test is needed to
    see that no field is worse."""
    outcomes = _common_outcomes(now, baseline)
    if outcomes is None or not outcomes.codes.any():
        return False
    return bool((outcomes.codes[0] == outcomes.codes[1]).all())


def _common_outcomes(now: Evaluation, baseline: Evaluation) -> Outcomes | None:
    """The outcomes of both on the documents whose label is unchanged; None if the two cannot be compared."""
    import numpy as np

    if (now.scoring_version, now.rules, now.testset) != (baseline.scoring_version, baseline.rules, baseline.testset):
        return None
    before = dict(zip(baseline.documents, baseline.label_sha256, strict=True))
    labels = dict(zip(now.documents, now.label_sha256, strict=True))
    common = tuple(document for document in now.documents if before.get(document) == labels[document])
    fields = tuple(field for field in now.outcomes if field in baseline.outcomes)
    if not common or not fields:
        return None
    chosen = set(common)
    codes = np.zeros((2, len(common), len(fields)), np.int8)
    for row, evaluation in enumerate((now, baseline)):
        kept = np.array([document in chosen for document in evaluation.documents])
        for column, field in enumerate(fields):
            codes[row, :, column] = from_letters(evaluation.outcomes[field])[kept]
    return Outcomes(now.dataset, ("now", "the baseline"), common, fields, codes)


def lost_documents(now: Evaluation, baseline: Evaluation, field: str) -> list[str]:
    """Find the documents with an unchanged label whose value of `field` was right in the baseline and is not right now.

    For all fields together: documents that lost a value in any field.
    """
    before = dict(zip(baseline.documents, baseline.label_sha256, strict=True))
    places = {document: index for index, document in enumerate(baseline.documents)}
    fields = [name for name in now.outcomes if name in baseline.outcomes and field in (name, ALL_FIELDS)]
    return [
        document
        for index, document in enumerate(now.documents)
        if before.get(document) == now.label_sha256[index]
        and any(
            baseline.outcomes[name][places[document]] in _RIGHT
            and now.outcomes[name][index] not in {*_RIGHT, LETTERS[0]}
            for name in fields
        )
    ]


_RIGHT = {LETTERS[CODES[outcome]] for outcome in RIGHT}


def regressions(comparisons: Sequence[Comparison], *, alpha: float = ALPHA, min_drop: float = 0.0) -> list[Comparison]:
    """Filter the comparisons with a baseline for fields that lost at least `min_drop` of F1 beyond luck."""
    return [
        row
        for row in comparisons
        if row.difference is not None and row.difference < 0 and -row.difference >= min_drop and row.p_fields < alpha
    ]


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
