"""Which backend reads best, in one sentence."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS, HEADLINE
from ocr_pipeline.inspection.repeats import Spreads
from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow
from ocr_pipeline.warehouse.tables.ranking import BoardRow, FieldRow

MIN_VALUES = 30
"""Labelled values below which nobody is called the best, and no backend Pareto-optimal: with fewer, one value moves F1 by
more than 3 points."""


@dataclass(frozen=True, kw_only=True)
class _Entry:
    board: BoardRow
    total: FieldRow

    @property
    def name(self) -> str:
        return self.board.backend

    @property
    def f1(self) -> float:
        return self.total.f1 or 0.0


def answer(
    dataset: str,
    boards: Sequence[BoardRow],
    fields: Sequence[FieldRow],
    comparisons: Sequence[ComparisonRow],
    competitors: Collection[str],
    spreads: Spreads | None = None,
) -> str | None:
    """Say which backend reads a data set best, by how much, whether that is luck, and what it costs.

    Args:
        comparisons: of all pairs; only `all_fields` by the headline rules is used, with its p value corrected over all pairs.
        competitors: backends that may win; controls that read transcripts may not.
        spreads: how far backends vary by themselves; a lead within that is noise.

    Returns:
        A sentence, or None: no competitor has a score.
    """
    totals = {row.backend: row for row in fields if row.dataset == dataset and row.field == ALL_FIELDS}
    entries = [
        _Entry(board=board, total=totals[board.backend])
        for board in boards
        if board.dataset == dataset
        and board.status == "ok"
        and board.backend in competitors
        and board.backend in totals
        and totals[board.backend].n
    ]
    entries.sort(key=lambda entry: (-entry.f1, entry.name))
    if not entries:
        return None
    best = entries[0]
    if best.total.n < MIN_VALUES:
        return (
            f"Too few labels to call a winner: {best.total.n} labelled {_plural('value', best.total.n)}, at least"
            f" {MIN_VALUES} are needed. {best.name} has the highest F1, {_percent(best.f1)}."
        )
    if len(entries) == 1:
        return f"{best.name} has F1 {_percent(best.f1)} ({_price(best.board)}); no other backend was scored."
    return _lead(dataset, best, entries[1], comparisons, spreads or Spreads(()))


def _lead(dataset: str, best: _Entry, second: _Entry, comparisons: Sequence[ComparisonRow], spreads: Spreads) -> str:
    from ocr_pipeline.evaluation.statistics.significance import ALPHA

    pair = next(
        (
            row
            for row in comparisons
            if row.dataset == dataset
            and (row.field, row.rules) == (ALL_FIELDS, HEADLINE)
            and {row.backend_a, row.backend_b} == {best.name, second.name}
        ),
        None,
    )
    lead = f"{100 * (best.f1 - second.f1):.1f} points ahead of {second.name}"
    if pair is None:
        return (
            f"No clear winner: {best.name} (F1 {_percent(best.f1)}) and {second.name} were not scored on the same"
            " documents."
        )
    if round(best.f1, 3) == round(second.f1, 3):
        return (
            f"No clear winner: {best.name} ({_price(best.board)}) and {second.name} ({_price(second.board)}) have the same"
            f" F1, {_percent(best.f1)}."
        )
    p = "p < 0.001" if pair.p_holm < 0.001 else f"p = {pair.p_holm:.3f}"
    leads = (pair.difference or 0) * (1 if pair.backend_a == best.name else -1) > 0
    if noise := spreads.noise(dataset, ALL_FIELDS, best.f1 - second.f1, (best.name, second.name)):
        return (
            f"No clear winner: {best.name} (F1 {_percent(best.f1)}; {_price(best.board)}) is {lead}"
            f" ({_price(second.board)}), which is {noise} ({p})."
        )
    if pair.p_holm < ALPHA and leads:
        return (
            f"{best.name} reads best: F1 {_percent(best.f1)}, {lead}, which is unlikely to be luck ({p});"
            f" {_price(best.board)}."
        )
    return (
        f"No clear winner: {best.name} (F1 {_percent(best.f1)}; {_price(best.board)}) is {lead}"
        f" ({_price(second.board)}), which may be luck ({p})."
    )


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"


def _price(board: BoardRow) -> str:
    """`free, 1.4 s per document`; what is unknown is left out."""
    cost, seconds = board.cost_per_document, board.seconds_per_document
    parts = [
        "cost unknown" if cost is None else "free" if cost == 0 else f"{cost:.4f} USD",
        *([] if seconds is None else [f"{seconds:.2g} s"]),
    ]
    return f"{', '.join(parts)} per document"
