"""The state of files by which a change is noticed: size, times and inode, compared with `==` and never with a clock.

An equal state means equal content, so that the file need not be read: a new modification time can be set to an old one, a
change time cannot, and a file swapped by renaming has another inode.
"""

import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from ocr_pipeline.documents.bucket_files import STATE, object_state
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.transcripts import transcript_path

NONE = "-"
"""Of a file that does not exist."""
SCHEMAS = "schemas:"
TICK_NS, COARSE_TICK_NS = 20_000_000, 2_000_000_000
"""Two changes within a tick may have the same time: of Linux's clock for files, and of file systems with whole seconds."""


def document_state(source: SourceFile) -> str:
    """The state of a document file and its transcript."""
    return f"{_state(source.path)} {_state(transcript_path(source.path))}"


def label_state(source: SourceFile) -> str:
    """The state of the label file of a document, the decisions about it, and the schemas by which it is read."""
    files = f"{_state(source.label)} {_state(source.overrides)}"
    return f"{files} {SCHEMAS}{sha256('+'.join(source.shapes).encode()).hexdigest()[:12]}" if source.shapes else files


def unchanged_since(state: str, state_of: Callable[[SourceFile], str], source: SourceFile) -> str | None:
    """`state`, which was taken before files were read, if they are still in it; None if it says nothing about what was read:
    they changed meanwhile, or so recently that a further change could go unnoticed."""
    return state if state_of(source) == state and not _is_recent(state) else None


def _state(path: Path | str | None) -> str:
    """`size,mtime_ns,ctime_ns,inode`; of an object in a bucket, a hash of its ETag, size and time."""
    if path is not None and (state := object_state(path)) is not None:
        return state or NONE
    try:
        stat = os.stat(path) if path else None
    except OSError:
        stat = None
    return f"{stat.st_size},{stat.st_mtime_ns},{stat.st_ctime_ns},{stat.st_ino}" if stat else NONE


def _is_recent(state: str) -> bool:
    now = time.time_ns()
    for file in state.split():
        if file == NONE or file.startswith((SCHEMAS, STATE)):
            continue
        _, modified, changed, _ = map(int, file.split(","))
        tick = COARSE_TICK_NS if modified % 10**9 == changed % 10**9 == 0 else TICK_NS
        if abs(now - changed) <= tick:
            return True
    return False
