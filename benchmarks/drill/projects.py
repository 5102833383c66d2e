"""Small projects for the drill: PDFs of one page with a text layer, the rules, and a backend that asks the stand-in."""

import random
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr_pipeline.project import Project
from ocr_pipeline_tests.files import add_file, add_label, text_pdf, write_backends

RULES, ASKING = "pdf-text+rules", "pdf-text+model"
CASE = re.compile(r"Case-?X(\d{5})")
"""What every document says about itself, in requests and stored calls."""


@dataclass(frozen=True)
class Document:
    """A document: its number, and the total on its page. `name` is its file.

    `scattered` words make its page look like no other one: look-alikes are compared pair by pair.
    """

    number: int
    total: str
    name: str
    scattered: int = 0

    @property
    def page(self) -> bytes:
        chance = random.Random(self.number)
        words = [(chance.randrange(10, 260), chance.randrange(10, 70), "lorem") for _ in range(self.scattered)]
        return text_pdf(
            [
                [
                    *words,
                    (20, 170, "Stand-In Supplies GmbH"),
                    (20, 140, f"Invoice CaseX{self.number:05}"),
                    (20, 110, "Date 2026-03-04"),
                    (20, 80, "Total EUR"),
                    (150, 80, self.total),
                ]
            ]
        )


def make_project(
    root: Path, url: str, seed: int, *, documents: int = 6, protocol: str = "gemini", **provider: Any
) -> list[Document]:
    """Write documents, labels and `backends.yaml`; runs nothing."""
    project, chance = Project(root), random.Random(seed)
    (root / "data" / "documents").mkdir(parents=True)
    made = []
    for index in range(documents):
        total = f"{chance.randrange(10, 900)}.{index:02}"
        made.append(Document(1000 * (seed % 90) + index, total, f"case{index}.pdf"))
        write_document(project, made[-1])
    configure(root, url, protocol, **provider)
    return made


def write_document(project: Project, document: Document) -> None:
    path = add_file(project, document.name, document.page)
    add_label(path, total_amount=document.total)


def configure(root: Path, url: str, protocol: str = "gemini", **provider: Any) -> None:
    """`backends.yaml` with the rules and one backend that asks the stand-in at `url`."""
    limits = {"concurrency": 4, "timeout": 5, "deadline": 60, "retries": 2, **provider}
    base = url if protocol == "gemini" else f"{url}/v1"
    options = {} if protocol == "gemini" else {"model": "local"}
    content = {
        "engines": {"pdf-text": None},
        "backends": {
            RULES: {"engine": "pdf-text", "extractor": "rules"},
            ASKING: {"engine": "pdf-text", "extractor": protocol, "options": options},
        },
        "providers": {protocol: {"base_url": base, **limits}},
    }
    write_backends(root, content)


def case_of(text: str) -> int | None:
    """The number of the document that a text is about."""
    found = CASE.search(text)
    return int(found[1]) if found else None


def tree_without(folder: Path, original: Path, module: str, old: str, new: str) -> Path:
    """A copy of the package in which one thing is taken out, to see the drill turn red. Returns its folder.

    Raises ValueError if the code does not have it: then the drill's own test has to be adapted.
    """
    shutil.copytree(original / "ocr_pipeline", folder / "ocr_pipeline")
    for name in ("ocr_pipeline_tests", "pyproject.toml", "workspace.yaml"):
        (folder / name).symlink_to(original / name)
    path = folder / module
    text = path.read_text("utf-8")
    if old not in text:
        raise ValueError(f"{module} does not contain {old!r}")
    path.write_text(text.replace(old, new), "utf-8")
    return folder


def revision() -> str:
    """The commit that is drilled."""
    command = ["git", "log", "-1", "--format=%h"]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).parent, check=False
    ).stdout.strip()
