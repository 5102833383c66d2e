"""What an import may cost and do: each module is imported in a fresh process."""

import json
import os
import pkgutil
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import ocr_pipeline
from ocr_pipeline.inspection.configured import configured
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse

HEAVY = {
    "torch",
    "onnxruntime",
    "cv2",
    "google.genai",
    "openai",
    "pandas",
    "PIL",
    "rapidocr",
    "pypdfium2",
    "numpy",
    "scipy",
    "rapidfuzz",
    "xllamacpp",
    "pillow_heif",
    "pytesseract",
    "sklearn",
    # of deployment.yaml and other extras
    "obstore",
    "psycopg2",
    "ray",
    "dagster_postgres",
    "onnxtr",
    "openvino",
}

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(ocr_pipeline.__path__, "ocr_pipeline.")
    if "__main__" not in module.name
    # needs the extra `cluster-runs`
    and (module.name != "ocr_pipeline.run_launcher" or find_spec("dagster_ray"))
)

# Every file that is opened, environment variable that is read, and connection that is made by this package's own modules
# while they are imported, directly or through the standard library. What other packages do for themselves is theirs.
WATCH = """
import importlib.util, json, os, sys
PACKAGE = importlib.util.find_spec("ocr_pipeline").submodule_search_locations[0] + os.sep
found = []

def from_our_module(frame):
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PACKAGE):
            return True
        if name.startswith("<frozen importlib") or "site-packages" in name:
            return False
        frame = frame.f_back
    return False

def watch(event, arguments):
    if event in ("open", "socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.system", "sqlite3.connect"):
        if from_our_module(sys._getframe(1)):
            found.append([event, str(arguments[0])])

class Environment(type(os.environ)):
    def __getitem__(self, key):
        if from_our_module(sys._getframe(1)):
            found.append(["environment", key])
        return super().__getitem__(key)

os.environ.__class__ = Environment
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(found))
"""


def python(code: str, *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:ocr_pipeline", "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(ocr_pipeline.__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_definitions_load_nothing_heavy(tmp_path: Path) -> None:
    code = "import ocr_pipeline.definitions, sys, json; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(python(code, cwd=tmp_path)))
    assert "dagster" in loaded
    assert not HEAVY & loaded


def test_the_command_line_loads_no_dagster(tmp_path: Path) -> None:
    code = "import ocr_pipeline.cli, sys, json; print(json.dumps(sorted(sys.modules)))"
    assert not (HEAVY | {"dagster", "duckdb"}) & set(json.loads(python(code, cwd=tmp_path)))


READING = {"ocr_pipeline.backends.backend", "ocr_pipeline.extraction.rules", "ocr_pipeline.ocr.base"}
"""What builds backends and reads documents."""
DATABASE = {"duckdb", "ocr_pipeline.warehouse"}
VALIDATING = {
    *("yaml", "ocr_pipeline.schemas", "ocr_pipeline.document_schema", "ocr_pipeline.deployment", "ocr_pipeline.models"),
    *("ocr_pipeline.backends.config", "ocr_pipeline.evaluation.scoring.settings", "ocr_pipeline.evaluation.diagnosis"),
}
"""What reads settings, and what only scoring needs."""
STAGES = {"ocr_pipeline.documents.pages", "ocr_pipeline.documents.find", "ocr_pipeline.defs", "ocr_pipeline.training"}


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["--help"], DATABASE | READING | STAGES | {"pydantic", "yaml", "ocr_pipeline.project"}),
        (["leaderboard", "--help"], READING | STAGES),
        (["leaderboard"], READING | STAGES | VALIDATING),
        (["history"], {"ocr_pipeline.defs"}),
        (["errors"], {"ocr_pipeline.defs"}),
    ],
)
def test_commands_load_only_what_they_use(tmp_path: Path, arguments: list[str], forbidden: set[str]) -> None:
    """In a project whose backends are shipped ones, without a model."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "document-ids.jsonl").touch()  # as after the first run
    (tmp_path / "backends.yaml").write_text(
        "engines: {pdf-text: , oracle: }\n"
        "backends:\n"
        "  pdf-text+rules: {engine: pdf-text, extractor: rules}\n"
        "  oracle+rules: {engine: oracle, extractor: rules}\n"
    )
    code = (
        "import json, os, sys\n"
        f"os.environ['OCR_PIPELINE_HOME'] = {str(tmp_path)!r}\n"
        "sys.argv = ['ocr-pipeline', *sys.argv[1:]]\n"
        "from ocr_pipeline.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))\n"
    )
    _board(tmp_path)
    (tmp_path / ".dagster").mkdir()  # as after the first run
    configured(Project(tmp_path))
    *shown, modules = python(code, *arguments, cwd=tmp_path).splitlines()
    assert arguments != ["leaderboard"] or "100.0" in " ".join(shown)
    loaded = set(json.loads(modules))
    assert (HEAVY | {"dagster"} | forbidden) & loaded == set()


def _board(root: Path) -> None:
    """A leaderboard of one backend."""
    with Warehouse(Project(root).database).connect(read_only=False) as connection:
        connection.execute(
            "INSERT INTO leaderboard BY NAME SELECT 'shop' AS dataset, 'pdf-text+rules' AS backend, 'ok' AS status,"
            " 1 AS documents, 1 AS labelled_documents, 0 AS failures, 1 AS accurate_documents,"
            " now()::TIMESTAMP AS evaluated_at"
        )
        connection.execute(
            "INSERT INTO leaderboard_fields BY NAME SELECT 'shop' AS dataset, 'pdf-text+rules' AS backend,"
            " 'all_fields' AS field, 40 AS n, 40 AS correct, 0 AS wrong, 0 AS spurious, 0 AS missing,"
            " 0 AS both_empty, 1 AS documents, 1.0 AS f1"
        )


def test_imports_do_nothing(tmp_path: Path) -> None:
    assert len(MODULES) > 40
    assert json.loads(python(WATCH, *MODULES, cwd=tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_the_watch_sees_what_it_should(tmp_path: Path) -> None:
    package = tmp_path / "ocr_pipeline"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "reads.py").write_text("import os\nX = os.environ.get('HOME')\n")
    (package / "writes.py").write_text("from pathlib import Path\nPath('x').write_text('')\nPath('y').mkdir()\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{WATCH}"
    result = json.loads(python(code, "ocr_pipeline.reads", "ocr_pipeline.writes", cwd=tmp_path))
    assert [event for event, _ in result] == ["environment", "open", "os.mkdir"]


def test_private_dagster_apis_are_used_in_one_module() -> None:
    package = Path(ocr_pipeline.__file__).parent
    users = [
        path.relative_to(package).as_posix()
        for path in sorted(package.rglob("*.py"))
        if re.search(r"^\s*(from|import) dagster\._", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert users == ["defs/_dagster.py"]
