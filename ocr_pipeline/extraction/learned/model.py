"""The file of a trained model: JSON, one per engine, with LightGBM's text format inside. It holds no code."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from ocr_pipeline.extraction.learned.known import Known
from ocr_pipeline.extraction.learned.ranker import Ranker
from ocr_pipeline.extraction.learned.rows import RowModel
from ocr_pipeline.extraction.learned.vendors import is_known

SCHEMA = 7
"""Version of the features and of this file: a model of another version is not used."""

Curve = tuple[tuple[float, ...], tuple[float, ...]]
"""Scores, rising, and the share of right values at each."""

By = Literal["document", "vendor"]
"""How labelled documents are dealt to folds: copies of a document together, or all documents of a vendor."""


class CurvePoint(TypedDict):
    """Right values of `n` with this many labels."""

    labels: int
    right: int
    n: int


class CalibrationBin(TypedDict):
    """Values of similar confidence, and how many of them are right."""

    confidence: float
    right: int
    n: int


class Acceptance(TypedDict):
    """Of `n` labelled values, those that could be accepted without review, and how many of these are wrong."""

    n: int
    accepted: int
    wrong: int


class FieldReport(TypedDict):
    """What cross-validation says about a field: shares of right values, None without values. `possible`: the right value is
    among the candidates; `importance`: shares of the gain by feature, highest first."""

    documents: int
    possible: float | None
    rules: float | None
    by_vendor: float | None
    by_document: float | None
    importance: dict[str, float]
    curve: list[CurvePoint]
    calibration: list[CalibrationBin]
    accepted: Acceptance


class Split(BaseModel):
    """What was learned about one field without each fold.

    `folds`: one ranker per fold, trained on the others, with the `names` of its features and the number of training
    `documents`. `thresholds`: below this score no value is given; `curves`: from score to the share of right values
    (isotonic); `labelled`: the texts of labels with their counts. These three have one entry per fold, learned without it,
    and a last one of all documents. Thresholds and curves are by country (`region` of the rules' lexicon) if it has enough
    labels, because scores do not compare between countries; curves have one for all other documents under "".
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    folds: tuple[tuple[str, ...], ...]
    names: tuple[tuple[str, ...], ...]
    documents: tuple[int, ...]
    thresholds: dict[str, tuple[float | None, ...]]
    curves: dict[str, tuple[Curve, ...]]
    field: str
    labelled: tuple[dict[str, tuple[str, int]], ...]

    @cached_property
    def rankers(self) -> Sequence[Ranker]:
        """One per fold, trained on the others."""
        return [Ranker(*parts) for parts in zip(self.names, self.folds, self.documents, strict=True)]

    def threshold(self, fold: int | None, region: str) -> float | None:
        """The score below which no value is given, chosen without this fold; None with too few labels: the rules decide."""
        folds = self.thresholds.get(region)
        return folds[-1 if fold is None else fold] if folds else None

    @cached_property
    def _known(self) -> Sequence[Known]:
        return [Known(self.field, texts) for texts in self.labelled]

    def known(self, fold: int | None) -> Known:
        """What the labels outside this fold say; None: all labels."""
        return self._known[-1 if fold is None else fold]

    def lexicon(self, fold: int | None) -> Mapping[str, str]:
        """The entries learned without this fold; None: from all labels."""
        return self.known(fold).lexicon

    def confidence(self, score: float, fold: int | None, region: str) -> float:
        """The share of right values at this score, on documents outside this fold."""
        import numpy as np

        folds = self.curves.get(region, self.curves[""])
        return float(np.interp(score, *folds[-1 if fold is None else fold]))


class FieldModel(BaseModel):
    """What was learned about one field: `whole` is the ranker trained on all documents, `splits` hold those per fold.

    `trust`: how far the rankers count (0..1) on vendors with labels, by cross-validation by document; `trust_unseen`: on
    vendors without a label, by cross-validation by vendor. At 0 the rules choose."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    names: tuple[str, ...]
    whole: tuple[str, ...]
    documents: int
    trust: float
    trust_unseen: float
    splits: dict[By, Split]
    report: FieldReport

    @cached_property
    def ranker(self) -> Ranker:
        """The ranker trained on all documents."""
        return Ranker(self.names, self.whole, self.documents)


class RowModels(BaseModel):
    """What was learned about rows of line items of one kind of document: by kind of split one model per fold, trained on the
    others (None if there was nothing to learn), and `whole`. `report`: documents, rows found, spurious ones among them
    (stored as `invented`), and rows dropped out of fold: `dropped_invented`, `dropped_items`.
    """

    model_config = ConfigDict(frozen=True)

    splits: dict[By, tuple[RowModel | None, ...]]
    whole: RowModel
    report: dict[str, int]

    def of(self, fold: int | None, by: By) -> RowModel | None:
        """The model trained without this fold; None: on all documents."""
        return self.whole if fold is None else self.splits[by][fold]


class Model(BaseModel):
    """All fields of an engine. `fold_of`: the fold of every training document, by kind of split. `training`: hash of all that
    went in; another hash means another model. `rows`: by kind of document (`kind_of`). `too_few`: usable labels of the
    fields that were not trained. `right`: by field and document, whether the value is right out of fold.

    `vendors`: names in the labels, and `regions`: countries with enough labels, each without every fold in turn and last of
    all documents."""

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
    vendors: dict[By, tuple[tuple[str, ...], ...]]
    regions: dict[By, tuple[tuple[str, ...], ...]]

    def covers_region(self, region: str, fold: int | None, by: By) -> bool:
        """Whether documents of this country were learned from."""
        return region in self.regions[by][-1 if fold is None else fold]

    def covers_vendor(self, lines: Sequence[str], fold: int | None, by: By) -> bool:
        """Whether a printed line is the name of a vendor that was learned from."""
        return is_known(lines, self.vendors[by][-1 if fold is None else fold])

    def save(self, path: Path) -> None:
        """Write the file atomically."""
        from ocr_pipeline.store import write_durably

        write_durably(path, self.model_dump_json())


def load_model(path: Path | None) -> tuple[Model | None, str | None]:
    """The model and the fingerprint of its file; (None, None) without a file or with one of another schema."""
    if path is None or not path.is_file():
        return None, None
    content = path.read_bytes()
    try:
        model = Model.model_validate_json(content)
    except ValidationError:
        return None, None
    return (model, sha256(content).hexdigest()[:16]) if model.model_schema == SCHEMA else (None, None)
