"""Kills of one run, and of one among two or three, at moments spread over all stages.

A unit is one project whose runs are killed several times, each time later, and started again until they end.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from benchmarks.drill.checking import Ledger, check_complete, check_ledger, judge
from benchmarks.drill.power import lose_power, moments
from benchmarks.drill.processes import LIMIT, REPOSITORY, Run, journal
from benchmarks.drill.projects import make_project
from benchmarks.drill.table import Try
from ocr_pipeline_tests.standin import StandIn

KILLS_OF_A_UNIT = 5
LATENCY = 0.15
"""Seconds that the stand-in takes, so that a kill can find a request on its way."""

_recording = threading.Lock()


def kills_of(runs: int) -> int:
    """Kills of a project with so many runs at once."""
    return KILLS_OF_A_UNIT if runs == 1 else 2 * runs + 1


def drill(
    scenario: str,
    folder: Path,
    seed: int,
    *,
    runs: int = 1,
    tree: Path = REPOSITORY,
    targets: Sequence[str] = (),
    latency: float = LATENCY,
) -> Try:
    """Kill one project's runs; `runs` of them work at the same time.

    In the first rounds each of them is killed, at moments of its own; in the last one only one, and the others go on.

    Args:
        tree: the folder with the package that is drilled.
        targets: the moments; default: chosen from those of a run that is recorded for it.
        latency: seconds that the stand-in takes.
    """
    targets = targets or _targets(scenario, folder.parent / "recorded", seed, runs, tree)
    # With several, power is never lost: the others go on. Half of them work without the project's lock, as from the UI.
    group, free = runs == 1 and seed % 2 == 0, runs > 1 and seed % 2 == 0
    result = Try(scenario, seed, tries=0)
    done: list[str] = []
    with StandIn(latency=latency) as standin:
        protocol = "openai" if seed % 4 > 1 else "gemini"
        documents = make_project(folder, standin.url, seed, protocol=protocol, timeout=5 + 3 * latency)
        ledger = Ledger(folder, standin)
        for first in range(0, len(targets), runs):
            round_ = [*targets[first : first + runs], *[""] * runs][:runs]
            started = []
            for target in round_:
                started.append(Run(folder, tree=tree, kill=target, group=group, free=free).start())
                if runs > 1 and not free and len(started) == 1:
                    _wait_for_lock(folder)
            ended = [run.wait(LIMIT * runs) for run in started]
            killed = [target for target, end in zip(round_, ended, strict=True) if end.killed]
            for target, end in zip(round_, ended, strict=True):
                judge(result, end, where=f"among {runs}, to be killed at {target or 'no moment'}")
            done += killed
            ledger.after_kill()
            if group and killed:
                lose_power(journal(folder), folder / "data" / "results")
            ledger.look()
            if any(end.hung or end.crashed for end in ended) or not killed:
                break
        judge(result, Run(folder, tree=tree).start().wait(), where="the last run")
        again = Run(folder, tree=tree).start().wait()
        judge(result, again, where="one more run")
        if not again.code and "Materialised: nothing" not in again.out:
            result.duplicated += 1
            result.notes.append("one more run had something to do")
        check_ledger(result, ledger)
        check_complete(result, folder, documents)
    result.tries = len(done)
    how = "power lost" if group else "without the project's lock" if free else "killed"
    result.what = f"{how} at {', '.join(done) or 'no moment'}"
    if missed := [target for target in targets if target not in done]:
        result.what += f" (not reached: {', '.join(missed)})"
    return result


def _targets(scenario: str, folder: Path, seed: int, runs: int, tree: Path) -> list[str]:
    """Moments spread over a run: the first from the first part of it, the last from the last, each as `LABEL#N`."""
    chance, kills = random.Random(f"{scenario} {seed}"), kills_of(runs)
    with _recording:
        labels = recorded(folder, tree)
    ordered = list(labels)
    targets: list[str] = []
    for number in range(kills):
        part = ordered[number * len(ordered) // kills : (number + 1) * len(ordered) // kills]
        if number % runs > 1:  # two that wait for the first one go on in any order
            targets.append(targets[-1])
            continue
        if number % runs == 1:  # what one of them has stored, the others do not store; but all of them write tables
            part = [label for label in part if label.startswith("table:") and not label.endswith(":end")]
        kind = chance.choice(sorted({_kind(label) for label in part}))
        label = chance.choice([label for label in part if _kind(label) == kind])
        targets.append(f"{label}#{chance.randint(1, 2 if labels[label] > 3 and runs == 1 else 1)}")
    return targets


def _wait_for_lock(root: Path) -> None:
    """Until the first run works, so that the others find the project's lock taken."""
    begun, end = len(moments(journal(root))), time.monotonic() + LIMIT
    while len(moments(journal(root))) <= begun + 1 and time.monotonic() < end:
        time.sleep(0.1)


def _kind(label: str) -> str:
    """Tables have so many moments that all others would be rare."""
    return label.rpartition(":")[0] if label.startswith("put:") else label.partition(":")[0]


@cache
def recorded(folder: Path, tree: Path) -> Counter[str]:
    """The moments of a run that nobody kills, in their order, and how often each comes."""
    with StandIn() as standin:
        root = folder / f"{abs(hash(tree))}"
        make_project(root, standin.url, 1)
        Run(root, tree=tree).start().wait()
    return Counter(moments(journal(root)))
