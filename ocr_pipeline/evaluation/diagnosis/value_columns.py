"""The values of one backend on one data set as columns, so that confidences are computed by array arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ocr_pipeline.evaluation.diagnosis.confidence import Value
    from ocr_pipeline.evaluation.statistics.calibration import Bools, Floats, Integers

UNKNOWN = -1
"""`correct` of a value that is not labelled."""


@dataclass(frozen=True, eq=False)
class ValueColumns:
    """One entry per value in each column, see `Value`.

    Attributes:
        given: whether there is a value, or the statement that there is none.
        correct: 1, 0 or `UNKNOWN`.
        features: by name; NaN where it is unknown.
    """

    documents: Sequence[str]
    groups: Sequence[str]
    fields: Sequence[str]
    given: "Bools"
    correct: "NDArray[np.int8]"
    features: "Mapping[str, Floats]"

    @classmethod
    def of(cls, values: "Sequence[Value]") -> "ValueColumns":
        """The same values as columns."""
        import numpy as np

        names = sorted({name for value in values for name in value.features})
        known = [UNKNOWN if value.correct is None else int(value.correct) for value in values]
        return cls(
            documents=[value.document_id for value in values],
            groups=[value.group for value in values],
            fields=[value.field for value in values],
            given=np.array([value.prediction is not None for value in values], dtype=bool),
            correct=np.array(known, dtype=np.int8),
            features={
                name: np.array([value.features.get(name, np.nan) for value in values], dtype=np.float64)
                for name in names
            },
        )

    def __len__(self) -> int:
        return len(self.documents)

    def feature(self, name: str) -> "Floats":
        """A feature of every value, NaN where it is unknown."""
        import numpy as np

        return self.features[name] if name in self.features else np.full(len(self), np.nan)

    def matrix(self, rows: "Integers", fields: Sequence[str]) -> "Floats":
        """One row per chosen value: the evidence, which of it is unknown, and the field. Unknown evidence counts as 0."""
        import numpy as np

        chosen = [column[rows] for _, column in sorted(self.features.items())]
        chosen = [column for column in chosen if not np.isnan(column).all()]
        position = {name: number for number, name in enumerate(fields)}
        matrix = np.zeros((len(rows), 2 * len(chosen) + len(fields)))
        for number, column in enumerate(chosen):
            unknown = np.isnan(column)
            matrix[:, number] = np.where(unknown, 0.0, column)
            matrix[:, len(chosen) + number] = unknown
        of_field = np.array([position[self.fields[row]] for row in rows.tolist()], dtype=np.intp)
        matrix[np.arange(len(rows)), 2 * len(chosen) + of_field] = 1.0
        return matrix


def numbered(names: Sequence[str]) -> "tuple[list[str], NDArray[np.intp]]":
    """The distinct names in the order in which they come, and the number of each entry's."""
    import numpy as np

    number: dict[str, int] = {}
    codes = [number.setdefault(name, len(number)) for name in names]
    return list(number), np.array(codes, dtype=np.intp)
