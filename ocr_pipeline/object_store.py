"""Buckets as `Blobs`, through obstore: Amazon S3 and servers that speak its protocol, Google, Azure, and `file://` folders.

Not for processes that are forked later: obstore has threads of its own. Ours are spawned.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from ocr_pipeline.blobs import Blob
from ocr_pipeline.deployment import Place
from ocr_pipeline.errors import ConfigurationError, WarehouseError
from ocr_pipeline.installing import extra_command

if TYPE_CHECKING:
    import obstore
    from obstore.store import ObjectStore

LISTED_AT_ONCE = 1000
DENIED = ("PermissionDeniedError", "UnauthenticatedError", "PermissionError")
NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")


class Bucket:
    """A bucket, or the part of it with a prefix. Opened when it is first used.

    Args:
        place: its URL, with what opens it.
        folder: a part of it, with `/` at its end; names are relative to it.

    Raises, in all methods:
        ConfigurationError: it does not exist, access is denied, or the package is missing. No message names a key.
        WarehouseError: the service does not answer.
    """

    def __init__(self, place: Place, folder: str = "") -> None:
        self.place = place
        self._folder = folder

    def __reduce__(self) -> tuple[type["Bucket"], tuple[Place, str]]:
        return (type(self), (self.place, self._folder))

    @cached_property
    def _store(self) -> "ObjectStore":
        with self._explained(""):
            return _opened(self.place)

    def read(self, name: str) -> bytes | None:
        found = self.fetch(name)
        return found[1] if found else None

    def fetch(self, name: str) -> tuple[Blob, bytes] | None:
        """What belongs together: the state of an object, and the content that it had in that state."""
        import obstore

        with self._explained(name):
            try:
                found = obstore.get(self._store, self._folder + name)
                return self._blob(found.meta), bytes(found.bytes())
            except FileNotFoundError as error:
                self._nothing(error)
                return None

    def head(self, name: str) -> Blob | None:
        """The state of one object, without a listing."""
        import obstore

        with self._explained(name):
            try:
                return self._blob(obstore.head(self._store, self._folder + name))
            except FileNotFoundError as error:
                self._nothing(error)
                return None

    def write(self, name: str, content: bytes) -> None:
        import obstore

        with self._explained(name):
            obstore.put(self._store, self._folder + name, content, attributes=self._attributes(name))

    def create(self, name: str, content: bytes) -> bool:
        """As `Blobs.create`, by a conditional request (If-None-Match: *): the service decides who was first."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._explained(name):
            try:
                obstore.put(self._store, self._folder + name, content, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def delete(self, name: str) -> None:
        import obstore

        with self._explained(name):
            try:
                obstore.delete(self._store, self._folder + name)
            except FileNotFoundError as error:
                self._nothing(error)

    def move(self, name: str, new: str) -> None:
        content = self.read(name)  # a rename of obstore is a copy that some servers refuse
        if content is not None:
            self.write(new, content)
            self.delete(name)

    def list(self, folder: str = "") -> Iterator[Blob]:
        import obstore

        with self._explained(folder):
            try:
                for chunk in obstore.list(self._store, f"{self._folder}{folder}" or None, chunk_size=LISTED_AT_ONCE):
                    yield from map(self._blob, chunk)
            except FileNotFoundError as error:
                self._nothing(error)

    def shown(self, name: str = "") -> str:
        return f"{self.place.url}/{self._folder}{name}".rstrip("/")

    def _blob(self, meta: "obstore.ObjectMeta") -> Blob:
        name = meta["path"].removeprefix(self._folder)
        return Blob(name, meta["size"], meta["last_modified"].timestamp(), meta["e_tag"])

    def _attributes(self, name: str) -> dict[str, str] | None:
        """Without the type, browsers offer pages of a report for download."""
        kind, _ = guess_type(name)
        return {"Content-Type": kind} if kind and not self.place.url.startswith("file:") else None

    def _nothing(self, error: FileNotFoundError) -> None:
        """There is no such object; in a bucket that does not exist, that is a mistake."""
        if any(code in str(error) for code in NO_BUCKET):
            raise error

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """Errors of the service as one sentence: its own words may quote a key."""
        try:
            yield
        except ImportError:
            command = extra_command("cluster")
            raise ConfigurationError(f"{self.place.url} needs the package obstore: {command}") from None
        except Exception as error:
            if not (type(error).__module__.startswith("obstore") or isinstance(error, OSError | ValueError)):
                raise
            raise self._sentence(type(error).__name__, str(error), self.shown(name)) from None

    def _sentence(self, kind: str, said: str, shown: str) -> ConfigurationError | WarehouseError:
        """`kind` and `said`: name and words of the error."""
        if kind == "FileNotFoundError" or any(code in said for code in NO_BUCKET):
            return ConfigurationError(f"The bucket of {self.place.url} does not exist.")
        if any(word in said for word in ("169.254.169.254", "metadata.google")):
            return ConfigurationError(f"No credentials for {shown}: set those of the provider in the environment.")
        if kind in DENIED or any(words in said for words in ("403 Forbidden", "401 Unauthorized", "ermission denied")):
            return ConfigurationError(f"Access to {shown} is denied: check the credentials and permissions.")
        return WarehouseError(f"{shown} cannot be used ({kind}): check address, network and settings, then run again.")


def _opened(place: Place) -> "ObjectStore":
    """The store of a place. Credentials that the file does not name are looked up by obstore as the provider's tools do."""
    from obstore.store import LocalStore, from_url

    parts = urlsplit(place.url)
    if parts.scheme == "file":
        root = Path(unquote(parts.path))
        if not root.is_absolute() or parts.netloc:
            raise ConfigurationError(f"{place.url}: write an absolute path, file:///folder.")
        if not root.is_dir():
            raise ConfigurationError(f"{place.url}: there is no such folder.")
        return LocalStore(root)
    settings: dict[str, object] = {}
    if place.anonymous:
        settings["skip_signature"] = True
    if parts.scheme == "s3":
        named = {
            "endpoint": place.endpoint,
            "region": place.region
            or os.environ.get("AWS_REGION")
            or os.environ.get("AWS_DEFAULT_REGION")
            or "us-east-1",
            "access_key_id": place.access_key_id,
            "secret_access_key": place.secret_access_key,
        }
        settings |= {name: value for name, value in named.items() if value}
        settings["virtual_hosted_style_request"] = place.endpoint is None
    elif parts.scheme == "az":
        named = {
            "account_name": place.access_key_id,
            "account_key": place.secret_access_key,
            "endpoint": place.endpoint,
        }
        settings |= {name: value for name, value in named.items() if value}
    options = {"allow_http": True} if (place.endpoint or "").startswith("http://") else None
    retries = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
    opened: ObjectStore = cast(Any, from_url)(
        place.url, config=settings or None, client_options=options, retry_config=retries
    )
    return opened
