"""`python -m benchmarks.drill [--only SCENARIO] [--seed N] [--scale X] [--jobs N] [--folder PATH]`: see docs/operating.md.

Each try is kept in the folder as soon as it ends: the same command continues a drill that was stopped.
"""

import argparse
import platform
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import gettempdir

from benchmarks.drill import faults, hostile, kills
from benchmarks.drill.projects import revision
from benchmarks.drill.shortages import SHORTAGES
from benchmarks.drill.table import Try, keep, load, table

KILLS = {"kills": (1, 40), "kills, two runs": (2, 10), "kills, three runs": (3, 10)}
"""By scenario, runs at once and kills."""


@dataclass(frozen=True)
class Unit:
    """A part of the drill that is done or not: a scenario with a seed."""

    scenario: str
    seed: int
    work: Callable[[Path], Try]


def main() -> int:
    arguments = _arguments()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "tries.jsonl"
    done = {(result.scenario, result.seed) for result in load(kept)}
    units = [unit for unit in units_of(arguments.seed, arguments.scale) if arguments.only in unit.scenario]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        todo = sorted(
            (unit for unit in units if _key(unit) not in done), key=lambda unit: unit.seed
        )  # some of each first
        while todo := todo or _more_kills(units, load(kept), arguments.scale):
            for future in as_completed([pool.submit(_tried, unit, folder) for unit in todo]):
                keep(kept, future.result())
                print(future.result().line(), flush=True)
            todo = []
    names = list(dict.fromkeys(unit.scenario for unit in units))
    results = [result for result in load(kept) if result.scenario in names]
    results.sort(key=lambda result: (names.index(result.scenario), result.seed))
    print(f"\n{_where(arguments.seed)}\n\n{table(results)}")
    return 1 if any(result.faults for result in results) else 0


def units_of(seed: int, scale: float = 1.0) -> Iterator[Unit]:
    """All units of a drill. `scale`: below 1 for fewer tries."""

    def some(number: float) -> int:
        return max(1, round(number * scale))

    for name, (work, number) in SHORTAGES.items():
        for index in range(some(number)):
            yield Unit(name, seed + index, partial(work, seed=seed + index))
    for protocol in ("gemini", "openai"):
        yield Unit(f"provider faults, {protocol}", seed, partial(_faults, protocol, seed))
    for batch in range(some(hostile.NUMBER / hostile.BATCH)):
        yield Unit("hostile documents", seed + batch, partial(_hostile, batch, seed))
    for name, (runs, number) in KILLS.items():
        for index in range(some(number / kills.kills_of(runs) + 0.4)):
            yield Unit(name, seed + index, partial(_kills, name, seed + index, runs))


def _more_kills(units: list[Unit], results: list[Try], scale: float) -> list[Unit]:
    """Another unit of each scenario whose kills were not all reached; at most as many more as there were."""
    more = []
    for name, (runs, number) in KILLS.items():
        seeds = [result.seed for result in results if result.scenario == name]
        killed = sum(result.tries for result in results if result.scenario == name)
        planned = any(unit.scenario == name for unit in units)
        if planned and seeds and killed < number * scale and len(seeds) < 3 * number / kills.kills_of(runs) * scale:
            more.append(Unit(name, max(seeds) + 1, partial(_kills, name, max(seeds) + 1, runs)))
    return more


def _kills(name: str, seed: int, runs: int, folder: Path) -> Try:
    return kills.drill(name, folder, seed, runs=runs)


def _faults(protocol: str, seed: int, folder: Path) -> Try:
    return faults.drill(protocol, folder, seed)


def _hostile(batch: int, seed: int, folder: Path) -> Try:
    return hostile.drill(batch, folder, seed)


def _key(unit: Unit) -> tuple[str, int]:
    return unit.scenario, unit.seed


def _tried(unit: Unit, folder: Path) -> Try:
    """Do one unit in a folder of its own, which is kept if something is wrong."""
    own = folder / f"{unit.scenario.replace(' ', '-').replace(',', '')}-{unit.seed}"
    shutil.rmtree(own, ignore_errors=True)
    shutil.rmtree(own.parent / f"{own.name}.drill", ignore_errors=True)
    began = time.monotonic()
    try:
        result = unit.work(own)
    except Exception as error:  # noqa: BLE001 - the drill goes on; what broke it is a finding
        trace = traceback.format_exc().strip().split("\n")
        result = Try(
            unit.scenario, unit.seed, "the drill itself failed", crashed=1, notes=[repr(error)[:300], *trace[-6:]]
        )
    result.scenario, result.seed, result.seconds = unit.scenario, unit.seed, time.monotonic() - began
    if not result.faults:
        shutil.rmtree(own, ignore_errors=True)
        shutil.rmtree(own.parent / f"{own.name}.drill", ignore_errors=True)
    return result


def _where(seed: int) -> str:
    """Machine, date, revision and seed."""
    return (
        f"{platform.machine()}, {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, revision {revision()}, seed {seed}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drill", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="below 1: fewer tries")
    parser.add_argument("--jobs", type=int, default=2, help="tries at once")
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "ocr_pipeline-drill")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
