import subprocess
import sys


def test_the_package_is_light_to_import() -> None:
    """`ocr_pipeline.definitions` imports it at every start of the code location."""
    modules = (
        "agreement, aggregate, compare, comparisons, confidence, diagnosis, facts, history, intervals, kieval, line_items,"
        " normalise, outcomes, relabel, rules, score, significance, slices, stage, standing, suspects, thresholds, verdicts,"
        " version"
    )
    code = f"import sys; from ocr_pipeline.evaluation import {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "rapidfuzz", "scipy", "sklearn", "dagster", "duckdb"} & set(loaded)
