import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.ocr.pdf_text import PdfText
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.project import Project
from ocr_pipeline.store import fingerprint
from ocr_pipeline_tests.files import PLUGINS
from ocr_pipeline_tests.plugins import FirstAmount, PixelEngine

ROOT = Path(__file__).resolve().parents[1]
ENGINES = {"pdf-text": None}
FIRST = f"{PLUGINS}:FirstAmount"
BACKENDS = {"b": {"engine": "pdf-text", "extractor": FIRST}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "backends.yaml"


def complaint(path: Path, content: Any) -> str:
    """The message about a wrong file: one sentence that begins with the file's name. Without the line of a dumped one."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), "utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_backends(Project(path.parent))
    message = str(error.value)
    assert message.startswith("backends.yaml")
    assert message.endswith(".")
    assert "\n" not in message
    assert "SECRET" not in message
    return message if isinstance(content, str | bytes) else re.sub(r", line \d+", "", message)


def test_the_file_of_the_repository() -> None:
    configured = load_backends(Project(ROOT))
    assert isinstance(configured.engines["rapidocr"].component, RapidOcr)
    assert isinstance(configured.engines["pdf-text"].component, PdfText)
    assert {"rapidocr+rules", "pdf-text+rules", "gemini-vision", "rapidocr+gemini"} <= set(configured)
    assert configured["rapidocr+rules"].unavailable() is None
    assert configured.limits.max_bytes == 50_000_000


def test_classes_of_your_own(path: Path) -> None:
    path.write_text(
        f"""
        engines:
          one: {{type: "{PLUGINS}:PixelEngine", options: {{version: 7}}}}
          two: {{type: pdf-text}}
        backends:
          one+first: {{engine: one, extractor: "{PLUGINS}:FirstAmount", options: {{version: 3}}, description: my own}}
          no.engine_2-x: {{extractor: "{PLUGINS}:PageWidth"}}
        """
    )
    configured = load_backends(Project(path.parent))
    assert configured.engines["one"].component == PixelEngine(version=7)
    assert configured["one+first"].extractor == FirstAmount(version=3)
    assert configured["one+first"].engine == configured.engines["one"]
    assert configured["no.engine_2-x"].engine is None
    assert configured["no.engine_2-x"].unavailable() is None
    assert isinstance(configured.engines["two"].component, PdfText)


def test_options_change_the_fingerprint(path: Path) -> None:
    found = set()
    for options in ({}, {"version": 1}, {"version": 2}):
        engines = {"e": {"type": f"{PLUGINS}:PixelEngine", "options": options}}
        backends = {"b": {"engine": "e", "extractor": f"{PLUGINS}:FirstAmount", "options": options}}
        path.write_text(yaml.safe_dump({"engines": engines, "backends": backends}))
        configured = load_backends(Project(path.parent))
        found.add((configured.engines["e"].fingerprint, configured["b"].fingerprint))
    assert len(found) == 2  # version 1 is the default


def test_an_engine_that_cannot_run_makes_its_backends_unavailable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PdfText, "unavailable", lambda self: "the package x is not installed")
    path.write_text(yaml.safe_dump({"engines": ENGINES, "backends": BACKENDS}))
    assert load_backends(Project(path.parent))["b"].unavailable() == "the package x is not installed"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engine": {}}, "backends.yaml: engine: unknown key."),
        ({"limits": {"max_pags": 1}}, "backends.yaml: limits.max_pags: unknown key."),
        ({"limits": {"max_pages": 0}}, "backends.yaml: limits.max_pages: Input should be greater than 0."),
        ({"limits": {"max_pages": "SECRET"}}, "backends.yaml: limits.max_pages: Input should be a valid integer"),
        ({"engines": {}}, "backends.yaml: engines: Dictionary should have at least 1 item"),
        ({"backends": None}, "backends.yaml: backends: Input should be a valid dictionary."),
        ({"engines": {"pdf-text": {"option": {}}}}, "backends.yaml: engines.pdf-text.option: unknown key."),
        ({"engines": {"pdf-text": "SECRET"}}, "backends.yaml: engines.pdf-text: Input should be a valid dictionary"),
        (
            {"engines": {"pdf-text": {"options": {"speed": "SECRET"}}}},
            "backends.yaml: engines.pdf-text: options.speed: unknown key.",
        ),
        (
            {"engines": {"rapidocr": {"options": {"detection_side": 1}}, "pdf-text": None}},
            "backends.yaml: engines.rapidocr: options.detection_side: Input should be greater than or equal to 320.",
        ),
        (
            {"engines": {"kraken": None, "pdf-text": None}},
            "backends.yaml: engines.kraken: unknown engine 'kraken'; known are rapidocr, tesseract, pdf-text, auto, oracle",
        ),
        (
            {"backends": {"b": {"extractor": "rule"}}},
            "backends.yaml: backends.b: unknown extractor 'rule'; known are rules",
        ),
        ({"backends": {"b": {"extractor": "rules", "modl": 1}}}, "backends.yaml: backends.b.modl: unknown key."),
        ({"backends": {"b": {"engine": "pdf-text"}}}, "backends.yaml: backends.b.extractor: Field required."),
        (
            {"backends": {"b": {"engine": "ocr", "extractor": "rules"}}},
            "backends.yaml: backends.b.engine: there is no engine 'ocr'; known are pdf-text.",
        ),
        (
            {"backends": {"b": {"extractor": "rules", "options": {"speed": 1}}}},
            "backends.yaml: backends.b: options",
        ),
    ],
)
def test_a_wrong_entry_is_named(path: Path, change: dict[str, Any], message: str) -> None:
    assert complaint(path, {"engines": ENGINES, "backends": BACKENDS, **change}).startswith(message)


@pytest.mark.parametrize("name", ["A", "a|b", "a,b", "a b", "a/b", "[a]", "", "ä", "x" * 61, "a\n", 5])
def test_a_name_must_be_a_partition_key(path: Path, name: Any) -> None:
    assert complaint(path, {"engines": {name: {"type": "pdf-text"}}, "backends": BACKENDS}).startswith(
        f"backends.yaml: engines.{name}".split("\n")[0]
    )
    assert "backends." in complaint(path, {"engines": ENGINES, "backends": {name: {"extractor": "rules"}}})


@pytest.mark.parametrize("name", ["a..b", "a...b", ".a", "a.", "a+b.", "..."])
def test_a_backend_may_hold_single_dots_only(path: Path, name: str) -> None:
    assert "String should match pattern" in complaint(path, {"engines": ENGINES, "backends": {name: BACKENDS["b"]}})


@pytest.mark.parametrize("name", ["a.b", "a+b", "gpt-4.1-mini", "a_b", "0"])
def test_good_backend_names(path: Path, name: str) -> None:
    path.write_text(yaml.safe_dump({"engines": ENGINES, "backends": {name: BACKENDS["b"]}}))
    assert list(load_backends(Project(path.parent))) == [name]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("engines:\n  a: [\n", "backends.yaml, line 3: "),
        ("engines:\n\tpdf-text:\n", "backends.yaml, line 2: found character '\\t' that cannot start any token."),
        ("a: b: c", "backends.yaml, line 1: mapping values are not allowed here."),
        ("engines:\n  a:\n  b:\n  a:\n", "backends.yaml, line 4: duplicate key 'a'."),
        ("engines: {}\nengines: {}\n", "backends.yaml, line 2: duplicate key 'engines'."),
        ("!!python/object:os.system {}", "backends.yaml, line 1: could not determine a constructor for the tag"),
        ("a: 1\nb: \x07", "backends.yaml, line 2: a control character, which YAML does not allow."),
        ("", "backends.yaml is empty: it must have engines, backends."),
        ("- a\n- b", "backends.yaml holds no settings: it must have engines, backends."),
        ("SECRET", "backends.yaml holds no settings: it must have engines, backends."),
        (b"engines: \xff", "backends.yaml is not UTF-8 text."),
    ],
)
def test_a_file_that_is_no_yaml_mapping(path: Path, content: Any, message: str) -> None:
    assert complaint(path, content).startswith(message)


def test_classes_without_the_base_classes_go_on_working(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 0.1 had no base classes; its results were named by module and class."""
    (path.parent / "old_plugin.py").write_text(
        "class Engine:\n"
        "    def fingerprint(self): return {'engine': 'old'}\n"
        "    def unavailable(self): return 'it is off'\n"
        "    def read(self, document): return []\n"
        "class Extractor:\n"
        "    concurrency = 3\n"
        "    def fingerprint(self): return {'extractor': 'old'}\n"
        "    def extract(self, document): raise NotImplementedError\n"
    )
    monkeypatch.syspath_prepend(path.parent)
    entries = {"engines": {"e": {"type": "old_plugin:Engine"}}}
    path.write_text(
        yaml.safe_dump({**entries, "backends": {"b": {"engine": "e", "extractor": "old_plugin:Extractor"}}})
    )
    backends = load_backends(Project(path.parent))
    assert backends["b"].unavailable() == "it is off"
    assert backends["b"].capabilities.concurrency == 3
    assert backends["b"].fingerprint == fingerprint({"class": "old_plugin.Extractor", "extractor": "old"})
    assert backends.engines["e"].fingerprint == fingerprint({"class": "old_plugin.Engine", "engine": "old"})


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ({"extractor": "rules"}, "backends.b: the extractor 'rules' works on words: name an engine."),
        ({"engine": "pdf-text", "extractor": "external"}, "backends.b.engine: imported predictions need no engine."),
        ({"extractor": f"{PLUGINS}:Asking"}, "asks a model, so it must be a ModelExtractor."),
        ({"extractor": f"{PLUGINS}:Learning"}, "learns from labels, so it must be a TrainedExtractor."),
        (
            {"engine": "pdf-text", "extractor": f"{PLUGINS}:PageWidth"},
            "works on pages and needs no engine.",
        ),
    ],
)
def test_what_a_backend_needs_is_checked_when_it_is_loaded(path: Path, backend: dict[str, str], message: str) -> None:
    assert message in complaint(path, {"engines": ENGINES, "backends": {"b": backend}})


