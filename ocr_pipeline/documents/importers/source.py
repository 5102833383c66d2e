"""The source of an import: a local path, or a URL of any file system that fsspec supports.

~/invoices    s3://bucket/invoices    zip://invoices::receipts.zip    github://owner:repository@main/invoices
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from upath import UPath

from ocr_pipeline.documents.walk import NOT_DOCUMENTS, is_unfinished
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError

Source: TypeAlias = Path | UPath
"""A folder or file to import. Both classes have the methods of `pathlib.Path`."""


def open_source(text: str) -> Source:
    """Parse a path or URL as typed by the user. Does not connect.

    Raises:
        ConfigurationError: the file system is unknown, or its package is not installed.
    """
    if "://" not in text:
        return Path(text).expanduser()
    with explained(text):
        source = UPath(text)
        _ = source.fs  # imports the package of the file system
        return source


def name_of(source: Source) -> str:
    """The name of a folder; for the root of an archive, the archive's: `receipts` for `zip://::/tmp/receipts.zip`."""
    return source.name if source.name else Path(str(source).rpartition("::")[2]).stem


def require_folder(source: Source) -> None:
    """Raise a ConfigurationError if a source is no folder."""
    if source.is_file():
        raise ConfigurationError(f"{source} is a file, not a folder: import the folder it is in.")
    if not source.is_dir():
        raise ConfigurationError(f"{source} is not a folder.")


def documents_in(folder: Source) -> list[Source]:
    """All visible, finished files below a folder that may be documents, sorted by path."""
    files: list[Source] = sorted(folder.rglob("*"), key=str)
    return [
        file
        for file in files
        if file.suffix.lower() not in NOT_DOCUMENTS
        and not is_unfinished(file.name)
        and not any(part.startswith(".") for part in relative_name(file, folder).split("/"))
        and file.is_file()
    ]


def relative_name(file: Source, folder: Source) -> str:
    """The POSIX path of a file relative to a folder."""
    return file.relative_to(folder).as_posix()  # type: ignore[arg-type]


@contextmanager
def explained(source: object) -> Iterator[None]:
    """Turn exceptions of remote file systems into one sentence. Our own exceptions pass through."""
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            f"{_shown(source)} needs a package that is not installed: {_sentence(error)}"
        ) from None
    except OcrPipelineError:
        raise
    except ValueError as error:
        if "nsupported filesystem" in str(error) or "Protocol not known" in str(error):
            name = str(source).partition("://")[0]
            raise ConfigurationError(f"{name}:// is not a file system supported by fsspec.") from None
        raise ConfigurationError(f"{_shown(source)} cannot be read: {type(error).__name__}.") from None
    except Exception as error:  # noqa: BLE001 - every remote file system has its own exceptions
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(f"{_shown(source)} cannot be read: {reason}.") from None


def _shown(source: object) -> str:
    """A URL without user name and password."""
    scheme, separator, rest = str(source).partition("://")
    user, at, host = rest.partition("@")
    return f"{scheme}{separator}{host}" if at and ":" in user and "/" not in user else f"{scheme}{separator}{rest}"


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith(".") else f"{text}."
