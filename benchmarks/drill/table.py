"""The tries, kept as lines of JSON the moment they end, and the table that is made of them."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

COLUMNS = ("tries", "lost", "duplicated", "paid_twice", "crashed", "hung", "unclear")


@dataclass
class Try:
    """What one unit of a scenario found. `notes` are sentences about everything that is not zero.

    `not_run`: why it was not tried.
    """

    scenario: str
    seed: int
    what: str = ""
    tries: int = 1
    lost: int = 0
    duplicated: int = 0
    paid_twice: int = 0
    crashed: int = 0
    hung: int = 0
    unclear: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    not_run: str = ""

    @property
    def faults(self) -> int:
        return sum(getattr(self, name) for name in COLUMNS[1:])

    def line(self) -> str:
        """One line for the terminal: what was tried, with its seed, and what was wrong."""
        if self.not_run:
            return f"{self.scenario} seed={self.seed}: not run: {self.not_run}"
        wrong = ", ".join(f"{getattr(self, name)} {name}" for name in COLUMNS[1:] if getattr(self, name))
        text = f"{self.scenario} seed={self.seed} {self.seconds:.0f} s: {self.what}: {wrong or 'nothing'}"
        return "\n    ".join([text, *self.notes])


def keep(path: Path, result: Try) -> None:
    """Append a try to the file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(result)) + "\n")


def load(path: Path) -> list[Try]:
    """The tries of a file; a last line that was cut off is dropped."""
    found = []
    for line in path.read_text("utf-8").split("\n")[:-1] if path.exists() else []:
        found.append(Try(**json.loads(line)))
    return found


def table(results: Iterable[Try]) -> str:
    """The table in Markdown: a row per scenario in the order of the tries, and the sums."""
    rows: dict[str, list[Try]] = {}
    for result in results:
        rows.setdefault(result.scenario, []).append(result)
    lines = ["| scenario | " + " | ".join(COLUMNS).replace("_", " ") + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    ran = [result for group in rows.values() for result in group if not result.not_run]
    for name, group in rows.items():
        reason = next((result.not_run for result in group if result.not_run), "")
        if reason:
            lines.append(f"| {name} | not run: {reason} |" + " |" * (len(COLUMNS) - 1))
        else:
            lines.append(_row(name, group))
    return "\n".join([*lines, _row("all", ran)])


def _row(name: str, group: list[Try]) -> str:
    return f"| {name} | " + " | ".join(str(sum(getattr(one, column) for one in group)) for column in COLUMNS) + " |"
