"""Scores as columns of numbers instead of an object per score: 5 million scores take 250 MB."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from ocr_pipeline.evaluation.statistics.counts import Outcome, PrintedReads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Positions = NDArray[np.integer[Any]]

CODES: dict[str, int] = {outcome: code for code, outcome in enumerate(get_args(Outcome), 1)}
"""An outcome as a number. 0: the backend was not run on the document, or the label does not mention the field."""

READS: dict[str, int] = {reads: code for code, reads in enumerate(get_args(PrintedReads), 1)}
"""What a printed date reads as, as a number. 0: there is none."""

FLAGS = ("within_0_01", "within_0_05", "within_1_percent", "anls_match")
NAMED = ("dataset", "document_id", "backend", "field")
"""Columns of texts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreColumns:
    """Scores as columns of equal length, by the names of the table `field_scores`.

    Attributes:
        columns: of `NAMED`, the position of each row's text among `names`; outcomes as `CODES`, under each set of rules that
            was asked for; `printed_reads` as `READS`; similarities and `FLAGS` (0 or 1), NaN where they do not apply.
        names: the distinct texts of each of `NAMED`, sorted.
        metrics: the project's own, of the rows that have some.
    """

    columns: Mapping[str, "Array"] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    metrics: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["field"]) if self.columns else 0

    def __getitem__(self, name: str) -> "Array":
        import numpy as np

        return self.columns[name] if self.columns else np.zeros(0, np.int8)

    def only(self, rows: "Positions") -> "ScoreColumns":
        """The rows at these positions, in this order."""
        metrics = (
            {n: self.metrics[row] for n, row in enumerate(rows.tolist()) if row in self.metrics} if self.metrics else {}
        )
        columns = {name: column[rows] for name, column in self.columns.items()}
        return ScoreColumns(columns=columns, names=self.names, metrics=metrics)

    def by(self, *names: str) -> Iterator[tuple[tuple[str, ...], "ScoreColumns"]]:
        """Groups of rows with the same texts in these columns, by their order; rows keep theirs."""
        import numpy as np

        if not len(self):
            return
        key = np.zeros(len(self), np.int64)
        for name in names:
            key = key * len(self.names[name]) + self[name]
        order = np.argsort(key, kind="stable")
        bounds = np.flatnonzero(np.diff(key[order])) + 1
        for rows in np.split(order, bounds):
            yield tuple(self.names[name][self[name][rows[0]]] for name in names), self.only(rows)

    def used(self, name: str) -> list[str]:
        """The texts that are in a column of `NAMED`."""
        import numpy as np

        return [self.names[name][number] for number in np.unique(self[name])]

    def repeated(self) -> Mapping[tuple[str, str], int]:
        """(document, field) that are there more than once, of one backend, and how many times."""
        import numpy as np

        pairs = np.stack([self["document_id"], self["field"]], axis=1)
        if len(np.unique(pairs, axis=0)) == len(pairs):
            return {}
        documents, fields = self.names["document_id"], self.names["field"]
        return Counter((documents[document], fields[field]) for document, field in pairs.tolist())
