import pkgutil
import subprocess
import sys

import ocr_pipeline.evaluation


def test_the_package_is_light_to_import() -> None:
    """`ocr_pipeline.definitions` imports it at every start of the code location."""
    modules = [one.name for one in pkgutil.walk_packages(ocr_pipeline.evaluation.__path__, "ocr_pipeline.evaluation.")]
    assert len(modules) > 20
    code = f"import sys, importlib; [importlib.import_module(name) for name in {modules}]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "rapidfuzz", "scipy", "sklearn", "dagster", "duckdb"} & set(loaded)
