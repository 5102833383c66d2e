"""A trained model as it is kept: one JSON file for an engine, LightGBM's text format inside. Nothing in it is code."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ocr_pipeline.extraction.learned.ranker import Ranker
from ocr_pipeline.extraction.learned.rows import RowModel

SCHEMA = 5
"""Of the facts and of this file: a model of another schema is not used."""


Curve = tuple[tuple[float, ...], tuple[float, ...]]
"""Scores, rising, and the share that is right at each."""


By = Literal["document", "vendor"]
"""How labelled documents are dealt to folds: copies of a document together, or all documents of a vendor."""


class Split(BaseModel):
    """What was learned about one field without each fold.

    `folds`: the rankers that have not seen the documents of that fold, with the `names` of their facts and the number of
    `documents` that they have learned from. `thresholds`: below this score no value is given; `curves`: from a score to the
    share that is right (isotonic); `lexicons`: names that labels had twice, by their letters and digits. Of these three one
    per fold, which has not seen it either, and the last of all documents. Thresholds and curves are by country (`region` of
    the rules' lexicon), where that had enough labels: what a score is worth in one says little about another. Curves have
    one more for all others, under "".
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    folds: tuple[tuple[str, ...], ...]
    names: tuple[tuple[str, ...], ...]
    documents: tuple[int, ...]
    thresholds: dict[str, tuple[float | None, ...]]
    curves: dict[str, tuple[Curve, ...]]
    lexicons: tuple[dict[str, str], ...]

    @cached_property
    def rankers(self) -> Sequence[Ranker]:
        """One per fold, which has not seen it."""
        return [Ranker(*parts) for parts in zip(self.names, self.folds, self.documents, strict=True)]

    def threshold(self, fold: int | None, region: str) -> float | None:
        """The score below which no value is given, chosen without this fold; None where too few labels could tell: then the
        rules decide."""
        folds = self.thresholds.get(region)
        return folds[-1 if fold is None else fold] if folds else None

    def lexicon(self, fold: int | None) -> Mapping[str, str]:
        """The names that labels outside of this fold have taught; for None those of all."""
        return self.lexicons[-1 if fold is None else fold]

    def confidence(self, score: float, fold: int | None, region: str) -> float:
        """The share of values with such a score that were right, on documents outside of this fold."""
        import numpy as np

        folds = self.curves.get(region, self.curves[""])
        return float(np.interp(score, *folds[-1 if fold is None else fold]))


class FieldModel(BaseModel):
    """What was learned about one field: `whole` is the ranker that has seen all documents, `splits` have those that have not.
    `report`: what cross-validation says."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    names: tuple[str, ...]
    whole: tuple[str, ...]
    documents: int
    splits: dict[By, Split]
    report: dict[str, Any]

    @cached_property
    def ranker(self) -> Ranker:
        """The one that has seen everything."""
        return Ranker(self.names, self.whole, self.documents)


class RowModels(BaseModel):
    """What was learned about rows of line items of one kind of document: by kind of split one model per fold, which has not
    seen it (None where there was nothing to learn), and `whole`. `report`: documents, rows that were found, those `invented`
    among them, and what was dropped out of fold: `dropped_invented`, `dropped_items`.
    """

    model_config = ConfigDict(frozen=True)

    splits: dict[By, tuple[RowModel | None, ...]]
    whole: RowModel
    report: dict[str, int]

    def of(self, fold: int | None, by: By) -> RowModel | None:
        """The one that has not seen a fold; for None the one that has seen everything."""
        return self.whole if fold is None else self.splits[by][fold]


class Model(BaseModel):
    """All fields of an engine. `fold_of` has the fold of every document that was learned from, by kind of split. `training` is
    the hash of everything that went in: another one means another model. `rows`: by kind of document, `kind_of`."""

    model_config = ConfigDict(frozen=True)

    model_schema: int = SCHEMA
    engine: str
    training: str
    label_version: str
    trained_at: datetime
    documents: int
    fold_of: dict[By, dict[str, int]]
    fields: dict[str, FieldModel]
    rows: dict[str, RowModels]
    too_few: dict[str, int]
    right: dict[str, dict[str, bool]]

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        from ocr_pipeline.store import write_durably

        write_durably(path, self.model_dump_json())


def load_model(path: Path | None) -> tuple[Model | None, str | None]:
    """The model and the fingerprint of its file; nothing where there is none, or one of another schema."""
    if path is None or not path.is_file():
        return None, None
    content = path.read_bytes()
    try:
        model = Model.model_validate_json(content)
    except ValidationError:
        return None, None
    return (model, sha256(content).hexdigest()[:16]) if model.model_schema == SCHEMA else (None, None)
