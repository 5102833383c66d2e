"""`deployment.yaml`: where a project's work is done and where its data lies. The file and all of its keys are optional.

Without it everything is on one machine: local processes, one DuckDB file, folders of the project.
"""

import os
import re
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from ocr_pipeline.project import DEPLOYMENT_FILE as DEPLOYMENT_FILE
from ocr_pipeline.yaml_files import load_yaml

if TYPE_CHECKING:
    from ocr_pipeline.project import Project

BUCKET_SCHEMES = ("s3", "gs", "az", "file")
"""What obstore opens; `file://` is a folder that is treated as a bucket, for trials and network drives."""
POSTGRES_SCHEMES = ("postgresql", "postgres")

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/?#:@]*:(?!\d{1,5}[/?])(?P<secret>.*)@", re.IGNORECASE)
# Not `sslkey`, which is the path of a file.
_SECRET_PARAMETER = re.compile(
    r"[?&;](?!sslkey=)[^=&;]*(?:password|secret|token|key)[^=&;]*=(?P<secret>[^&;]*)", re.IGNORECASE
)


def _scheme(url: str) -> str:
    """The scheme of `scheme://...`; "" for a path."""
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator else ""


def _resolved(value: object) -> object:
    """A text of the file with the environment's values for its `${VARIABLES}`; secrets may be given only in this way.

    In the password and user name of a URL the values are percent-encoded, so that any character may be in them.
    """
    if not isinstance(value, str):
        return value
    secrets = [*_PASSWORD.finditer(value), *_SECRET_PARAMETER.finditer(value)]
    if any(match["secret"] and not _VARIABLE.fullmatch(match["secret"]) for match in secrets):
        raise ValueError("a password does not belong in this file: write ${VARIABLE} and set it in the environment")
    after_user = value.rfind("@") if "://" in value else -1

    def content(match: re.Match[str]) -> str:
        found = os.environ.get(match[1], "")
        if not found:
            raise ValueError(f"the environment variable {match[1]} is not set")
        return quote(found, safe="") if match.end() <= after_user else found

    return _VARIABLE.sub(content, value)


def _from_environment(value: object) -> object:
    if isinstance(value, str) and not _VARIABLE.fullmatch(value):
        raise ValueError("a secret does not belong in this file: write ${VARIABLE} and set it in the environment")
    return _resolved(value)


Text = Annotated[str, Field(min_length=1), BeforeValidator(_resolved)]
"""Text in which `${VARIABLE}` stands for a value of the environment."""

Secret = Annotated[str, Field(min_length=1), BeforeValidator(_from_environment)]
"""Nothing but `${VARIABLE}`."""


class Section(BaseModel):
    """A part of the file: unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Named(Section):
    """A section that may be written as its URL alone."""

    @model_validator(mode="before")
    @classmethod
    def _url_alone(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """A URL may have a password in it."""
        for name, value in super().__repr_args__():
            yield name, without_password(value) if isinstance(value, str) else value


class TaskResources(Section):
    """What a cluster reserves for one document at a time."""

    cpus: Annotated[float, Field(gt=0)] = 1.0
    gpus: NonNegativeFloat = 0.0


class Workers(Section):
    """Where pages are recognised and documents extracted. `ray`: on the cluster at `address`.

    `address`: `ray://HEAD:10001` from anywhere in the private network; on a node also `HEAD:6379`, or `auto`. `tasks`: what an
    engine or extractor needs that `cpus_per_task` and `gpus_per_task` do not say, by its id (`doctr`). `shared_folder`: every
    node has the project's folder at the same path, so that documents need not be sent.
    """

    kind: Literal["local", "ray"] = "local"
    address: Text = "auto"
    cpus_per_task: Annotated[float, Field(gt=0)] = 1.0
    gpus_per_task: NonNegativeFloat = 0.0
    tasks: dict[str, TaskResources] = {}
    shared_folder: bool = False


class Database(Named):
    """The warehouse: a DuckDB file, `postgresql://user:${PASSWORD}@host/database`, or `md:NAME` (MotherDuck)."""

    url: Text = "data/warehouse.duckdb"

    @property
    def kind(self) -> Literal["duckdb", "postgres", "motherduck"]:
        """Which program holds the tables."""
        if self.url.startswith("md:"):
            return "motherduck"
        return "postgres" if _scheme(self.url) in POSTGRES_SCHEMES else "duckdb"

    @field_validator("url")
    @classmethod
    def _is_known(cls, value: str) -> str:
        scheme = _scheme(value)
        if scheme and scheme not in POSTGRES_SCHEMES:
            raise ValueError(f"{scheme}:// is not a database: write a path, postgresql:// or md:")
        return value


class Place(Named):
    """A folder of the project or of this machine, or a part of a bucket: `s3://bucket/prefix`, `gs://`, `az://`, `file://`.

    `endpoint` and `region` are for servers other than the provider's own. Credentials are taken from the environment as the
    provider's own tools do (AWS_ACCESS_KEY_ID, ...); `anonymous: true` signs no request.
    """

    url: Text
    endpoint: Text | None = None
    region: Text | None = None
    anonymous: bool = False
    access_key_id: Secret | None = Field(default=None, repr=False)
    secret_access_key: Secret | None = Field(default=None, repr=False)

    @property
    def remote(self) -> bool:
        """Whether it is opened as a bucket, not as a folder."""
        return bool(_scheme(self.url))

    @field_validator("url")
    @classmethod
    def _is_known(cls, value: str) -> str:
        scheme = _scheme(value)
        if scheme and scheme not in BUCKET_SCHEMES:
            names = ", ".join(f"{name}://" for name in BUCKET_SCHEMES)
            raise ValueError(f"{scheme}:// is not known: write a folder, or one of {names}")
        if scheme and scheme != "file" and not urlsplit(value).netloc:
            raise ValueError("the name of the bucket is missing")
        parts = (*PurePosixPath(value).parts, *PureWindowsPath(value).parts)
        if ".." in parts:
            raise ValueError("must not contain ..")
        return value.rstrip("/") or value


class Documents(Place):
    """Documents in a bucket that make up the data set `name`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$", max_length=60)]


