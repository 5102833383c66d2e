"""Writes the tables of docs/results/world.md: right values by country with n and 95 % intervals, and the values left wrong.

usage: PYTHONPATH=. python benchmarks/world_tables.py [--data ../shared/data] [--synthetic /tmp/synthetic_world] [--write]

Sets: `world`, `cases`, the synthetic pages (parts `tune` and `held-out` apart). What stands between the marks `tables` in the
file is replaced, the rest is kept; without --write the tables are printed. Values of held-out pages are counted, not shown.
"""

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path

from world_accuracy import HELD_OUT, Case, labelled, off_by_power_or_sign, right, synthetic

from ocr_pipeline.evaluation.statistics.intervals import wilson
from ocr_pipeline.extraction.rules.extractor import extract_text

FILE = Path(__file__).parents[1] / "docs" / "results" / "world.md"
MARKS = ("<!-- tables -->", "<!-- end of tables -->")
FIELDS = {
    "total_amount": "total", "invoice_date": "date", "supplier_name": "supplier", "currency": "currency",
    "supplier_tax_id": "tax id", "invoice_id": "number", "net_amount": "net",
}  # fmt: skip
CORE = ("total_amount", "invoice_date", "supplier_name")
SHOWN = 0.8

Flags = dict[str, dict[str, list[bool]]]
"""By group and field, whether each labelled value is right; `core`: the three core fields all right."""


def country_of(name: str, case: Case) -> str:
    if name == "cases":
        return case.name.partition("-")[0] if len(case.name.partition("-")[0]) == 2 else "other"
    return case.name.rpartition("-")[0] if name == "synthetic" else case.group


def tables(title: str, name: str, cases: list[Case], *, show: bool) -> list[str]:
    """A table per engine, a row per country and one for all; then the wrong values."""
    lines, wrong = [f"\n### {title}\n"], []
    for engine in ("rapidocr", "pdf-text"):
        flags: Flags = defaultdict(lambda: defaultdict(list))
        sure: list[bool] = []
        for case in cases:
            if engine not in case.texts:
                continue
            text = case.texts[engine]
            result = extract_text(text) if text else None
            found = {field: _right(case, field, result) for field in FIELDS if case.expected.get(field) is not None}
            if all(field in found for field in CORE):
                found["core"] = all(found[field] for field in CORE)
            for group in (country_of(name, case), "all"):
                for field, flag in found.items():
                    flags[group][field].append(flag)
            for field, flag in found.items():
                if not flag and field != "core":
                    value = getattr(result.invoice, field) if result else None
                    wrong.append(f"| {case.name} | {engine} | {FIELDS[field]} | {_outcome(case, field, value)} |")
            if found.get("total_amount") and result:
                evidence = result.evidence.get("total_amount")
                sure.append(bool(evidence and evidence.score > SHOWN))
        if flags:
            lines += _table(engine, flags, sure)
    if show and wrong:
        lines += ["\nLeft wrong:\n", "| document | engine | field | how |", "| --- | --- | --- | --- |"]
        lines += sorted(wrong)
    return lines


def _outcome(case: Case, field: str, value: object) -> str:
    """How a value is wrong, without the value: documents of others are not copied here."""
    if value is None:
        return "missing"
    return "power of ten or sign" if off_by_power_or_sign(case.expected[field], value) else "wrong"


def _right(case: Case, field: str, result: object) -> bool:
    return result is not None and right(case, field, getattr(result.invoice, field))  # type: ignore[attr-defined]


def _table(engine: str, flags: Flags, sure: list[bool]) -> list[str]:
    columns = [*FIELDS, "core"]
    head = " | ".join([*FIELDS.values(), "total, date and supplier"])
    lines = [f"\n`{engine}+rules`:\n", f"| country | {head} |", "| --- |" + " ---: |" * len(columns)]
    for group in [*sorted(name for name in flags if name != "all"), "all"]:
        cells = [_cell(flags[group].get(field, []), interval=group == "all") for field in columns]
        lines.append(f"| {group} | {' | '.join(cells)} |")
    lines.append(f"\nRight totals shown with a confidence above {SHOWN}: {sum(sure)} of {len(sure)}.")
    return lines


def _cell(of: list[bool], *, interval: bool) -> str:
    if not of:
        return "–"
    text, bounds = f"{sum(of)}/{len(of)}", wilson(sum(of), len(of))
    if not interval or bounds is None:
        return text
    return f"{text} = {100 * sum(of) / len(of):.0f} % [{100 * bounds[0]:.0f} to {100 * bounds[1]:.0f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--synthetic", type=Path, default=Path(tempfile.gettempdir()) / "synthetic_world")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "world_accuracy")
    parser.add_argument("--write", action="store_true", help="replace the tables in docs/results/world.md")
    arguments = parser.parse_args()
    world, cases = (list(labelled(arguments.data / name, arguments.cache)) for name in ("world", "cases"))
    pages = list(synthetic(arguments.synthetic, arguments.cache))
    seen = [case for case in pages if case.group != HELD_OUT]
    hidden = [case for case in pages if case.group == HELD_OUT]
    lines = tables("Real documents (`world`)", "world", world, show=True)
    lines += tables("Small cases from bug reports (`cases`)", "cases", cases, show=True)
    lines += tables("Synthetic pages, part `tune`", "synthetic", seen, show=True)
    lines += tables("Synthetic pages, held out", "synthetic", hidden, show=False)
    content = "\n".join(lines) + "\n"
    if not arguments.write:
        print(content)
        return
    before, _, rest = FILE.read_text("utf-8").partition(MARKS[0])
    FILE.write_text(f"{before}{MARKS[0]}\n{content}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}", "utf-8")


if __name__ == "__main__":
    main()
