"""Lint of `ocr_pipeline/`: modules of at most 300 lines, functions of at most 60, complexity of at most 20, one type per row.

Complexity is radon's, which counts nested functions with their outer one. Prints what is over a limit; exits 1 then.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from radon.complexity import cc_visit

PACKAGE = Path(__file__).parents[1] / "ocr_pipeline"
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 60
MAX_COMPLEXITY = 20
MAX_UNTYPED_MAPPINGS = 60
"""Occurrences of `dict[str, Any]` and `Mapping[str, Any]` in the whole package."""

UNTYPED = re.compile(r"\b(?:dict|Mapping)\[str, Any\]")


def problems_of(path: Path) -> Iterator[str]:
    """What is over a limit in a module, as sentences."""
    text = path.read_text("utf-8")
    name = path.relative_to(PACKAGE.parent)
    if (lines := text.count("\n")) > MAX_MODULE_LINES:
        yield f"{name}: {lines} lines, at most {MAX_MODULE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, at most {MAX_FUNCTION_LINES}"
    for block in cc_visit(text):
        if block.complexity > MAX_COMPLEXITY and block.letter != "C":
            yield f"{name}:{block.lineno}: {block.name} has complexity {block.complexity}, at most {MAX_COMPLEXITY}"


def main() -> int:
    modules = sorted(PACKAGE.rglob("*.py"))
    problems = [problem for path in modules for problem in problems_of(path)]
    untyped = sum(len(UNTYPED.findall(path.read_text("utf-8"))) for path in modules)
    if untyped > MAX_UNTYPED_MAPPINGS:
        problems.append(f"{untyped} mappings of Any, at most {MAX_UNTYPED_MAPPINGS}: declare a type")
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