def test_a_file_that_cannot_be_read(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"backends\.yaml cannot be read: No such file or directory\.$"):
        load_backends(Project(path.parent))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_such_package.x:Engine", "cannot be imported: No module named 'no_such_package'."),
        (
            "ocr_pipeline.ocr.pdf_text:Missing",
            "cannot be imported: module 'ocr_pipeline.ocr.pdf_text' has no attribute",
        ),
        ("broken_plugin:Engine", "cannot be imported: division by zero."),
        (":Engine", "cannot be imported: Empty module name."),
        ("ocr_pipeline.project:find_project", "'ocr_pipeline.project:find_project' is not an engine: method"),
        (f"{PLUGINS}:FirstAmount", "FirstAmount' is not an engine: method `read` is missing"),
        ("decimal:Decimal", "is not an engine: method `fingerprint` is missing"),
    ],
)
def test_a_class_that_does_not_work(
    path: Path, target: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken_plugin.py").write_text("1 / 0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    said = complaint(path, {"engines": {"e": {"type": target}}, "backends": {"b": {"extractor": FIRST}}})
    assert said.startswith("backends.yaml: engines.e: ")
    assert message in said


def test_options_that_a_class_does_not_take(path: Path) -> None:
    entry = {"type": f"{__name__}:Plain", "options": {"speed": 5}}
    content = {"engines": {"e": entry}, "backends": {"b": {"extractor": FIRST}}}
    assert "engines.e: options: " in complaint(path, content)
    entry["options"] = {"level": "x"}
    assert complaint(path, content) == "backends.yaml: engines.e: options: level must be a digit."


class Plain:
    """An engine that is no pydantic model."""

    def __init__(self, level: str = "1") -> None:
        if not level.isdigit():
            raise ValueError("level must be a digit")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "engines: {pdf-text: }\nbackends:\n  b:\n    extractor: rules\n    modl: 1\n",
            "backends.yaml, line 5: backends.b.modl: unknown key.",
        ),
        (
            "engines:\n  rapidocr:\n    options:\n      speed: 1\nbackends: {b: {extractor: rules}}\n",
            "backends.yaml, line 4: engines.rapidocr: options.speed: unknown key.",
        ),
        (
            "engines: {pdf-text: }\nbackends:\n  b:\n    extractor: rules\n    engine: ocr\n",
            "backends.yaml, line 5: backends.b.engine: there is no engine 'ocr'; known are pdf-text.",
        ),
        (
            "engines: {pdf-text: }\nbackends:\n  b: {engine: pdf-text}\n",
            "backends.yaml, line 3: backends.b.extractor: Field required.",
        ),
        (
            "providers:\n  gemini:\n    concurency: 4\nengines: {pdf-text: }\nbackends: {b: {extractor: rules}}\n",
            "backends.yaml, line 3: providers.gemini.concurency: unknown key.",
        ),
        (
            "providers:\n  ollama: {base_url: localhost}\nengines: {pdf-text: }\nbackends: {b: {extractor: rules}}\n",
            "backends.yaml, line 2: providers.ollama",
        ),
        (
            "engines: {pdf-text: }\nbackends:\n  b:\n    extractor: gemini\n    options:\n      promt: x\n",
            "backends.yaml, line 6: backends.b: options.promt: unknown key.",
        ),
        (
            "engines: {pdf-text: }\nbackends:\n  b:\n    extractor: gemini\n    options: {prompt: x}\n",
            "backends.yaml, line 5: backends.b: options.prompt: there is no 'x' in prompts; known are invoice-1.",
        ),
        (
            "engines: {pdf-text: }\nbackends:\n  b:\n    extractor: openai\n    options: {model: m, provider: x}\n",
            "backends.yaml, line 5: backends.b: options.provider: unknown provider; known are gemini, openai.",
        ),
        (
            "engines: {pdf-text: }\nbackends:\n  b: {extractor: openai}\n",
            "backends.yaml, line 3: backends.b: options.model: Field required.",
        ),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(path: Path, content: str, message: str) -> None:
    assert complaint(path, content).startswith(message)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", ["off", "off"]),
        ("split: off", ["off", "off"]),
        ("split: 'off'", ["off", "off"]),
        ("split: auto", ["auto", "auto"]),
        ("split: {a: auto}", ["auto", "off"]),
        ("split: {a: off, b: auto}", ["off", "auto"]),
    ],
)
def test_split_by_data_set(path: Path, written: str, expected: list[str]) -> None:
    path.write_text(f"{yaml.safe_dump({'engines': ENGINES, 'backends': BACKENDS})}{written}\n")
    configured = load_backends(Project(path.parent))
    assert [configured.config.split_of(dataset) for dataset in ("a", "b")] == expected
    assert [bool(configured.part_detection(dataset)) for dataset in ("a", "b")] == [mode == "auto" for mode in expected]


