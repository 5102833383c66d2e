"""`ocr-pipeline backends add`: the file as its author left it, one entry more, after one real call."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ocr_pipeline.backends.adding import with_entry
from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.models.types import Usage
from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline_tests.cli.command import Result, call
from ocr_pipeline_tests.standin import StandIn

CONFIG = """\
# mine
engines:
  pdf-text:   # the text layer

backends:
    first:           # indented by four
        engine: pdf-text
        extractor: rules
        # a comment at the end of an entry

# a comment between sections
limits: {max_pages: 7}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "backends.yaml").write_text(CONFIG)
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    return Project(tmp_path)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def add(project: Project, monkeypatch: pytest.MonkeyPatch) -> "Add":
    return Add(monkeypatch)


class Add:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments: str) -> Result:
        return call(self.monkeypatch, "backends", "add", *arguments)


def test_a_server_of_ones_own_costs_nothing(add: Add, project: Project, standin: StandIn) -> None:
    done = add("ollama", "--model", "qwen3", "--url", f"{standin.url}/v1", "--engine", "pdf-text")
    assert (done.code, done.err) == (0, "")
    assert len(standin.seen) == 1
    assert "costs nothing" in done.out
    text = project.config_file.read_text()
    for line in CONFIG.splitlines():
        assert line in text.splitlines(), "every line of the author is kept"
    backends = load_backends(project)
    assert list(backends) == ["first", "pdf-text+ollama"]
    provider = backends.providers["ollama"]
    assert provider.api_key_env is None
    rates = provider.rates("qwen3", date(2026, 11, 28))
    assert rates is not None
    assert rates.cost(Usage(input=1000, output=1000), batch=False) == 0
    again = add("ollama", "--model", "qwen3-vl", "--name", "second")
    assert again.code == 0, "the provider that is there is used"
    assert len(standin.seen) == 2


def test_gemini_is_proved_and_priced(
    add: Add, project: Project, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "CANARY-KEY")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", standin.url)
    done = add("gemini")
    assert (done.code, done.err) == (0, "")
    assert "about 0.0" in done.out
    text = project.config_file.read_text()
    assert "CANARY" not in text + done.out
    assert "never the key itself" in text
    assert "gemini-pages" in load_backends(project)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gemini",), "GEMINI_API_KEY is not set"),
        (("ollama", "--url", "http://127.0.0.1:1/v1"), "--no-check writes the entry anyway"),
        (("nothing",), "Unknown service 'nothing'"),
        (("gemini", "--engine", "none"), "Unknown engine 'none'"),
        (("gemini", "--name", "first"), "already"),
        (("vllm",), "--model is missing"),
        (("openai", "--price", "cheap", "--no-check"), "--price is 0, or two numbers"),
        (("gemini", "--name", "A B", "--no-check"), "should match pattern"),
    ],
)
def test_a_mistake_leaves_the_file_as_it_is(
    add: Add, project: Project, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    done = add(*arguments)
    assert done.code == 1
    assert words in done.err
    assert project.config_file.read_text() == CONFIG
    assert [path.name for path in project.root.iterdir()] == ["backends.yaml"]


def test_a_wrong_key_is_said(add: Add, project: Project, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "CANARY-KEY")
    standin.then("wrong_key", "wrong_key")
    done = add("azure", "--model", "mine", "--url", f"{standin.url}/v1")
    assert done.code == 1
    assert "Nothing was written" in done.err
    assert "CANARY" not in done.err
    assert project.config_file.read_text() == CONFIG


def test_an_imported_file_and_the_list(add: Add, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    done = add("file", "--name", "textract")
    assert "import predictions FILE --backend textract" in done.out
    for arguments in (("backends",), ("backends", "--json"), ("backends", "list")):
        assert "textract" in call(monkeypatch, *arguments).out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n  x: 1 # one\n\n# end\n", "a:\n  x: 1 # one\n  new: 2\n\n# end\n"),
        ("a:\nb: 1\n", "a:\n  new: 2\nb: 1\n"),
        ("b: 1\n", "b: 1\n\na:\n  new: 2\n"),
        ("a:\n  x: |\n    text\n\nb: 1\n", "a:\n  x: |\n    text\n\n  new: 2\nb: 1\n"),
        ("a:\n  x: {k: 1,\n     l: 2}\n# c", "a:\n  x: {k: 1,\n     l: 2}\n  new: 2\n# c\n"),
        ("a:\n  x:\n  - 1\n  - 2\nb: 1\n", "a:\n  x:\n  - 1\n  - 2\n  new: 2\nb: 1\n"),
    ],
)
def test_where_an_entry_goes(text: str, expected: str) -> None:
    assert with_entry(text, "a", "new: 2\n") == expected


def test_a_section_in_one_line_is_left_to_its_author() -> None:
    with pytest.raises(ConfigurationError, match="by hand"):
        with_entry("a: {x: 1}\n", "a", "new: 2\n")
