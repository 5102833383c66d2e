"""Fetching a document by URL: http and https by Python's own client, everything else by fsspec.

A URL comes from a user, but what it leads to is somebody else's: the size is limited while it arrives, and a redirect stays on
the host that was named.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.reading.files import NamedFile, failed

if TYPE_CHECKING:
    from ocr_pipeline.documents.importers.source import Source

TIMEOUT, DEADLINE = 20.0, 120.0
"""Seconds without a byte, and in all."""
MAX_REDIRECTS = 5
_CHUNK = 1 << 16


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to the host and port that were named, and never from https to http."""

    max_redirections = MAX_REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        upgraded = (before.scheme, after.scheme) == ("http", "https") and (before.port, after.port) == (None, None)
        if before.hostname != after.hostname or not (_origin(before) == _origin(after) or upgraded):
            host = after.hostname or "?"
            raise DocumentError("unreadable", f"The server redirects to another host ({host}): name that URL yourself.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def downloaded(url: str, limits: Limits, folder: Path) -> Iterator[NamedFile]:
    """The documents behind a URL, written to `folder`. A folder of a file system stands for the documents below it."""
    shown = without_password(url)
    scheme = url.partition("://")[0].lower()
    try:
        if "::http://" in url.lower() or "::https://" in url.lower():
            raise DocumentError("unreadable", "Files inside others are not read over http: download the file first.")
        if scheme in ("http", "https"):
            target = _new_file(folder, unquote(Path(urlsplit(url).path).name) or "document")
            _fetch(url, limits, target)
            yield NamedFile(shown, target)
        else:
            yield from _from_file_system(url, shown, limits, folder)
    except DocumentError as error:
        yield failed(shown, error)
    except ConfigurationError as error:
        yield failed(shown, DocumentError("unreadable", str(error)))


def without_password(url: str) -> str:
    """A URL as it may be shown: without user name, password and query, which often is a signature."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    authority = authority.rpartition("@")[2] if "@" in authority and ":" in authority.split("@")[0] else authority
    return f"{scheme}://{authority}{slash}{path.partition('?')[0]}"


def _origin(parts: Any) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _fetch(url: str, limits: Limits, target: Path) -> None:
    """Raises DocumentError."""
    if "@" in urlsplit(url).netloc:
        raise DocumentError("unreadable", "A URL with user name or password is not supported: download the file first.")
    opener = urllib.request.build_opener(_SameHost())
    request = urllib.request.Request(url, headers={"User-Agent": "ocr_pipeline"})  # noqa: S310 - http or https
    try:
        with opener.open(request, timeout=TIMEOUT) as answer, target.open("wb") as file:
            _copy(answer, file, limits)
    except DocumentError:
        raise
    except urllib.error.HTTPError as error:
        raise DocumentError("unreadable", f"The server answers with status {error.code}.") from None
    except TimeoutError:
        raise DocumentError("unreadable", f"The server sends nothing for {TIMEOUT:.0f} s.") from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None)
        said = getattr(reason, "strerror", None) or type(reason or error).__name__
        raise DocumentError("unreadable", f"The URL cannot be read: {said}.") from None


def _copy(source: Any, target: IO[bytes], limits: Limits) -> None:
    """Copy at most `limits.max_bytes`, within the deadline. Raises DocumentError."""
    ends, size = time.monotonic() + DEADLINE, 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > limits.max_bytes:
            raise DocumentError("too_large", f"The file has more than {limits.max_bytes:,} bytes (limits.max_bytes).")
        if time.monotonic() > ends:
            raise DocumentError("unreadable", f"The download takes more than {DEADLINE:.0f} s.")
        target.write(chunk)


def _from_file_system(url: str, shown: str, limits: Limits, folder: Path) -> Iterator[NamedFile]:
    """Raises DocumentError, ConfigurationError."""
    from ocr_pipeline.documents.importers.source import documents_in, explained, open_source, relative_name

    with explained(shown):
        source = open_source(url)
        if not source.exists():
            raise DocumentError("missing_file", "There is no such file or folder.")
        is_folder = source.is_dir()
        files: list[Source] = documents_in(source) if is_folder else [source]
    if not files:
        raise DocumentError("missing_file", "The folder contains no documents.")
    for file in files:
        name = f"{shown.rstrip('/')}/{relative_name(file, source)}" if is_folder else shown
        target = _new_file(folder, file.name or "document")
        try:
            with explained(shown), file.open("rb") as opened, target.open("wb") as copy:
                _copy(opened, copy, limits)
        except DocumentError as error:
            yield failed(name, error)
        except ConfigurationError as error:
            yield failed(name, DocumentError("unreadable", str(error)))
        else:
            yield NamedFile(name, target)


def _new_file(folder: Path, name: str) -> Path:
    """A path of its own for a file of this name."""
    import tempfile

    safe = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)[-80:].lstrip(".")
    return Path(tempfile.mkdtemp(dir=folder)) / (safe or "document")
