"""Evaluations over time: what is kept of each one, and whether a backend got worse.

Of every evaluation the outcome of each value is kept, one letter a value, so that any of them can be the baseline of a paired
test later.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ocr_pipeline.evaluation.ranking.leaderboard import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.outcomes import CODES, LETTERS, Outcomes, from_letters, to_letters
from ocr_pipeline.evaluation.ranking.pairwise import Comparison, compare_backends
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1
from ocr_pipeline.evaluation.statistics.significance import ALPHA

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One backend on one data set, and what it was made from."""

    dataset: str
    backend: str
    documents: tuple[str, ...]
    """The labelled documents that the backend was run on, sorted."""
    label_sha256: tuple[str, ...]
    """Of the label of each."""
    outcomes: Mapping[str, str]
    """By field: a letter per document, see `LETTERS`."""
    fingerprints: tuple[str, ...]
    label_version: str
    scoring_version: int
    rules: str
    """Fingerprint of the rules of `evaluation.yaml`."""

    @cached_property
    def documents_hash(self) -> str:
        """Changes when a document comes or goes."""
        return _hash(self.documents)

    @cached_property
    def set_id(self) -> str:
        """Changes when a document comes or goes, or its label changes."""
        return _hash([self.documents, self.label_sha256])

    @cached_property
    def content(self) -> str:
        """Two evaluations with equal content say the same thing about the same thing."""
        parts = [self.set_id, sorted(self.outcomes.items()), self.fingerprints, self.label_version]
        return _hash([self.dataset, self.backend, *parts, self.scoring_version, self.rules])

    def rows(self, evaluated_at: str, run_id: str | None) -> list[Row]:
        """The rows of `evaluation_history`, all fields together first."""
        import numpy as np

        codes = {field: from_letters(letters) for field, letters in self.outcomes.items()}
        stacked = np.stack(list(codes.values()), axis=1)
        counts = Outcomes(self.dataset, (self.backend,), self.documents, tuple(codes), stacked[None]).counts()[0]
        common = {
            "evaluation_id": _hash([self.content, evaluated_at]),
            "evaluated_at": evaluated_at,
            "run_id": run_id,
            "dataset": self.dataset,
            "backend": self.backend,
            "fingerprints": self.fingerprints,
            "label_version": self.label_version,
            "scoring_version": self.scoring_version,
            "rules": self.rules,
            "documents_hash": self.documents_hash,
            "set_id": self.set_id,
            "content": self.content,
        }
        rows = []
        for number, field in enumerate((ALL_FIELDS, *codes)):
            own = counts.sum(axis=1, dtype=np.int64) if field == ALL_FIELDS else counts[:, number - 1].astype(np.int64)
            there = stacked if field == ALL_FIELDS else stacked[:, number - 1 : number]
            correct, predicted, labelled = (int(total) for total in own.sum(axis=0))
            interval = bootstrap_f1(own)
            rows.append(
                {
                    **common,
                    "field": field,
                    "documents": int(np.any(there > 0, axis=1).sum()),
                    "n": labelled,
                    **{outcome: int((there == code).sum()) for outcome, code in CODES.items()},
                    "f1": 2 * correct / (predicted + labelled) if predicted + labelled else None,
                    "f1_low": interval[0] if interval else None,
                    "f1_high": interval[1] if interval else None,
                    "outcomes": self.outcomes.get(field),
                }
            )
        return rows


def evaluations(
    outcomes: Outcomes,
    label_sha256: Mapping[str, str],
    fingerprints: Mapping[tuple[str, str], str],
    label_version: str,
    scoring_version: int,
    rules: str,
) -> list[Evaluation]:
    """The evaluation of every backend of a data set.

    Args:
        label_sha256: by document.
        fingerprints: of all stages that led to a result, by (backend, document).
        rules: the fingerprint of the scoring rules.
    """
    import numpy as np

    ran = outcomes.ran()
    found = []
    for index, backend in enumerate(outcomes.backends):
        part = outcomes.only(ran[index])
        codes = part.codes[index]
        of_backend = {fingerprints[backend, document] for document in part.documents}
        found.append(
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
            )
        )
    return found


def evaluation_of(rows: Iterable[Mapping[str, Any]], documents: Mapping[str, Any]) -> Evaluation:
    """An evaluation from its rows of `evaluation_history` and its row of `evaluation_documents`."""
    rows = list(rows)
    return Evaluation(
        dataset=rows[0]["dataset"],
        backend=rows[0]["backend"],
        documents=tuple(documents["document_ids"]),
        label_sha256=tuple(documents["label_sha256"]),
        outcomes={row["field"]: row["outcomes"] for row in rows if row["outcomes"] is not None},
        fingerprints=tuple(rows[0]["fingerprints"]),
        label_version=rows[0]["label_version"],
        scoring_version=rows[0]["scoring_version"],
        rules=rows[0]["rules"],
    )


def against_baseline(now: Evaluation, baseline: Evaluation, *, seed: int = 0) -> list[Comparison]:
    """Now (A) against the baseline (B), on the documents of both whose label is the same; empty where there are none.

    Per field McNemar, over all fields the randomization test, corrected by Holm as in `compare_backends`. Also empty where the
    two were scored by different rules: a difference would say nothing about the backend.
    """
    import numpy as np

    if (now.scoring_version, now.rules) != (baseline.scoring_version, baseline.rules):
        return []
    before = dict(zip(baseline.documents, baseline.label_sha256, strict=True))
    labels = dict(zip(now.documents, now.label_sha256, strict=True))
    common = tuple(document for document in now.documents if before.get(document) == labels[document])
    fields = tuple(field for field in now.outcomes if field in baseline.outcomes)
    if not common or not fields:
        return []
    chosen = set(common)
    codes = np.zeros((2, len(common), len(fields)), np.int8)
    for row, evaluation in enumerate((now, baseline)):
        kept = np.array([document in chosen for document in evaluation.documents])
        for column, field in enumerate(fields):
            codes[row, :, column] = from_letters(evaluation.outcomes[field])[kept]
    return compare_backends(Outcomes(now.dataset, ("now", "the baseline"), common, fields, codes), seed=seed)


def lost_documents(now: Evaluation, baseline: Evaluation, field: str) -> list[str]:
    """The documents whose value of `field` was right in the baseline and is not now, of those whose label is the same.

    For all fields together: those that lost a value in any field.
    """
    before = dict(zip(baseline.documents, baseline.label_sha256, strict=True))
    places = {document: index for index, document in enumerate(baseline.documents)}
    fields = [one for one in now.outcomes if one in baseline.outcomes and field in (one, ALL_FIELDS)]
    return [
        document
        for index, document in enumerate(now.documents)
        if before.get(document) == now.label_sha256[index]
        and any(
            baseline.outcomes[one][places[document]] in _RIGHT and now.outcomes[one][index] not in {*_RIGHT, LETTERS[0]}
            for one in fields
        )
    ]


_RIGHT = {LETTERS[CODES["correct"]], LETTERS[CODES["both_empty"]]}


def regressions(comparisons: Sequence[Comparison], *, alpha: float = ALPHA, min_drop: float = 0.0) -> list[Comparison]:
    """Of the comparisons with a baseline, the fields that got worse by at least `min_drop` of F1, and not by luck."""
    return [
        row
        for row in comparisons
        if row.difference is not None and row.difference < 0 and -row.difference >= min_drop and row.p_holm < alpha
    ]


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
