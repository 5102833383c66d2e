"""The templates of pages, compiled once per installation: to compile those of the report takes longer than to fill them."""

import hashlib
import os
import pickle
import sys
from contextlib import suppress
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import BytecodeCache, ChoiceLoader, Environment, PackageLoader, StrictUndefined

from ocr_pipeline.untrusted import visible

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


def environment(*packages: str) -> Environment:
    """The templates of these packages, the first one first, and of the report."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, "ocr_pipeline.report")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        bytecode_cache=CompiledTemplates(Path(cache_from_source(__file__)).parent),
    )
    made.filters["visible"] = lambda text, longest=2000: visible(str(text), longest=longest)
    return made


class CompiledTemplates(BytecodeCache):
    """Files beside Python's compiled modules, where only those can write who can change the code itself.

    Jinja compares the source of a template and the version of Python; the names have its own version, and this module for the
    options.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        made_by = version("jinja2").encode() + Path(__file__).read_bytes()
        self._made_by = hashlib.sha256(made_by).hexdigest()[:10]

    def load_bytecode(self, bucket: "Bucket") -> None:
        # A file that is missing, or was damaged, is made again.
        with suppress(OSError, EOFError, ValueError, pickle.UnpicklingError), self._path(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: "Bucket") -> None:
        if sys.dont_write_bytecode:
            return
        path = self._path(bucket)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(OSError):  # the installation is read-only
            temporary.write_bytes(bucket.bytecode_to_string())
            temporary.replace(path)

    def _path(self, bucket: "Bucket") -> Path:
        return self._folder / f"{bucket.key}-{self._made_by}.template"