@pytest.mark.parametrize("split", ["yes", "on", "{a: maybe}", "[a]"])
def test_another_way_to_split_is_refused(path: Path, split: str) -> None:
    content = f"{yaml.safe_dump({'engines': ENGINES, 'backends': BACKENDS})}split: {split}\n"
    assert "split" in complaint(path, content)


ENGINE = "engines: {pdf-text: null}\nbackends: {b: {engine: pdf-text, extractor: rules}}\n"
MULTIPLIED = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 8)
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("engines: 2026-13-45", "backends.yaml, line 1: not a valid timestamp."),
        (f"limits: {{max_bytes: {'9' * 5000}}}", "backends.yaml, line 1: not a valid int."),
        ("\nbackends: !!int foo", "backends.yaml, line 2: not a valid int."),
        ("backends: !!float x", "backends.yaml, line 1: not a valid float."),
        ("backends: !!timestamp x", "backends.yaml, line 1: not a valid timestamp."),
        (f"limits: {'[' * 5000}{']' * 5000}", "backends.yaml, line 1: nested more than 50 deep."),
        (f"{'- ' * 5000}", "backends.yaml, line 1: nested more than 50 deep."),
        (MULTIPLIED, "backends.yaml, line 5: anchors and aliases stand for more than 100,000 values."),
        ("engines: &a {b: *a}", "backends.yaml, line 1: anchors and aliases stand for more than 100,000 values."),
        (f"{ENGINE}limits:\n  max_seconds: .inf", "backends.yaml, line 4: limits.max_seconds: a finite number is required."),
        (f"{ENGINE}limits:\n  max_seconds: 1e400", "backends.yaml, line 4: limits.max_seconds: a finite number is required."),
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_values_that_are_none(path: Path, text: str, sentence: str) -> None:
    """PyYAML ends in Python's own exceptions, or in the memory of the machine."""
    assert complaint(path, text) == sentence
