"""Learning which rows of the item table are items, per kind of document (country and type)."""

from collections.abc import Mapping, Sequence

from ocr_pipeline.evaluation.scoring.line_items import entries_of, score_list
from ocr_pipeline.extraction.learned.model import By, RowModels
from ocr_pipeline.extraction.learned.rows import RowModel, kind_of, row_features
from ocr_pipeline.extraction.rules.candidates import Features
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.extraction.rules.fields import items
from ocr_pipeline.extraction.rules.parts import first_invoice
from ocr_pipeline.schemas import Invoice, Label
from ocr_pipeline.training.examples import FOLDS, Example

MIN_DOCUMENTS, MIN_SPURIOUS = 15, 5
"""Labelled documents of a kind with rows, and spurious rows among them, needed to learn it."""

Rows = tuple[Sequence[Features], Sequence[bool]]
"""The rows of a document, and whether each is an item."""


def learn_rows(examples: Sequence[Example], folds: Mapping[By, Sequence[int]]) -> dict[str, RowModels]:
    """Models of the rows, for each kind of document with enough labels."""
    kinds: dict[str, dict[int, Rows]] = {}
    for index, example in enumerate(examples):
        if not getattr(example.label.invoice, "line_items", ()):
            continue
        flags = right_rows(extract_text(example.text).invoice, example.label)
        if flags:
            reading = first_invoice(example.text).reading
            kinds.setdefault(kind_of(reading), {})[index] = row_features(items.find(reading), reading), flags
    models = {}
    for kind, documents in kinds.items():
        spurious = sum(flags.count(False) for _, flags in documents.values())
        if len(documents) >= MIN_DOCUMENTS and spurious >= MIN_SPURIOUS:
            model = _learn_kind(documents, folds)
            if model is not None:
                models[kind] = model
    return models


def _learn_kind(documents: Mapping[int, Rows], folds: Mapping[By, Sequence[int]]) -> RowModels | None:
    """None if the model drops at least as many items as spurious rows, out of fold."""

    def learn(without: int | None, of: Sequence[int]) -> RowModel | None:
        chosen = [rows for index, rows in documents.items() if of[index] != without]
        return fit([row for rows, _ in chosen for row in rows], [flag for _, flags in chosen for flag in flags])

    whole = learn(None, folds["document"])
    splits = {by: tuple(learn(fold, of) for fold in range(FOLDS)) for by, of in folds.items()}
    dropped = [
        flag
        for index, (rows, flags) in documents.items()
        if (model := splits["document"][folds["document"][index]])
        for flag, is_kept in zip(flags, model.kept(rows), strict=True)
        if not is_kept
    ]
    spurious, items_lost = dropped.count(False), dropped.count(True)
    if whole is None or spurious <= items_lost:
        return None
    return RowModels(
        splits=splits,
        whole=whole,
        report={
            "documents": len(documents),
            "rows": sum(len(flags) for _, flags in documents.values()),
            "invented": sum(flags.count(False) for _, flags in documents.values()),
            "dropped_invented": spurious,
            "dropped_items": items_lost,
        },
    )


def right_rows(extracted: Invoice, label: Label) -> list[bool] | None:
    """For each extracted row whether the label has it; None for a label without rows."""
    truth = entries_of(label.invoice, "line_items")
    if not truth:
        return None
    entries = entries_of(extracted, "line_items")
    scores = score_list("line_items", truth, entries)
    spurious = {row.prediction_position for row in scores if row.truth_position is None}
    return [index not in spurious for index in range(len(entries))]


def fit(rows: Sequence[Features], right: Sequence[bool]) -> RowModel | None:
    """Fit a logistic regression to labelled rows; None if all are items, or none is."""
    from sklearn.linear_model import LogisticRegression

    if len(set(right)) < 2:
        return None
    names = sorted({name for row in rows for name in row})
    table = [[row.get(name, 0.0) for name in names] for row in rows]
    model = LogisticRegression(C=1.0, max_iter=1000).fit(table, right)
    weights = {name: float(weight) for name, weight in zip(names, model.coef_[0], strict=True)}
    return RowModel(weights=weights, bias=float(model.intercept_[0]))
