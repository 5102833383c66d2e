"""Do the tests notice when the code is wrong? A seeded sample of mutants of five packages, each against the tests of its own.

    make mutation                    # all packages; killed and started again, it goes on where it was
    make mutation ONLY=store         # one of them

A mutant is one small fault: cosmic-ray's operators (another comparison, another number, a removed `not`, ...), and a removed
call, which cosmic-ray has no operator for. It is tried in a copy of the tree, against those tests that run the mutated line
(all of the package, where only fixtures or child processes do), the quickest first. A mutant is killed if a test
fails or the tests take longer than five times the clean run. As a busy machine makes everything slow, the clean code is then
timed again, at once, and the mutant gets a second try if five times that is more. Left out: annotations, and what is written
to the log. Equivalent mutants, which no test can tell from the code, stand in `mutation.yaml`, each with its reason.
"""

import argparse
import ast
import hashlib
import importlib
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import types
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".mutation"
SAMPLE, SEED, PATIENCE, START_SECONDS = 60, 18, 5, 6.0
REMOVED_CALL = "remove a call"

PACKAGES = {
    "store": ("store.py", ["test_store.py"]),
    "documents/guard": ("documents/guard.py", ["documents/test_guard.py", "documents/test_hostile.py"]),
    "models": ("models", ["models"]),
    "warehouse": ("warehouse", ["warehouse"]),
    "evaluation/scoring": ("evaluation/scoring", ["evaluation/scoring"]),
}
IN_CHILDREN = {"documents/guard"}
"""Packages whose code runs in child processes as well, where the lines that a test runs are not seen."""


@dataclass(frozen=True)
class Mutant:
    """One fault: `occurrence` of `operator` in a module; `before` and `after` are its line."""

    package: str
    module: str
    line: int
    operator: str
    occurrence: int
    before: str
    after: str

    def same(self, other: dict[str, Any]) -> bool:
        return all(
            str(other.get(key, "")).strip() == getattr(self, key).strip() for key in ("module", "before", "after")
        )


def modules(package: str) -> list[Path]:
    path = ROOT / "ocr_pipeline" / PACKAGES[package][0]
    found = [path] if path.suffix else sorted(path.rglob("*.py"))
    return [file for file in found if _statements(file)]


def _statements(file: Path) -> list[ast.stmt]:
    """The statements of a module, without docstrings and imports."""
    left_out = (ast.Expr, ast.Import, ast.ImportFrom)
    return [node for node in ast.parse(file.read_text()).body if not isinstance(node, left_out)]


def sample(package: str) -> list[Mutant]:
    """`SAMPLE` mutants, at least one of each module. A place in the code is drawn first and then one of its operators, since
    a comparison has seven and a condition one; only a module with too few places gets further operators of the same place."""
    rng = random.Random(f"{SEED} {package}")
    firsts: list[Mutant] = []
    rest: list[list[Mutant]] = []
    for file in modules(package):
        places: dict[tuple[int, int], list[Mutant]] = {}
        for place, mutant in mutants(package, file):
            places.setdefault(place, []).append(mutant)
        order = sorted(places)
        rng.shuffle(order)
        drawn = (_drawn(rng, places[place]) for place in order)
        firsts += [mutant for mutant in [next((mutant for mutant in drawn if mutant), None)] if mutant]
        rest += [places[place] for place in order if not firsts or places[place][0].line != firsts[-1].line]
    rng.shuffle(rest)
    chosen = firsts[:SAMPLE]
    for place in rest:
        mutant = _drawn(rng, place) if len(chosen) < SAMPLE else None
        chosen += [mutant] if mutant else []
    while len(chosen) < SAMPLE:
        further = [_drawn(rng, place, chosen) for place in rest]
        if not any(further):
            break
        chosen += [mutant for mutant in further if mutant][: SAMPLE - len(chosen)]
    return chosen


def _drawn(rng: random.Random, place: list[Mutant], before: Sequence[Mutant] = ()) -> Mutant | None:
    """One of the mutants of a place, with the line that it makes; None if none of them is Python, or all were drawn before."""
    drawn = {(mutant.operator, mutant.occurrence) for mutant in before} | {(m.line, m.after) for m in before}
    for mutant in rng.sample(place, len(place)):
        if (mutant.operator, mutant.occurrence) in drawn:
            continue
        code = (ROOT / mutant.module).read_text()
        changed = mutated(code, mutant)
        if changed is not None and changed != code:
            lines = zip(code.splitlines(), changed.splitlines(), strict=False)
            after = next((new for old, new in lines if old != new), "")
            if (mutant.line, after) not in drawn:
                return replace(mutant, after=after)
    return None


