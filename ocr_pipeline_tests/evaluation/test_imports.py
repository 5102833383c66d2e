import subprocess
import sys


def test_the_package_is_light_to_import() -> None:
    """`ocr_pipeline.definitions` imports it at every start of the code location."""
    modules = "aggregate, compare, intervals, kieval, line_items, normalise, rules, score, stage, version"
    code = f"import sys; from ocr_pipeline.evaluation import {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "rapidfuzz", "scipy", "dagster", "duckdb"} & set(loaded)
