"""`ocr-pipeline dev`: whom it lets in."""

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline.web.access import TOKEN_VARIABLE
from ocr_pipeline.web.serving import tell_login, url_of
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.server import dg_dev


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "192.0.2.1"], "'192.0.2.1' is not an address of this machine; choose another one with --host."),
        (["--host", "no-such-name.invalid"], "is not an address of this machine"),
        (["--host", "http://localhost"], "'http://localhost' is not a host name"),
        (["--allowed-host", "http://scans.lan:3000/"], "is not a host name; give names like invoices.example.com"),
        (
            ["--port", "TAKEN"],
            "Port TAKEN is in use; stop the program that uses it or choose another port with --port.",
        ),
    ],
)
def test_what_cannot_be_served_is_one_sentence(
    project: Project, monkeypatch: pytest.MonkeyPatch, taken: int, arguments: list[str], sentence: str
) -> None:
    answer = call(monkeypatch, "dev", *(argument.replace("TAKEN", str(taken)) for argument in arguments))
    assert answer.code == 1
    assert sentence.replace("TAKEN", str(taken)) in " ".join(answer.err.split())


def test_a_short_token_is_refused_and_not_repeated(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "tooshort")
    answer = call(monkeypatch, "dev")
    assert answer.code == 1
    assert "OCR_PIPELINE_TOKEN must have at least 16 characters" in " ".join(answer.err.split())
    assert "tooshort" not in answer.err + answer.out


def test_the_login_link_is_kept_out_of_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "login"
    file.write_text("an old one")
    file.chmod(0o666)
    assert tell_login("http://127.0.0.1:1/-/login?token=x", file) == f"Log in with the link in {file}"
    assert file.read_text() == "http://127.0.0.1:1/-/login?token=x\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "token=" not in tell_login("http://127.0.0.1:1/-/login?token=x", file, is_own=True)


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:3"), ("0.0.0.0", "http://127.0.0.1:3"), ("::", "http://[::1]:3"), ("a.b", "http://a.b:3")],
)  # fmt: skip
def test_addresses_can_be_opened(host: str, url: str) -> None:
    assert url_of(host, 3) == url


@pytest.mark.slow
def test_on_a_public_address_a_login_is_required(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    log = tmp_path / "log"
    with dg_dev(project, log, "--host", "0.0.0.0", "--allowed-host", "scans.test") as server:
        link = (project.dagster_home / "login").read_text().strip()
        token = link.partition("token=")[2]
        said = log.read_text()
        report = re.search(r"Report: http://scans\.test:(\d+)", said)
        assert report is not None
        for url in (f"{server.url}/runs", f"{server.url}/server_info", f"http://127.0.0.1:{report[1]}/"):
            assert _status(url) == 401
            assert _status(url, Host="example.com") == 403
        assert _status(f"{server.url}/server_info", Authorization=f"Bearer {token}") == 200
        assert _status(f"{server.url}/server_info", Authorization=f"Bearer {token}", Host="scans.test") == 200
        assert _status(f"http://127.0.0.1:{report[1]}/", Authorization=f"Bearer {token}") == 404  # no report yet
        environments = [Path(f"/proc/{process}/environ").read_bytes() for process in server.processes()]
        assert sum(token.encode() in environment for environment in environments) == 2  # the two servers
        assert not any(
            token.encode() in Path(f"/proc/{process}/cmdline").read_bytes() for process in server.processes()
        )
    assert "Other machines can reach this server (0.0.0.0)" in " ".join(log.read_text().split())
    assert token not in log.read_text()


def _status(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
