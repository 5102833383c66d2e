"""What a loss of power would leave: contents that were never synced are gone, and so are names whose folder was not.

A killed process leaves its writes in the page cache; so the journal says what a disk would have had.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Disk:
    """The result store according to the journal. `promised`: by path, the entries that `put` has returned for."""

    content: dict[Path, bool] = field(default_factory=dict)  # whether it was synced before it got its name
    name: dict[Path, bool] = field(default_factory=dict)  # whether its folder was synced afterwards
    promised: set[Path] = field(default_factory=set)


def read_disk(journal: Path) -> Disk:
    """The state of the entries at the end of the journal."""
    disk, synced, waiting = Disk(), set[str](), dict[str, list[Path]]()
    for words in events(journal):
        match words:
            case ["sync", inode]:
                synced.add(inode)
                for path in waiting.pop(inode, []):
                    disk.name[path] = True
            case ["rename", inode, folder, name]:
                path = Path(name)
                disk.content[path] = inode in synced
                disk.name[path] = False
                synced.discard(inode)  # the number of a deleted file is given to another one
                waiting.setdefault(folder, []).append(path)
            case ["put", _, name]:
                disk.promised.add(Path(name))
    return disk


def lose_power(journal: Path, results: Path) -> int:
    """Take away from the result store what was not synced. Returns the number of entries that are damaged or gone."""
    disk, lost = read_disk(journal), 0
    for path in disk.promised | set(disk.content):
        if results not in path.parents or not path.exists():
            continue
        if not disk.name.get(path, False):  # written in place, or its name was not synced
            path.unlink()
            lost += 1
        elif not disk.content[path]:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            lost += 1
    return lost


def events(journal: Path) -> Iterator[list[str]]:
    """The lines of a journal, whose last one may be incomplete."""
    if journal.exists():
        for line in journal.read_text(errors="surrogateescape").split("\n")[:-1]:
            yield line.split("\t")


def unanswered(journal: Path) -> Counter[int]:
    """By document, the runs that asked for it and ended before the reply was stored: each explains one more request.

    From the journal and not from what is stored in the end: another run may have stored it since.
    """
    asked: dict[tuple[str, str], int] = {}
    for words in events(journal):
        match words:
            case ["ask", run, key, number] if number:
                asked[run, key] = int(number)
            case ["answered", run, key]:
                asked.pop((run, key), None)
    return Counter(asked.values())


def moments(journal: Path) -> list[str]:
    """The moments of a run, in their order."""
    return [words[1] for words in events(journal) if words[0] == "moment"]