def mutants(package: str, file: Path) -> Iterator[tuple[tuple[int, int], Mutant]]:
    """All mutants of a module, with where they are."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    code, module = file.read_text(), str(file.relative_to(ROOT))
    lines, tree = code.splitlines(), ast.parse(code)
    ignored, nodes = list(_ignored(tree)), list(ast_nodes(get_ast(code)))
    for name in plugins.operator_names():
        if name.endswith(("VariableReplacer", "VariableInserter")):
            continue  # need arguments
        operator, occurrence = plugins.get_operator(name)(), 0
        for node in nodes:
            for place, end in operator.mutation_positions(node):
                if not any(start <= place and end <= stop for start, stop in ignored):
                    yield place, Mutant(package, module, place[0], name, occurrence, lines[place[0] - 1], "")
                occurrence += 1
    for number, call in enumerate(_calls(tree)):
        place = call.lineno, call.col_offset
        yield place, Mutant(package, module, call.lineno, REMOVED_CALL, number, lines[call.lineno - 1], "")


def mutated(code: str, mutant: Mutant) -> str | None:
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    if mutant.operator != REMOVED_CALL:
        try:
            changed: str | None = mutate_code(code, plugins.get_operator(mutant.operator)(), mutant.occurrence)
            ast.parse(changed or "")
        except (AttributeError, SyntaxError):  # an operator that does not know this kind of expression
            return None
        return changed
    call = _calls(ast.parse(code))[mutant.occurrence]
    lines = code.splitlines(keepends=True)
    lines[call.lineno - 1 : call.end_lineno] = [" " * call.col_offset + "pass\n"]
    return "".join(lines)


def _calls(tree: ast.Module) -> list[ast.Expr]:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    return sorted((node for node in found if not _is_log(node.value)), key=lambda node: node.lineno)


def _is_log(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logger.")


def _ignored(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where a mutant changes nothing that runs: annotations, and what is written to the log."""
    for node in ast.walk(tree):
        hints = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if _is_log(node):
            hints.append(node)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr):
            hints.append(node.value)  # a name for a union of types
        for hint in hints:
            if isinstance(hint, ast.expr):
                yield (hint.lineno, hint.col_offset), (hint.end_lineno or 0, hint.end_col_offset or 0)


