"""The plan: the steps that bring documents and backends up to date, each with its cells, the reasons and the cost.

`run`, `run --dry-run`, `status`, `--max-cost`, the sensor `stale_cells` and the check `no_stale_cells` use the same plan.
Cells of later stages are predicted; `run` asks for the plan again after each step, since a result may change later keys.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Protocol

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.backends.splitting import ready_to_split
from ocr_pipeline.collecting import collection_paused
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.planning.costs import Estimate, estimate
from ocr_pipeline.planning.files import Files, files_of
from ocr_pipeline.planning.inputs import wanted_words
from ocr_pipeline.planning.states import (
    CellState,
    extraction_states,
    ocr_states,
    why_again,
)
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_store
from ocr_pipeline.training.promotion import is_due, learning_engines
from ocr_pipeline.training.weights import weights_due
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.opened import open_warehouse

Cell = tuple[str, str]
"""(engine or backend, document); the name is empty for a document or a label."""

Mode = Literal["due", "stale", "all"]
"""`due`: missing, stale, failed temporarily or not recorded. `stale`: only cells that have a result. `all`: every cell."""

DELETED = "deleted_documents"
"""The step for documents whose file is gone: their rows in `raw_documents` say so from then on."""
SPLITS, WEIGHTS = "split_documents", "ensemble_weights"
"""The steps that ingest scans again to split them once an engine has read them, and that train the weights of ensembles."""
EVALUATION = "evaluation"
"""The step for scores, leaderboard, comparisons, diagnosis and report, of all backends."""


class Records(Protocol):
    """What the orchestrator has recorded. A killed process leaves cells with rows and no record: they are done again."""

    def cells(self, asset: str) -> Collection[Cell] | None:
        """The cells materialised at least once; None: single cells are not recorded."""
        ...

    def ever(self, asset: str) -> bool:
        """Whether an unpartitioned asset was materialised at least once."""
        ...

    def is_evaluated(self, reader: Reader) -> bool:
        """Whether the scores and the report were made from what the tables hold now."""
        ...


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a plan is about: documents, backends (members of ensembles included), and what is to be done for them. Only models
    that these backends use are trained.

    `fresh_since`: models are asked again about what was asked before. `records`: None if not known; then everything counts as
    recorded. `every`: all documents there are, if they were looked up. `check_files`: whether changed files are looked for;
    without it only ingested documents are planned. `rehash`: read all files for that, also those with the same size, times
    and inode.
    """

    project: Project
    backends: Backends
    names: Sequence[str]
    sources: Sequence[SourceFile]
    mode: Mode = "due"
    fresh_since: datetime | None = None
    records: Records | None = None
    check_files: bool = True
    rehash: bool = False
    every: Sequence[SourceFile] | None = None


