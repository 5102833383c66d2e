"""The outcomes of a data set as one array, so that backends are compared by array arithmetic instead of loops over rows.

10,000 documents, 5 backends and 10 fields take half a megabyte.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from ocr_pipeline.evaluation.statistics.counts import RIGHT, Counts, Outcome, part_table
from ocr_pipeline.schemas import FIELD_KINDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.int8]
    Flags = NDArray[np.bool_]

ALL_FIELDS = "all_fields"
"""The `field` of the row that counts the single values of all fields together (micro average)."""

CODES: dict[str, int] = {outcome: code for code, outcome in enumerate(get_args(Outcome), 1)}
"""An outcome as a number. 0: the backend was not run on the document, or the label does not mention the field."""

LETTERS = "-cwimb"
"""The same as letters, for storage: c(orrect), w(rong), i: spurious, m(issing), b(oth empty). They enter hashes."""

Columns = Mapping[str, Sequence[Any]]
"""Columns of equal length by name, as arrays or lists."""


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


def outcomes_by_dataset(columns: Columns, outcome: str) -> list[Outcomes]:
    """Build one `Outcomes` per data set, sorted by name; backends and documents sorted, fields in display order.

    Args:
        columns: one entry per scored field: `dataset`, `document_id`, `backend`, `field`, and outcomes.
        outcome: the column with the outcomes to use; there is one per set of rules.
    """
    import numpy as np

    if not columns or not len(columns["dataset"]):
        return []
    datasets = _Index(columns["dataset"])
    backends, documents = _Index(columns["backend"]), _Index(columns["document_id"])
    fields = _Index(columns["field"], list(FIELD_KINDS))
    codes = np.fromiter((CODES[value] for value in columns[outcome]), np.int8, len(columns[outcome]))
    cubes = []
    for number, dataset in enumerate(datasets.names):
        here = datasets.positions == number
        first, second, third = (_Part(index, here) for index in (backends, documents, fields))
        cube = np.zeros((len(first.names), len(second.names), len(third.names)), np.int8)
        cube[first.positions, second.positions, third.positions] = codes[here]
        cubes.append(Outcomes(dataset, first.names, second.names, third.names, cube))
    return cubes


class _Index:
    """The distinct values of a column in order, and the position of each entry's value among them."""

    def __init__(self, values: Sequence[Any], first: Iterable[str] = ()) -> None:
        import numpy as np

        present = set(values)
        front = [name for name in first if name in present]
        self.names = (*front, *sorted(present.difference(front)))
        position = {name: number for number, name in enumerate(self.names)}
        self.positions = np.fromiter((position[value] for value in values), np.intp, len(values))


class _Part:
    """An index restricted to some entries, without the values that none of them has."""

    def __init__(self, index: _Index, entries: "Flags") -> None:
        import numpy as np

        kept, self.positions = np.unique(index.positions[entries], return_inverse=True)
        self.names = tuple(index.names[number] for number in kept)


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