class RunLauncher(Section):
    """Whole runs as jobs of a Ray cluster. `address`: the dashboard of its head, `http://HEAD:8265`.

    `cpus` and `resources` are what a node reserves for the run itself; what it hands to the workers is beside that.
    """

    address: Annotated[Text, Field(pattern=r"^https?://[^/@]+/?$")]
    cpus: NonNegativeFloat = 1.0
    resources: dict[str, Annotated[float, Field(gt=0)]] = {}


class Instance(Section):
    """Dagster's runs, events and schedules: SQLite in `.dagster/`, or the PostgreSQL database at `postgres_url`.

    `run_launcher`: where the runs of the UI, of sensors and schedules work; not set: on the machine of the daemon.
    """

    postgres_url: Text | None = Field(default=None, repr=False)
    run_launcher: RunLauncher | None = None

    @field_validator("postgres_url")
    @classmethod
    def _is_postgres(cls, value: str | None) -> str | None:
        if value is not None and _scheme(value) not in POSTGRES_SCHEMES:
            raise ValueError("must be a postgresql:// URL")
        return value


class Shards(Section):
    """Whether Dagster's partitions are `count` shards by hash instead of single documents: `ocr-pipeline shards on` or `off`
    sets `enabled`. With more than `from_documents` documents a run recommends it."""

    enabled: bool = False
    from_documents: PositiveInt = 20_000
    count: Annotated[int, Field(ge=1, le=4096)] = 256

    @property
    def in_use(self) -> int:
        """The number of shards; 0: each document is a partition."""
        return self.count if self.enabled else 0


def _names_differ(value: tuple[Documents, ...]) -> tuple[Documents, ...]:
    if len({entry.name for entry in value}) < len(value):
        raise ValueError("two entries have the same name")
    return value


class Deployment(Section):
    """The content of `deployment.yaml`.

    `store` holds `results/`, `models/` and `predictions/`; `report` is the folder or bucket of the HTML report.
    """

    workers: Workers = Workers()
    warehouse: Database = Database()
    store: Place = Place(url="data")
    documents: Annotated[tuple[Documents, ...], AfterValidator(_names_differ)] = ()
    report: Place = Place(url="data/report")
    instance: Instance = Instance()
    shards: Shards = Shards()

    @model_validator(mode="after")
    def _runs_share_servers(self) -> "Deployment":
        """A run on another machine opens the same tables, and its locks show there that it is alive."""
        if self.instance.run_launcher and not (self.instance.postgres_url and self.warehouse.kind == "postgres"):
            raise ValueError("instance.run_launcher needs instance.postgres_url and a warehouse on postgresql://")
        return self


def load_deployment(project: "Project") -> Deployment:
    """The content of the file, or the defaults without it.

    Raises:
        ConfigurationError: the file is invalid, or a variable that it names is not set; the message names the line.
    """
    path = project.root / DEPLOYMENT_FILE
    return load_yaml(path, Deployment)[0] if path.is_file() else Deployment()


def recommendation(shards: Shards, documents: int) -> str | None:
    """What to do about very many documents, as a sentence; None if nothing."""
    if shards.enabled or documents <= shards.from_documents:
        return None
    return (
        f"{documents:,} documents are more than shards.from_documents ({shards.from_documents:,}): Dagster's pages and runs "
        "get slow with a partition for each. `ocr-pipeline shards on --dry-run` shows what a switch to shards does; this run "
        "switches nothing."
    )


def without_password(url: str) -> str:
    """A URL as it may be shown: without its user, password and parameters."""
    if not _scheme(url):
        return url.partition("?")[0]
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