@dataclass(frozen=True)
class Step:
    """Cells of one asset, in the order in which they were asked for; none for an asset without partitions.

    `reasons` counts the cells by why they are due. `estimates`: what asking models may cost, by backend.
    """

    asset: str
    cells: tuple[Cell, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    estimates: tuple[Estimate, ...] = ()

    @property
    def documents(self) -> list[str]:
        return [document_id for _, document_id in self.cells]

    @property
    def usd(self) -> float | None:
        """What the step may cost in US dollars; None if no price is known."""
        costs = [expected.usd for expected in self.estimates]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


@dataclass(frozen=True)
class Plan:
    """The steps in the order in which they are run, and the states they were made from."""

    steps: tuple[Step, ...]
    states: tuple[CellState, ...] = ()
    files: Files = field(default_factory=Files)

    @property
    def pending(self) -> list[CellState]:
        """Cells to bring up to date, without those that failed and are only tried again: no run is started for them."""
        return [state for state in self.states if state.due and state.state != "failed"]

    def step(self, asset: str) -> Step | None:
        return next((step for step in self.steps if step.asset == asset), None)

    @property
    def usd(self) -> float | None:
        costs = [step.usd for step in self.steps]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


@collection_paused()
def make_plan(scope: Scope, done: Collection[str] = ()) -> Plan:
    """The plan, without the assets that were run already (`done`)."""
    warehouse = open_warehouse(scope.project)
    files = files_of(scope, warehouse, done) if scope.check_files else Files()
    with warehouse.snapshot() as reader:
        planner = _Planner(scope, done, reader, files)
        steps = list(planner.steps())
    store, is_fresh = open_store(scope.project), scope.fresh_since is not None
    for index, step in enumerate(steps):  # looks into the store: not while the database is open
        if step.asset in ("extractions", "ensembles"):
            costs = estimate(scope.backends, step.cells, warehouse, store, fresh=is_fresh)
            steps[index] = replace(step, estimates=tuple(costs))
    return Plan(tuple(steps), tuple(planner.states), files)


class _Planner:
    """Goes through the stages in their order; what an earlier stage is going to do makes later cells due."""

    def __init__(self, scope: Scope, done: Collection[str], reader: Reader, files: Files) -> None:
        self._scope, self._done, self._reader, self._files = scope, done, reader, files
        self._files_of_scope = [source.document_id for source in scope.sources]
        self._documents = [source.document_id for source in scope.sources if not source.parts]
        self._steps: list[Step] = []
        self.states: list[CellState] = []

    def steps(self) -> list[Step]:
        stages: Sequence[Callable[[], Iterable[Step]]] = (
            self._deletions, self._ingestion, self._labels, self._duplicates, self._ocr, self._splits,
            self._models, self._extractions, self._weights, self._ensembles, self._evaluation,
        )  # fmt: skip
        for stage in stages:
            self._steps += [step for step in stage() if step.asset not in self._done]
        return self._steps

    def _deletions(self) -> Iterable[Step]:
        if deleted := self._files.deleted:
            yield Step(DELETED, tuple(("", key) for key in deleted), {"file deleted": len(deleted)})

    def _ingestion(self) -> Iterable[Step]:
        if self._scope.check_files:
            yield from self._step("raw_documents", [("", key) for key in self._files_of_scope], self._files.documents)

    def _labels(self) -> Iterable[Step]:
        if self._scope.check_files:
            yield from self._step("ground_truth", [("", key) for key in self._files_of_scope], self._files.labels)

    def _duplicates(self) -> Iterable[Step]:
        changed = self._steps or {DELETED, "raw_documents", "ground_truth"} & set(self._done)
        if changed or not self._ever("duplicates"):
            yield Step("duplicates", reasons={"documents or labels changed" if changed else "missing": 1})

    def _ocr(self) -> Iterable[Step]:
        chosen = [self._scope.backends[name] for name in self._scope.names]
        engines = {engine.name: engine for backend in chosen for engine in backend.engines}
        wanted, files = wanted_words(chosen, self._scope.sources), self._files
        states: list[CellState] = []
        for engine in engines.values():
            states += ocr_states(engine, self._documents, self._reader, files.changed, files.new)
        states = [state for state in states if state.cell in wanted]
        yield from self._step("ocr_text", [state.cell for state in states], states)

    def _splits(self) -> Iterable[Step]:
        """Scans of data sets with `split: auto`: several invoices are found once an engine has read them."""
        if ready := ready_to_split(self._reader, self._scope.backends, self._documents):
            yield Step(SPLITS, tuple(("", key) for key in ready), {"words are there": len(ready)})

    def _models(self) -> Iterable[Step]:
        backends = self._scope.backends
        chosen = [backends[name] for name in self._scope.names]
        needed = [backend for of in chosen for backend in (of, *of.asked_later)]
        engines = learning_engines({backend.name: backend for backend in needed})
        due = [engine for engine in engines if is_due(self._scope.project, self._reader, engine)]
        if due or (engines and not self._ever("extractor_model")):
            cells = tuple((engine, "") for engine in due)
            yield Step("extractor_model", cells, {"labels or words changed" if due else "missing": max(len(due), 1)})

    def _extractions(self) -> Iterable[Step]:
        backends = self._scope.backends
        names = [name for name in self._scope.names if not backends[name].is_ensemble]
        files = self._files
        states = extraction_states(backends, names, self._documents, self._reader, files.changed, files.new)
        dataset_of = {source.document_id: source.dataset for source in self._scope.sources}
        states = [state for state in states if backends[state.name].covers(dataset_of[state.document_id])]
        self.states += states
        yield from self._step("extractions", [state.cell for state in states], states)

    def _weights(self) -> Iterable[Step]:
        ensembles = [backend for name in self._scope.names if (backend := self._scope.backends[name]).is_ensemble]
        due = [backend.name for backend in ensembles if weights_due(self._scope.project, self._reader, backend)]
        if due:
            yield Step(WEIGHTS, tuple((name, "") for name in due), {"labels or results changed": len(due)})

    def _ensembles(self) -> Iterable[Step]:
        backends = self._scope.backends
        names = [name for name in self._scope.names if backends[name].is_ensemble]
        states = {state.cell: state for state in extraction_states(backends, names, self._documents, self._reader)}
        retried = {
            state.cell for state in self.states if state.state == "failed"
        }  # may fail again: the next plan knows
        planned = {cell for step in self._steps if step.asset == "extractions" for cell in step.cells} - retried
        for name in names:  # a member that is extracted first changes what the ensemble votes on
            members = {member.name for member in backends[name].members if member not in backends[name].asked_later}
            for document_id in {document_id for member, document_id in planned if member in members}:
                state = states.get((name, document_id))
                if state is None:
                    states[name, document_id] = CellState(name, document_id, "missing")
                elif not state.due:
                    states[name, document_id] = CellState(name, document_id, "stale", "members")
        order = {document_id: position for position, document_id in enumerate(self._documents)}
        cells = sorted(states, key=lambda cell: (names.index(cell[0]), order[cell[1]]))
        self.states += [states[cell] for cell in cells]
        yield from self._step("ensembles", cells, states.values())

    def _evaluation(self) -> Iterable[Step]:
        records, is_forced = self._scope.records, self._scope.mode == "all"
        if self._steps or self._done or is_forced or (records and not records.is_evaluated(self._reader)):
            changed = "results changed" if self._steps or self._done else "scores are stale"
            yield Step(EVALUATION, reasons={"asked for" if is_forced else changed: 1})

    def _step(self, asset: str, asked: Sequence[Cell], states: Iterable[CellState]) -> Iterator[Step]:
        """The step of an asset for the cells that the scope asks for."""
        if asset in self._done:
            return
        of_cell = {state.cell: state for state in states}
        known = self._scope.records.cells(asset) if self._scope.records else None
        recorded = None if known is None else set(known)
        reasons = {cell: reason for cell in asked if (reason := self._reason(asset, cell, of_cell.get(cell), recorded))}
        if reasons:
            yield Step(asset, tuple(reasons), Counter(reasons.values()))

    def _reason(self, asset: str, cell: Cell, state: CellState | None, recorded: Collection[Cell] | None) -> str | None:
        """Why a cell is to be done, or None."""
        mode = self._scope.mode
        if mode == "all":
            return "asked for"
        if state is not None and state.due and (mode == "due" or state.state != "missing"):
            return f"{state.state}: {state.why}" if state.why else state.state
        if mode == "due" and recorded is not None and cell not in recorded:
            return "not recorded by Dagster"
        is_afresh = asset in ("extractions", "ensembles") and self._scope.fresh_since
        return why_again(state, self._scope.backends[cell[0]].may_ask) if is_afresh else None

    def _ever(self, asset: str) -> bool:
        return self._scope.records is None or self._scope.records.ever(asset)
