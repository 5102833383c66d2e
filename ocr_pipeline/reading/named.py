"""The files that the arguments of `ocr-pipeline read` name: files, folders, URLs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.walk import NOT_DOCUMENTS, walk
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.reading.files import NamedFile, failed

ARCHIVES = {b"PK\x03\x04": "ZIP", b"PK\x05\x06": "ZIP", b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7z", b"Rar!": "RAR"}


def named_files(arguments: Sequence[str], limits: Limits, downloads: Path) -> Iterator[NamedFile]:
    """Every file that the arguments name, in their order. Files of URLs are written to the folder `downloads`.

    A folder stands for the documents below it; label files, texts, hidden and unfinished files are skipped.
    """
    for argument in arguments:
        if "://" in argument:
            from ocr_pipeline.reading.download import downloaded

            yield from downloaded(argument, limits, downloads)
            continue
        path = Path(argument).expanduser()
        if not path.is_dir():
            yield _checked(argument, path)
            continue
        try:
            files = [file for file, kind in walk(path) if kind == "document"]
        except ConfigurationError as error:
            yield failed(argument, DocumentError("unreadable", str(error)))
            continue
        if not files:
            kinds = ", ".join(sorted(NOT_DOCUMENTS))
            yield failed(
                argument, DocumentError("missing_file", f"The folder contains no documents ({kinds} are skipped).")
            )
        for file in files:
            yield _checked(str(Path(argument) / file.relative_to(path)), file)


def _checked(name: str, path: Path) -> NamedFile:
    """Archives get their own sentence: the files in them can be read after they are unpacked."""
    try:
        if not path.exists():
            return failed(name, DocumentError("missing_file", "There is no such file or folder."))
        if not path.is_file():
            return failed(name, DocumentError("unsupported_type", "This is neither a file nor a folder."))
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        return failed(name, DocumentError("unreadable", f"The file cannot be read: {error.strerror}."))
    for magic, kind in ARCHIVES.items():
        if start.startswith(magic):
            message = f"This is a {kind} archive: unpack it, and read the folder."
            return failed(name, DocumentError("unsupported_type", message))
    return NamedFile(name, path)
