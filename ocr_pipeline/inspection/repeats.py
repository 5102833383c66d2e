"""How far answers of models vary, and at what temperature they were asked: sentences for the leaderboard and the report."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow

if TYPE_CHECKING:
    from ocr_pipeline.backends.backend import Backends
    from ocr_pipeline.evaluation.ranking.repeats import Spread

DEFAULT = "the model's default"
"""The temperature of a backend that does not set one: none is sent."""


@dataclass(frozen=True)
class Spreads:
    """How far the scores of backends vary over several answers of their models."""

    rows: "Sequence[Spread]"

    def of_dataset(self, dataset: str) -> "list[Spread]":
        return [row for row in self.rows if row.dataset == dataset]

    def of(self, dataset: str, field: str = ALL_FIELDS) -> "dict[str, Spread]":
        """By backend."""
        return {row.backend: row for row in self.rows if (row.dataset, row.field) == (dataset, field)}

    def noise(self, dataset: str, field: str, difference: float | None, backends: Sequence[str]) -> str | None:
        """Why a difference between two backends says nothing, as the rest of a sentence; None if it is larger than their
        spread."""
        from ocr_pipeline.evaluation.ranking.repeats import within_noise

        spread_of = self.of(dataset, field)
        found = within_noise(difference, backends, spread_of)
        if found is None:
            return None
        name, width = found
        return (
            f"within the noise of {name} itself: asked {spread_of[name].repeats} times, its F1 varies by "
            f"{100 * width:.1f} points"
        )

    def notes_on(self, rows: Sequence[ComparisonRow]) -> list[str]:
        """A sentence for each difference that is within the noise of a backend."""
        notes = []
        for row in rows:
            if noise := self.noise(row.dataset, row.field, row.difference, (row.backend_a, row.backend_b)):
                pair = f"{row.backend_a} and {row.backend_b}, {row.field}"
                notes.append(f"{pair}: the difference of {100 * abs(row.difference or 0):.1f} points is {noise}.")
        return notes


def spreads(reader: Reader, dataset: str | None = None) -> Spreads:
    return Spreads(tables.repeats.spread(reader, dataset))


def notes(project: Project, backends: "Backends", reader: Reader) -> dict[str, list[str]]:
    """What a reader of the scores must know, as sentences by data set."""
    from ocr_pipeline.training.notes import notes_on_scores

    parts = (notes_on_scores(project, backends, reader), notes_on_models(backends, reader))
    return {name: [note for part in parts for note in part.get(name, ())] for part in parts for name in part}


def notes_on_models(backends: "Backends", reader: Reader) -> dict[str, list[str]]:
    """By data set: how far the scores vary over repeated answers, and the temperature of the comparison."""
    notes: dict[str, list[str]] = defaultdict(list)
    for row in spreads(reader).rows:
        if row.field == ALL_FIELDS and row.backend in backends:
            notes[row.dataset].append(_on_spread(row))
    temperatures: dict[str, dict[str, str]] = defaultdict(dict)
    for dataset, name, values in tables.repeats.temperatures(reader):
        if name in backends and backends[name].capabilities.asks:
            temperatures[dataset][name] = " and ".join(value or DEFAULT for value in values)
    for dataset, of_backend in temperatures.items():
        notes[dataset].append(_on_temperatures(of_backend))
    return notes


def _on_spread(row: "Spread") -> str:
    documents = "1 document" if row.documents == 1 else f"each of {row.documents} documents"
    f1 = (
        ""
        if row.f1_min is None or row.f1_max is None or row.f1_mean is None
        else f"F1 of the answers {100 * row.f1_min:.1f} to {100 * row.f1_max:.1f} %, mean {100 * row.f1_mean:.1f} %; "
    )
    return (
        f"{row.backend}: asked {row.repeats} times about {documents}, scored by the first answer; {f1}a later answer has "
        f"another value in {row.differing} of {row.documents} ({100 * row.share_differing:.0f} %)."
    )


def _on_temperatures(of_backend: Mapping[str, str]) -> str:
    if len(set(of_backend.values())) == 1:
        names = ", ".join(of_backend)
        return f"Temperature of {names}: {next(iter(of_backend.values()))}."
    said = ", ".join(f"{name} {value}" for name, value in of_backend.items())
    return (
        f"Warning: models were asked at different temperatures ({said}); a difference between them may come from that. "
        "Set the same `temperature` in their options to compare them."
    )
