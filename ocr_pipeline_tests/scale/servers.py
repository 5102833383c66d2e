"""The servers of the scale tests: PostgreSQL on a Unix socket, moto as S3, Ray nodes in a network namespace.

Each is started by an ordinary user in a temporary folder and ends with its `with` block.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

POSTGRES_VARIABLE = "OCR_PIPELINE_SCALE_POSTGRES"
"""The socket folder of a server that runs already: inside a user namespace none can be started."""
PORT = 5432


class CannotRun(Exception):
    """Why a server cannot be started here, as one sentence."""


@dataclass(frozen=True)
class Postgres:
    """A server on a Unix socket in `folder`; its only user is `ocr`, without a password."""

    folder: Path

    def url(self, database: str) -> str:
        """The address of a database, as libpq and SQLAlchemy take it."""
        return f"postgresql://ocr@/{database}?host={self.folder}&port={PORT}"

    def dsn(self, database: str = "postgres") -> str:
        """The same as a libpq connection string."""
        return f"host={self.folder} port={PORT} user=ocr dbname={database}"

    def create(self, prefix: str = "test") -> str:
        """Make a new, empty database; returns its name."""
        import psycopg2

        name = f"{prefix}_{uuid4().hex[:12]}"
        connection = psycopg2.connect(self.dsn())
        connection.autocommit = True
        try:
            connection.cursor().execute(f"CREATE DATABASE {name}")
        finally:
            connection.close()
        return name


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start PostgreSQL, or use the one of `POSTGRES_VARIABLE`. Raises CannotRun."""
    if running := os.environ.get(POSTGRES_VARIABLE):
        yield Postgres(Path(running))
        return
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(programs[-1]) if programs else None)
    if found is None:
        raise CannotRun("PostgreSQL is not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="ocr-pg-", dir="/tmp"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    folder.chmod(0o755)
    data, control = folder / "data", str(Path(found).with_name("pg_ctl"))
    options = f"-p {PORT} -c listen_addresses= -c unix_socket_directories={folder} -c max_connections=300 -c fsync=off"
    try:
        _call([*as_user, found, "-D", str(data), "-U", "ocr", "-A", "trust", "--no-sync", "-E", "UTF8"])
        _call([*as_user, control, "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start"])
        try:
            yield Postgres(folder)
        finally:
            _call([*as_user, control, "-D", str(data), "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _call(command: list[str]) -> None:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise CannotRun(f"{Path(command[-1]).name} of PostgreSQL fails: {(done.stderr or done.stdout).strip()[-300:]}")


@dataclass(frozen=True)
class S3:
    """An S3 server. `log` has one line per request, as `"GET /bucket/key HTTP/1.1" 200`."""

    endpoint: str
    log: Path
    environment: dict[str, str] = field(
        default_factory=lambda: {
            "AWS_ACCESS_KEY_ID": "scale",
            "AWS_SECRET_ACCESS_KEY": "scale-secret",
            "AWS_REGION": "us-east-1",
        }
    )

    def create(self, prefix: str = "bucket") -> str:
        """Make a new, empty bucket; returns its name."""
        name = f"{prefix}-{uuid4().hex[:12]}"
        key = "AWS4-HMAC-SHA256 Credential=scale/20260101/us-east-1/s3/aws4_request"
        urlopen(Request(f"{self.endpoint}/{name}", method="PUT", headers={"Authorization": key}), timeout=30).close()
        return name

    def requests(self, method: str, bucket: str) -> list[str]:
        """The paths of the requests that were made to a bucket with this method."""
        lines = [line.partition('"')[2].split(" ") for line in self.log.read_text("utf-8").splitlines()]
        return [line[1] for line in lines if line[0] == method and line[1].startswith(f"/{bucket}")]


@contextmanager
def s3_server() -> Iterator[S3]:
    """Start moto's S3 on a free port of the loopback address. Raises CannotRun."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="ocr-s3-", dir="/tmp"))
    log = folder / "log"
    try:
        with log.open("w") as output:
            command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
            server = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            if not until(lambda: server.poll() is not None or _answers(port)) or server.poll() is not None:
                raise CannotRun("moto's S3 server does not start (pip install 'moto[server,s3]')")
            yield S3(f"http://127.0.0.1:{port}", log)
        finally:
            server.kill()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def with_keys(s3: S3) -> Iterator[None]:
    """The keys in the environment: of this process and of the nodes that it starts."""
    before = {name: os.environ.get(name) for name in s3.environment}
    os.environ.update(s3.environment)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def until(condition: Callable[[], Any], seconds: float = 60) -> bool:
    """Wait until a condition holds; False after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@dataclass
class RayCluster:
    """A head without CPUs and the nodes that were added. `address` is for `workers.address`; `dashboard` takes jobs."""

    address: str
    _cluster: Any
    dashboard: str = ""
    _nodes: list[Any] = field(default_factory=list)
    _added: int = 0

    def add_node(self, cpus: int = 1, resources: Mapping[str, float] | None = None) -> Any:
        """Start a node; it takes about 4 seconds. `resources`: others than CPUs."""
        self._added += (
            1  # a loopback address of its own, as if it were another machine: a driver connects to the head's
        )
        address = f"127.0.1.{self._added}"
        node = self._cluster.add_node(
            num_cpus=cpus, resources=resources, object_store_memory=80_000_000, node_ip_address=address
        )
        self._nodes.append(node)
        return node

    def kill_node(self, node: Any) -> None:
        """`kill -9` a node and all that runs there, as when its machine loses power."""
        self._nodes.remove(node)
        pids = [info.process.pid for infos in node.all_processes.values() for info in infos]
        for pid in pids:  # it starts and reports nothing any more
            os.kill(pid, signal.SIGSTOP)
        workers = [child for pid in pids for child in _children(pid)]
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._cluster.remove_node(node, allow_graceful=False)

    @property
    def nodes(self) -> list[Any]:
        """The nodes that live."""
        return list(self._nodes)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                found += [child, *_children(child)]
    return found


@contextmanager
def ray_cluster(nodes: int = 2, cpus: int = 1, dashboard: bool = False) -> Iterator[RayCluster]:
    """Start a head and nodes. Raises CannotRun outside a network namespace: Ray listens on all addresses.

    `dashboard`: with the server that takes jobs; it needs `ray[default]`.
    """
    if [name for _, name in socket.if_nameindex() if name != "lo"]:
        raise CannotRun("Ray is tested in a network namespace of its own only (unshare -rn)")
    folder = Path(tempfile.mkdtemp(prefix="ocr-ray-", dir="/tmp"))
    before = os.environ.get("RAY_TMPDIR")
    os.environ.update(
        RAY_TMPDIR=str(folder),
        RAY_USAGE_STATS_ENABLED="0",
        RAY_health_check_period_ms="1000",
        RAY_health_check_failure_threshold="3",
        RAY_health_check_timeout_ms="5000",
        RAY_kill_child_processes_on_worker_exit="0",
    )
    import ray
    from ray.cluster_utils import Cluster

    head: dict[str, Any] = {"num_cpus": 0, "include_dashboard": dashboard, "object_store_memory": 80_000_000}
    head["dashboard_agent_listen_port"] = 0  # jobs go through it; by default all clusters of a host have the same
    try:
        started = RayCluster("", Cluster(initialize_head=True, head_node_args=head))
        started.address = started._cluster.address
        if dashboard:
            started.dashboard = f"http://{started._cluster.head_node.webui_url}"
        try:
            for _ in range(nodes):
                started.add_node(cpus)
            yield started
        finally:
            ray.shutdown()
            started._cluster.shutdown()
    finally:
        os.environ.pop("RAY_TMPDIR") if before is None else os.environ.update(RAY_TMPDIR=before)
        shutil.rmtree(folder, ignore_errors=True)