class Trial:
    """A copy of the tree in which the mutants of a package are tried."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.work = WORK / package.replace("/", "-")  # of its own, so that two packages can be tried at the same time
        self.work.mkdir(exist_ok=True)
        self.tree = self.work / "tree"
        self._copy()
        self.tests = [f"ocr_pipeline_tests/{name}" for name in PACKAGES[package][1]]
        self.state = hashlib.sha256(b"".join(file.read_bytes() for file in self._sources())).hexdigest()
        self.covering, self.seconds = self._clean_run()
        self._prepare()

    def _copy(self) -> None:
        shutil.rmtree(self.tree, ignore_errors=True)
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
        )
        for name in listed.stdout.splitlines():
            target = self.tree / name
            if (ROOT / name).is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)

    def _prepare(self) -> None:
        """Compile the copy (validated by the hash of the source, so that a mutant is seen), and load the libraries here."""
        self._python(["-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "ocr_pipeline"])
        show = "import sys, pytest; pytest.main(sys.argv[1:]); print('modules', *sys.modules)"
        listed = self._python(["-c", show, "--collect-only", "-qq", *PYTEST, *self.tests]).stdout.splitlines()[-1]
        for name in [*listed.split()[1:], *LIBRARIES]:
            if not name.startswith(("ocr_pipeline", "_pytest", "__main__")):
                with suppress(Exception):
                    importlib.import_module(name)

    def _sources(self) -> list[Path]:
        below = [self.tree / test for test in self.tests]
        tests = [file for path in below for file in ([path] if path.suffix else sorted(path.rglob("*.py")))]
        return [self.tree / module.relative_to(ROOT) for module in modules(self.package)] + tests

    def _clean_run(self) -> tuple[dict[str, dict[int, list[str]]], dict[str, float]]:
        """Which tests run which line, by module; and the seconds of each test."""
        kept = self.work / f"{self.state[:16]}.json"
        if not kept.is_file():
            report, settings = self.work / "coverage.json", self.work / "coveragerc"
            settings.write_text(
                f"[run]\ndynamic_context = test_function\ndata_file = {self.work / 'coverage'}\nsource = ocr_pipeline\n"
            )
            options = ["--durations=0", "-vv", "--durations-min=0", *self.tests]
            rc = f"--rcfile={settings}"
            ended = self._python(["-m", "coverage", "run", rc, "-m", "pytest", *PYTEST, *options])
            if ended.returncode:
                raise SystemExit(f"The tests of {self.package} fail without a mutant:\n{ended.stdout[-3000:]}")
            self._python(["-m", "coverage", "json", rc, "--show-contexts", "-q", "-o", str(report)])
            seconds: dict[str, float] = {}
            for line in ended.stdout.splitlines():
                words = line.split()
                if len(words) > 2 and words[1] in ("call", "setup", "teardown") and words[0].endswith("s"):
                    name = words[2].split("[")[0]
                    seconds[name] = seconds.get(name, 0) + float(words[0][:-1])
            files = json.loads(report.read_text())["files"]
            covering = {name: entry["contexts"] for name, entry in files.items()}
            kept.write_text(json.dumps({"covering": covering, "seconds": seconds}))
        read = json.loads(kept.read_text())
        lines = {name: {int(line): tests for line, tests in of.items()} for name, of in read["covering"].items()}
        return lines, read["seconds"]

    def chosen(self, mutant: Mutant) -> list[str]:
        """The tests that run the line; all of the package if it is run outside of a test function, or in child processes."""
        if self.package in IN_CHILDREN:
            return self._quick_first(set(self.seconds))
        contexts = self.covering.get(mutant.module, {}).get(mutant.line, [])
        names = {_node_id(context, self.seconds) for context in contexts if context}
        return self._quick_first({name for name in names if name} or set(self.seconds))

    def _quick_first(self, names: set[str]) -> list[str]:
        """The quickest file first and in it the quickest test, as the first failure ends the trial."""
        files: Counter[str] = Counter()
        for name in names:
            files[name.split("::")[0]] += self.seconds[name]  # type: ignore[assignment]
        return sorted(names, key=lambda name: (files[name.split("::")[0]], name.split("::")[0], self.seconds[name]))

    def run(self, mutant: Mutant) -> dict[str, Any]:
        file = self.tree / mutant.module
        code = file.read_text()
        tests = self.chosen(mutant)
        clean = sum(self.seconds[test] for test in tests)
        began = time.monotonic()
        try:
            file.write_text(mutated(code, mutant) or code)
            status = self._within(tests, PATIENCE * (clean + START_SECONDS), file, code)
            outcome = {None: "timed out", 0: "survived"}.get(status, "killed")
        finally:
            file.write_text(code)
        return {
            **asdict(mutant),
            "outcome": outcome,
            "seconds": round(time.monotonic() - began, 1),
            "tests": len(tests),
        }

    def _within(self, tests: list[str], limit: float, file: Path, code: str) -> int | None:
        """The exit status of the tests of a mutant; None if they take longer than the limit, and than five times what the
        clean code takes right after them."""
        changed, arguments = file.read_text(), [*PYTEST, "-x", *tests]
        status = self._forked(arguments, limit)
        if status is not None:
            return status
        file.write_text(code)
        began = time.monotonic()
        if self._forked(arguments, PATIENCE * limit) != 0:
            raise SystemExit(f"{self.package}: the tests of {file.name} fail, or do not end, without a mutant.")
        slower = PATIENCE * (time.monotonic() - began)
        if slower <= limit:
            return None
        file.write_text(changed)
        return self._forked(arguments, slower)

    def _python(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.tree, env={**os.environ, "PYTHONPATH": self.path}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip

    @property
    def path(self) -> str:
        return os.pathsep.join([str(self.tree), str(WORK / "tools")])

    def _forked(self, arguments: list[str], limit: float) -> int | None:
        """The exit status of pytest in a fork of this process, which has the libraries loaded: starting Python takes longer
        than most tests. At the limit, all of its processes end, and there is no status."""
        process = os.fork()
        if process == 0:
            try:
                os.setsid()
                os.chdir(self.tree)
                output = os.open(self.work / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(output, 1)
                os.dup2(output, 2)
                os.environ["PYTHONPATH"] = self.path
                sys.path[:] = [str(self.tree), *(entry for entry in sys.path if not entry.startswith(str(ROOT)))]
                main = types.ModuleType("__main__")  # as after `python -m pytest`, for processes that the tests start
                main.__spec__ = importlib.util.find_spec("pytest.__main__")
                sys.modules["__main__"] = main
                os._exit(int(pytest.main(arguments)))
            finally:
                os._exit(70)
        deadline = time.monotonic() + limit
        try:
            while time.monotonic() < deadline:
                ended, status = os.waitpid(process, os.WNOHANG)
                if ended:
                    return os.waitstatus_to_exitcode(status)
                time.sleep(0.05)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)  # also what it has left behind
        os.waitpid(process, 0)
        return None


LIBRARIES = ["cv2", "duckdb", "numpy", "pandas", "PIL.Image", "pypdfium2", "scipy.optimize"]
"""Those that the tests load in functions."""

PYTEST = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-m", "not live and not doctr"]


def _node_id(context: str, known: dict[str, float]) -> str | None:
    """pytest's name of a test function, from coverage's `package.module.function`."""
    parts = context.split(".")
    for length in range(len(parts) - 1, 0, -1):
        node = "/".join(parts[:length]) + ".py::" + "::".join(parts[length:])
        if node in known:
            return node
    return None


def try_package(package: str) -> list[dict[str, Any]]:
    """Try the sample; what was tried before is kept, survivors are tried again after a change of the tests."""
    results = WORK / f"{package.replace('/', '-')}.jsonl"
    kept = [json.loads(line) for line in results.read_text().splitlines()] if results.is_file() else []
    drawn, trial = sample(package), Trial(package)
    found = []
    for number, mutant in enumerate(drawn, 1):
        before = [row for row in kept if all(row[key] == value for key, value in asdict(mutant).items())]
        row = next((row for row in before if row["outcome"] != "survived" or row["state"] == trial.state), None)
        if row is None:
            row = {**trial.run(mutant), "state": trial.state}
            with results.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(
                f"{package} {number}/{len(drawn)} {row['outcome']:<9} {row['seconds']:5.1f} s  {mutant.module}:{mutant.line}",
                flush=True,
            )
        found.append(row)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("packages", nargs="*", help=f"default: all of {', '.join(PACKAGES)}")
    chosen = arguments.parse_args().packages or list(PACKAGES)
    WORK.mkdir(exist_ok=True)
    equivalent = yaml.safe_load((ROOT / "benchmarks" / "mutation.yaml").read_text()) or []
    table, remarks = [], []
    for package in chosen:
        rows = try_package(package)
        outcomes = Counter(row["outcome"] for row in rows)
        survived = [
            Mutant(**{key: row[key] for key in Mutant.__annotations__}) for row in rows if row["outcome"] == "survived"
        ]
        set_aside = [mutant for mutant in survived if any(mutant.same(entry) for entry in equivalent)]
        left = [mutant for mutant in survived if mutant not in set_aside]
        share = len(left) / max(len(rows) - len(set_aside), 1)
        reached = {row["module"] for row in rows}
        gaps = [str(file.relative_to(ROOT)) for file in modules(package) if str(file.relative_to(ROOT)) not in reached]
        table.append(
            (
                package,
                len(rows),
                outcomes["killed"],
                outcomes["timed out"],
                len(set_aside),
                len(left),
                f"{share:.1%}",
                len(gaps),
            )
        )
        remarks += [
            f"survived  {m.module}:{m.line} {m.operator}\n    {m.before.strip()}\n    {m.after.strip()}" for m in left
        ]
        remarks += [f"no mutant {gap}" for gap in gaps]
    print("\n| package | mutants | killed | timed out | equivalent | survived | share | modules without |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for columns in table:
        print("| " + " | ".join(map(str, columns)) + " |")
    print("\n".join(["", *remarks]))


if __name__ == "__main__":
    main()
