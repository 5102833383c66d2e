"""Launching runs over exactly the cells that were asked for.

No partitioned *job* covers `ocr_text` or `extractions`: a job backfill over a two-dimensional asset runs the same key
again and again and turns green (dagster-io/dagster #28861, #30786, #17404). A run that carries Dagster's range tags is
exact. A range of two-dimensional keys is the product of one range per dimension, in the order of the partitions
definition; so a set of cells is cut into rectangles, and each rectangle is one run. See docs/decisions/0001.
"""

import os
import socket
from collections.abc import Iterable, Sequence
from itertools import groupby

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from ocr_pipeline.defs.partitions import Partitions

PROCESS_TAG = "ocr_pipeline/process"

Range = tuple[str, str]
"""First and last partition key of a run, both included."""


def document_ranges(documents: Iterable[str], instance: dg.DagsterInstance, partitions: Partitions) -> list[Range]:
    """Ranges of the document partitions that cover exactly these documents."""
    order = list(partitions.documents.get_partition_keys(dynamic_partitions_store=instance))
    return [(order[first], order[last]) for first, last in _spans(order, documents)]


def backend_ranges(backends: Iterable[str], partitions: Partitions) -> list[Range]:
    """Ranges of the backend partitions that cover exactly these backends."""
    order = list(partitions.backends.get_partition_keys())
    return [(order[first], order[last]) for first, last in _spans(order, backends)]


def cell_ranges(
    cells: Iterable[tuple[str, str]],
    dimension: str,
    instance: dg.DagsterInstance,
    definition: dg.MultiPartitionsDefinition,
) -> list[Range]:
    """Ranges of a two-dimensional definition that cover exactly these cells.

    Args:
        cells: (value of `dimension`, document).
        dimension: the dimension beside `document`: engine or backend.
    """
    orders = {
        part.name: list(part.partitions_def.get_partition_keys(dynamic_partitions_store=instance))
        for part in definition.partitions_defs
    }
    other = next(name for name in orders if name != dimension)
    documents_of: dict[str, set[str]] = {}
    for value, document in cells:
        documents_of.setdefault(value, set()).add(document)
    # Neighbouring values with the same documents share their rectangles.
    groups: list[tuple[int, int, list[tuple[int, int]]]] = []
    for index, value in enumerate(orders[dimension]):
        spans = _spans(orders[other], documents_of.pop(value, ()))
        if groups and groups[-1][1] == index - 1 and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], index, spans)
        elif spans:
            groups.append((index, index, spans))
    if documents_of:
        raise ValueError(f"{next(iter(documents_of))!r} is no partition of {dimension}")

    def key(value: int, document: int) -> str:
        return dg.MultiPartitionKey({dimension: orders[dimension][value], other: orders[other][document]})

    return [
        (key(first, from_document), key(last, to_document))
        for first, last, spans in groups
        for from_document, to_document in spans
    ]


def _spans(order: Sequence[str], wanted: Iterable[str]) -> list[tuple[int, int]]:
    """First and last index of each unbroken stretch of `wanted` in `order`."""
    position = {key: index for index, key in enumerate(order)}
    try:
        indices = sorted({position[key] for key in wanted})
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is no partition") from None
    stretches = groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0])
    return [(stretch[0][1], stretch[-1][1]) for stretch in (list(group) for _, group in stretches)]


def this_process() -> str:
    """Host and process id, to tell later whether a run's process is still there."""
    return f"{socket.gethostname()}:{os.getpid()}"


def close_killed_runs(instance: dg.DagsterInstance) -> int:
    """Mark runs as failed whose process was killed: nobody else would, the UI shows them running, and they hold their place
    in the queue. Of runs that the daemon launched, a restarted daemon does not know whether they are there.

    Returns their number.
    """
    host = socket.gethostname()
    closed = 0
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])):
        owner, _, process = run.tags.get(PROCESS_TAG, "").partition(":")
        if owner == host and process != str(os.getpid()) and not _is_alive(int(process)):
            instance.report_run_failed(run, "The process that ran this was killed. Its finished results are kept.")
            closed += 1
    return closed


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def materialize(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    assets: Sequence[str],
    ranges: Sequence[Range | None],
) -> list[dg.ExecuteInProcessResult]:
    """Materialise assets in this process, one run per range (None: unpartitioned), recorded on the instance.

    Stops at the first run that fails; its result is the last one.
    """
    job = definitions.resolve_implicit_global_asset_job_def()
    results = []
    for span in ranges:
        tags = {PROCESS_TAG: this_process()}
        if span is not None:
            tags |= {ASSET_PARTITION_RANGE_START_TAG: span[0], ASSET_PARTITION_RANGE_END_TAG: span[1]}
        result = job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(asset) for asset in assets],
            tags=tags,
            # The story of the run is in its event log; the terminal belongs to the progress bars.
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        results.append(result)
        if not result.success:
            break
    return results
