"""The one definition of a current score, and how many scores of each backend are current or stale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.common import APPLICABLE

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.scoring.settings import Rules

_CAUSES = {
    "comparison rules": """s.rules IS DISTINCT FROM coalesce(
        list_extract($own_rules::VARCHAR[], list_position($own_schemas::VARCHAR[], l.schema_name)), $rules)""",
    "the scoring code": "s.scoring_version <> $scoring_version",
    "data sets": "d.dataset <> s.dataset",
    "labels": "l.label_sha256 IS DISTINCT FROM s.label_sha256",
    "results": """e.result_key IS DISTINCT FROM s.result_key
        OR e.extractor_fingerprint IS DISTINCT FROM s.extractor_fingerprint
        OR e.engine_fingerprint IS DISTINCT FROM s.engine_fingerprint""",
}
"""What makes a score (`s`) stale, by what changed since."""

COUNTED = f"""
    JOIN documents d ON d.document_id = s.document_id AND coalesce(d.reason, '') NOT IN ('missing_file', 'split')
    LEFT JOIN labels l ON l.document_id = s.document_id
    LEFT JOIN extractions e ON e.document_id = s.document_id AND e.backend = s.backend
    WHERE s.backend IN (SELECT unnest($backends)) AND {APPLICABLE}
"""
STALE = " OR ".join(f"({condition})" for condition in _CAUSES.values())
CURRENT = f"{COUNTED} AND NOT ({STALE})"

CURRENT_SCORES = f"field_scores s {CURRENT}"
"""SQL of the current scores (`s`): the only definition of current. Its parameters are `Scoring.parameters`."""


@dataclass(frozen=True)
class Scoring:
    """What a current score was made by: one of these backends, the rules with this fingerprint (`own`: of documents of other
    schemas, by schema), this version of the code."""

    backends: Sequence[str]
    rules: str
    version: int = SCORING_VERSION
    own: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def by(cls, backends: Sequence[str], rules: "Rules") -> "Scoring":
        """Of these backends, by these rules."""
        return cls(backends, rules.fingerprint, own=rules.own_fingerprints)

    @property
    def parameters(self) -> dict[str, object]:
        return {
            "backends": list(self.backends),
            "scoring_version": self.version,
            "rules": self.rules,
            "own_schemas": list(self.own),
            "own_rules": list(self.own.values()),
        }


@dataclass(frozen=True, kw_only=True)
class _Counts:
    current: int
    stale: int
    causes: Mapping[str, int]
    scored_at: datetime


@dataclass(frozen=True)
class ScoreStates:
    """How many scores of each data set and backend are current or stale."""

    counts: Mapping[tuple[str, str], _Counts]

    def is_current(self, dataset: str, *backends: str, computed_at: datetime | None = None) -> bool:
        """Whether what was computed from the scores of these backends is current: none of them has stale scores only, or
        scores that are younger. Without a backend: of any backend."""
        known = [
            counts
            for (of_dataset, backend), counts in self.counts.items()
            if of_dataset == dataset and (not backends or backend in backends)
        ]
        enough = all if backends else any
        return not known or enough(
            counts.current > 0 and (computed_at is None or computed_at >= counts.scored_at) for counts in known
        )

    def notice(self, dataset: str | None = None, *, outdated: bool = False) -> str | None:
        """How many scores are stale, why, and how to refresh them; None: all are current.

        Args:
            dataset: count the scores of this data set only.
            outdated: something else that was computed from scores is not current.
        """
        counts = [entry for (of_dataset, _), entry in self.counts.items() if dataset in (None, of_dataset)]
        stale = sum(entry.stale for entry in counts)
        if not stale:
            return "Scored since: these figures are stale; refresh with `ocr-pipeline run`." if outdated else None
        total = stale + sum(entry.current for entry in counts)
        causes = ", ".join(cause for cause in _CAUSES if any(entry.causes[cause] for entry in counts))
        verb = "is" if stale == 1 else "are"
        return f"{stale} of {total} scores {verb} stale ({causes} changed since); refresh with `ocr-pipeline run`."


def states(reader: Reader, scoring: Scoring) -> ScoreStates:
    """Count the current and the stale scores. Scores of deleted files and of backends not configured do not count."""
    return reader.once(("score_states", repr(scoring)), lambda: _states(reader, scoring))


def _states(reader: Reader, scoring: Scoring) -> ScoreStates:
    causes = ", ".join(f'count(*) FILTER ({condition}) AS "{cause}"' for cause, condition in _CAUSES.items())
    rows = reader.rows(
        f"""
        SELECT s.dataset, s.backend, count(*) AS total, max(s.scored_at) AS scored_at,
               count(*) FILTER ({STALE}) AS stale, {causes}
        FROM field_scores s {COUNTED} GROUP BY s.dataset, s.backend ORDER BY s.dataset, s.backend
        """,
        scoring.parameters,
    )
    return ScoreStates(
        {
            (row["dataset"], row["backend"]): _Counts(
                current=row["total"] - row["stale"],
                stale=row["stale"],
                causes={cause: row[cause] for cause in _CAUSES},
                scored_at=row["scored_at"],
            )
            for row in rows
        }
    )
