"""The outcomes of a data set as one array, so that backends are compared by array arithmetic instead of loops over rows.

10,000 documents, 5 backends and 10 fields take half a megabyte.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.ranking.columns import CODES, ScoreColumns
from ocr_pipeline.evaluation.statistics.counts import RIGHT, Counts, part_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.int8]
    Flags = NDArray[np.bool_]

ALL_FIELDS = "all_fields"
"""The `field` of the row that counts the single values of all fields together (micro average)."""

HEADLINE = "headline"
"""Name of the rules that scores are made by; other rules are stricter or more lenient."""

LETTERS = "-cwimb"
"""The same as letters, for storage: c(orrect), w(rong), i: spurious, m(issing), b(oth empty). They enter hashes."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """One data set. `codes` has the shape (backends, documents, fields)."""

    dataset: str
    backends: tuple[str, ...]
    documents: tuple[str, ...]
    fields: tuple[str, ...]
    codes: "Codes"

    def ran(self) -> "Flags":
        """(backends, documents): whether the backend was run on the document, successfully or not."""
        import numpy as np

        ran: Flags = np.any(self.codes > 0, axis=2)
        return ran

    def right(self) -> "Flags":
        """(backends, documents, fields): correct, or rightly left empty."""
        import numpy as np

        return np.isin(self.codes, [CODES[outcome] for outcome in RIGHT])

    def counts(self) -> "NDArray[np.int8]":
        """(backends, documents, fields, 3), see `counts.PARTS`."""
        return part_table()[self.codes]

    def only(self, documents: "Flags") -> "Outcomes":
        """Select documents by one flag each."""
        import numpy as np

        kept = tuple(self.documents[index] for index in np.flatnonzero(documents))
        return Outcomes(self.dataset, self.backends, kept, self.fields, self.codes[:, documents, :])


def outcomes_by_dataset(columns: ScoreColumns, outcome: str) -> list[Outcomes]:
    """Build one `Outcomes` per data set, sorted by name; backends and documents sorted, fields in display order.

    `outcome`: the column with the outcomes to use; there is one per set of rules.
    """
    import numpy as np

    cubes = []
    for (dataset,), part in columns.by("dataset"):
        backends, first = _used(part, "backend")
        documents, second = _used(part, "document_id")
        fields, third = _used(part, "field")
        order = _display_order(fields)
        cube = np.zeros((len(backends), len(documents), len(fields)), np.int8)
        cube[first, second, np.argsort(order)[third]] = part[outcome]
        cubes.append(Outcomes(dataset, backends, documents, tuple(fields[number] for number in order), cube))
    return cubes


def _used(columns: ScoreColumns, name: str) -> "tuple[tuple[str, ...], NDArray[np.intp]]":
    """The texts that are in a column, and the position of each row's among them."""
    import numpy as np

    present, positions = np.unique(columns[name], return_inverse=True)
    return tuple(columns.names[name][number] for number in present), positions


def _display_order(fields: Sequence[str]) -> list[int]:
    from ocr_pipeline.document_fields import FIELD_KINDS

    rank = {name: number for number, name in enumerate(FIELD_KINDS)}
    return sorted(range(len(fields)), key=lambda number: (rank.get(fields[number], len(rank)), fields[number]))


def counts_of(codes: "Codes") -> Counts:
    """Count the outcomes of an array of codes of any shape."""
    import numpy as np

    return Counts(*np.bincount(codes.ravel(), minlength=len(CODES) + 1)[1:].tolist())


def to_letters(codes: "Codes") -> str:
    """Encode the outcomes of one backend and field as one letter per document."""
    import numpy as np

    return np.frombuffer(LETTERS.encode(), np.uint8)[codes].tobytes().decode()


def from_letters(letters: str) -> "Codes":
    """Decode what `to_letters` encoded."""
    import numpy as np

    table = np.zeros(128, np.int8)
    for code, letter in enumerate(LETTERS):
        table[ord(letter)] = code
    return table[np.frombuffer(letters.encode(), np.uint8)]
