"""The Tesseract of this system: its version and language data, or why it cannot be used."""

import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel

MAX_ANSWER_SECONDS = 10
"""Seconds that Tesseract has to say its version."""


class Installation(BaseModel):
    """The installed version, the folder of the language data, and its languages."""

    version: str
    folder: Path
    languages: tuple[str, ...]

    def data_sha256(self, languages: tuple[str, ...]) -> str:
        """Hash of the data of these languages: fast and accurate data of a version have the same file name."""
        digest = sha256()
        for path in (self.folder / f"{name}.traineddata" for name in languages):
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest()[:16]


def find_installation() -> Installation | str:
    """The installation, or why there is none."""
    command = shutil.which("tesseract")
    return _asked(command) if command else "tesseract is not installed (Debian: apt install tesseract-ocr)"


def _asked(command: str) -> Installation | str:
    try:
        first, *_ = _output(command, "--version").splitlines() or [""]
        listed = _output(command, "--list-langs").splitlines()
    except subprocess.TimeoutExpired:
        return f"`{command} --version` does not answer within {MAX_ANSWER_SECONDS} s: is its disk or its installation damaged?"
    except OSError as error:
        return f"{command} cannot be started: {error.strerror}"
    folder = re.search(r'"(.+)"', listed[0] if listed else "")
    return Installation(
        version=first.removeprefix("tesseract "),
        folder=Path(folder[1] if folder else ""),
        languages=tuple(line.strip() for line in listed[1:]),
    )


def _output(command: str, option: str) -> str:
    process = subprocess.run(  # noqa: S603 - found on the PATH
        [command, option], capture_output=True, text=True, check=False, timeout=MAX_ANSWER_SECONDS, errors="replace"
    )
    return process.stdout or process.stderr  # version 3 prints to stderr
