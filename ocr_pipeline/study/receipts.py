"""The first part: four recorded systems and what runs here on the same test receipts. Each function answers one question."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from ocr_pipeline.evaluation.diagnosis.acceptance import Acceptance
from ocr_pipeline.evaluation.diagnosis.attribution import STAGES
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.scoring.relabel import effect
from ocr_pipeline.evaluation.statistics.significance import ALPHA, holm
from ocr_pipeline.schemas import Label
from ocr_pipeline.study.corrections import Correction
from ocr_pipeline.study.markdown import p_value, percent, share, table
from ocr_pipeline.study.scored import EXACT, FIELDS, NAMES, RULES, Results, Rule, with_holm
from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow
from ocr_pipeline.warehouse.tables.ranking import BoardRow

RECORDED = "recorded-"
OURS = ("rapidocr+learned", "rapidocr+rules", "tesseract+rules")
"""The free backend that the recorded systems are compared with: the first of these that ran."""
MIN_LEAD = 5
"""Receipts of lead, below which a lead that melts is not worth a line."""
CONTROL = "oracle"
LEARNED_HERE = ("ensemble", "cascade", "learned+")
"""Parts of the names of backends that learn weights or thresholds on the judged receipts, out of fold."""
MARK = "†"
MARKED = f"{MARK} weights or thresholds learned out of fold on these receipts, by vendor."


def recorded(results: Results) -> list[str]:
    return [name for name in results.backends if name.startswith(RECORDED)]


def competitors(results: Results) -> list[str]:
    """All but the control, which reads the transcripts."""
    return [name for name in results.backends if not name.startswith(CONTROL)]


def ours(results: Results) -> str | None:
    return next((name for name in OURS if name in results.scores), None)


def learned_here(name: str) -> bool:
    return any(part in name for part in LEARNED_HERE)


def marked(name: str) -> str:
    """The name, with a mark if something was learned on the judged receipts."""
    return f"`{name}` {MARK}" if learned_here(name) else f"`{name}`"


def thousand(board: BoardRow) -> str:
    """USD per 1,000 pages, each receipt being one page."""
    if board.cost_per_document is None:
        return "not recorded" if board.reported else "unknown"
    return f"{1000 * board.cost_per_document:.2f}"


def remark(board: BoardRow) -> str:
    marks = []
    if board.reported:
        marks.append("replayed; time and cost as recorded")
    if learned_here(board.backend):
        marks.append(MARKED.removeprefix(f"{MARK} ").removesuffix("."))
    if board.backend.startswith(CONTROL):
        marks.append("control: reads the transcripts")
    return "; ".join(marks)


def ranking(results: Results) -> list[str]:
    rows = []
    for board in results.boards:
        every = results.fields[board.backend, ALL_FIELDS]
        core, n = results.all_right(board.backend, FIELDS[:3])
        rows.append(
            [
                marked(board.backend),
                percent(every.f1, every.f1_low, every.f1_high),
                *(percent(results.fields[board.backend, field].f1) for field in FIELDS),
                f"{core} of {n}",
                board.failures,
                "–" if board.seconds_per_document is None else f"{board.seconds_per_document:.2f}",
                thousand(board),
                remark(board),
            ]
        )
    head = ["backend", "F1 [95 %]", *(f"{NAMES[field]}" for field in FIELDS), "total, date, supplier all right"]
    lines = table([*head, "failed", "s/page", "USD per 1,000 pages", ""], rows)
    return [*lines, *(f"Not run: `{board.backend}`: {board.message}.\n" for board in results.not_run)]


def by_field(results: Results) -> list[str]:
    """Who has how many values of each field right."""
    best = {field: max((results.right(name, field)[0] for name in competitors(results)), default=0) for field in FIELDS}

    def cell(name: str, field: str) -> str:
        right, n = results.right(name, field)
        text = share(right, n)
        return f"**{text}**" if right == best[field] and not name.startswith(CONTROL) else text

    rows = [[marked(name), *(cell(name, field) for field in FIELDS)] for name in results.backends]
    return table(["backend", *(NAMES[field] for field in FIELDS)], rows)


def luck(results: Results) -> list[str]:
    """The free backend against each recorded system: all fields, then each field."""
    name, theirs = ours(results), recorded(results)
    if name is None or not theirs:
        return ["No free backend and no recorded system to compare.\n"]
    wholes = [
        (other, row if row.backend_a == name else None, row)
        for other in theirs
        for row in results.comparisons
        if {row.backend_a, row.backend_b} == {name, other} and (row.field, row.rules) == (ALL_FIELDS, "headline")
    ]
    corrected = holm([row.p for _, _, row in wholes])
    lines = [
        f"`{name}` against each recorded system, all fields; Holm over these {len(wholes)} tests (randomization):\n"
    ]
    rows: list[Sequence[str]] = [
        [f"`{other}`", _difference(row, 1 if first else -1), p_value(row.p), p_value(p)]
        for (other, first, row), p in zip(wholes, corrected, strict=True)
    ]
    lines += table(["against", "difference of F1 in points [95 %]", "p", "p (Holm)"], rows)
    pairs = with_holm([results.pair(name, other, field) for other in theirs for field in FIELDS])
    lines.append(
        f"Each field, receipts that only one of the two has right; Holm over these {len(pairs)} tests (McNemar, exact):\n"
    )
    rows = []
    for pair, p in pairs:
        verdict = _verdict(pair.only_a - pair.only_b, p)
        counts = f"{pair.only_a} : {pair.only_b}"
        rows.append([f"`{pair.b}`", NAMES[pair.field], counts, p_value(pair.p), p_value(p), verdict])
    return [*lines, *table(["against", "field", "only ours : only theirs", "p", "p (Holm)", ""], rows)]


def _difference(row: ComparisonRow, sign: int) -> str:
    """The difference seen from the other side for `sign` -1."""
    if row.difference is None or row.difference_low is None or row.difference_high is None:
        return "–"
    low, high = sorted((sign * row.difference_low, sign * row.difference_high))
    return f"{100 * sign * row.difference:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def _verdict(difference: int, p: float) -> str:
    if p >= ALPHA:
        return "may be luck"
    return "ours is better" if difference > 0 else "theirs is better"


def scoring_rules(results: Results) -> list[str]:
    """Totals under each rule, and the pairs of recorded systems whose order or significance changes with the rule."""
    names = competitors(results)
    rules = {name: rule for name, rule in RULES.items() if name not in ("strict", "lenient")}
    rows = [
        [marked(name), *(share(*results.right(name, "total_amount", rule)) for rule in rules.values())]
        for name in names
    ]
    lines = ["Totals:\n", *table(["backend", *rules], rows)]
    spelt = {name: RULES[name] for name in ("strict", "exact (headline)", "lenient")}
    for field in FIELDS[2:]:
        rows = [
            [marked(name), *(share(*results.right(name, field, rule)) for rule in spelt.values())] for name in names
        ]
        lines += [f"{NAMES[field].capitalize()}:\n", *table(["backend", *spelt], rows)]
    told = {"total_amount": rules, **{field: dict(list(spelt.items())[1:]) for field in FIELDS[2:]}}
    lines.append(
        "Pairs of recorded systems, and of ours with one, whose winner, significance or lead depends on the rule (only A :"
        " only B, p of the single test):\n"
    )
    return [*lines, *depends(results, told)]


def depends(results: Results, told: Mapping[str, Mapping[str, Rule]]) -> list[str]:
    """The pairs whose winner or significance is not the same under all rules of a field, or of whose lead two thirds melt."""
    asked = [name for name in results.backends if name in (*recorded(results), ours(results))]
    flips = []
    for a, b in combinations(asked, 2):
        for field, of_field in told.items():
            pairs = [results.pair(a, b, field, rule) for rule in of_field.values()]
            signs = {(pair.only_a > pair.only_b) - (pair.only_a < pair.only_b) for pair in pairs} - {0}
            leads = [abs(pair.only_a - pair.only_b) for pair in pairs]
            melts = max(leads) >= MIN_LEAD and 3 * min(leads) <= max(leads)
            if len({pair.p < ALPHA for pair in pairs}) > 1 or len(signs) > 1 or melts:
                cells = (f"{pair.only_a} : {pair.only_b} ({p_value(pair.p)})" for pair in pairs)
                by_rule = "; ".join(f"{rule} {cell}" for rule, cell in zip(of_field, cells, strict=True))
                flips.append([f"`{a}`", f"`{b}`", NAMES[field], by_rule])
    return table(["A", "B", "field", "by rule"], flips)


def causes(results: Results) -> list[str]:
    """Whose fault the errors of the backends with an engine are, by field."""
    names = [name for name in results.backends if not name.startswith(RECORDED)]
    stage_of: Mapping[str, str] = dict(STAGES)  # type: ignore[arg-type]
    stages = list(dict.fromkeys(stage_of.values()))
    counts = Counter((row.backend, row.field, stage_of[row.attribution]) for row in results.attributions)
    rows = []
    for name in names:
        for field in FIELDS:
            cells = [counts[name, field, stage] for stage in stages]
            if sum(cells):
                rows.append([f"`{name}`", NAMES[field], sum(cells), *cells])
    return table(["backend", "field", "errors", *stages], rows)


def nobody(results: Results) -> list[str]:
    """The values that every competitor gets wrong, and that every recorded system does."""
    lines = []
    for title, names in (("Every system", competitors(results)), ("Every recorded system", recorded(results))):
        common = set.intersection(*(set(results.scores[name]) for name in names)) if names else set()
        wrong = sorted(key for key in common if not any(EXACT(results.scores[name][key]) for name in names))
        by_field = {field: [document for document, name in wrong if name == field] for field in FIELDS}
        rows = [[NAMES[field], len(found), ", ".join(found)] for field, found in by_field.items()]
        lines += [f"{title} ({len(names)}) is wrong:\n", *table(["field", "receipts", "ids"], rows)]
    return lines


def unreadable(results: Results) -> list[str]:
    """Given values that cannot be read: wrong, not missing."""
    counts = Counter(
        (name, field)
        for name, of_backend in results.scores.items()
        for (_, field), score in of_backend.items()
        if score.outcome == "wrong" and score.prediction is None
    )
    rows = [[f"`{name}`", NAMES.get(field, field), count] for (name, field), count in counts.items()]
    return table(["backend", "field", "unreadable values"], rows) if rows else ["None.\n"]


def acceptance(found: Mapping[str, Sequence[Acceptance]]) -> list[str]:
    """How much can be accepted without a look, for the backends that give confidence."""
    rows: list[Sequence[object]] = []
    for name, points in found.items():
        of_backend = [row for row in points if row.target_risk in (0.01, 0.05)]
        if not of_backend:
            rows.append([marked(name), "", "", "", "gives no confidence, or too few receipts"])
        for row in of_backend:
            accepted = f"{row.accepted} of {row.n} ({percent(row.coverage)} %)"
            wrong = percent(row.risk, row.risk_low, row.risk_high)
            rows.append([marked(name), row.level, f"{percent(row.target_risk)} %", accepted, f"{wrong} % wrong"])
    return table(["backend", "of", "wanted error", "accepted without a look", "measured error [95 %]"], rows)


def second_opinion(results: Results) -> list[str]:
    """What a paid system adds to the free one, and how many of its calls a cascade saves."""
    name = ours(results)
    rows = []
    for board in results.boards:
        asked = results.asked[board.backend]
        if learned_here(board.backend) or board.backend == name:
            every = results.fields[board.backend, ALL_FIELDS]
            core, n = results.all_right(board.backend, FIELDS[:3])
            f1 = percent(every.f1, every.f1_low, every.f1_high)
            rows.append([marked(board.backend), f"{asked} of {n}", f1, f"{core} of {n}", thousand(board)])
    head = ["backend", "receipts for which a paid system was asked", "F1 [95 %]", "total, date, supplier all right"]
    return table([*head, "USD per 1,000 pages"], rows)


def labels(results: Results, found: Sequence[Correction], after: dict[str, Label]) -> list[str]:
    """Scores with labels as published and with the corrected ones, and whom each correction favours."""
    before, datasets = results.labels, dict.fromkeys(results.labels, results.dataset)
    decided = Counter(item.field for item in found if item.value is not None)
    open_ = Counter(item.field for item in found if item.value is None)
    rows = [[NAMES[field], decided[field], open_[field]] for field in FIELDS]
    lines = table(["field", "also accepted in the transcript's spelling", "contradicted, not decided"], rows)
    changes = [
        effect(name, before, after, results.extractions[name], datasets)  # type: ignore[arg-type]
        for name in results.backends
    ]
    rows = [
        [
            marked(row.backend),
            percent(row.before.f1),
            percent(row.after.f1),
            f"{row.after.correct - row.before.correct:+d}",
        ]
        for row in sorted(changes, key=lambda row: -(row.after.f1 or 0))
    ]
    lines += table(["backend", "F1, labels as published", "F1, corrected labels", "values gained"], rows)
    ids = ", ".join(f"{item.document_id} ({NAMES[item.field]})" for item in found if item.value is not None)
    waiting = ", ".join(f"{item.document_id} ({NAMES[item.field]})" for item in found if item.value is None)
    return [*lines, f"Corrected: {ids or 'none'}.\n", f"Not decided: {waiting or 'none'}.\n"]


def sections(
    results: Results, found: Sequence[Correction], after: dict[str, Label], curves: Mapping[str, Sequence[Acceptance]]
) -> Iterable[tuple[str, list[str]]]:
    """The tables by title."""
    yield "Ranking", ranking(results)
    yield "Who wins which field", by_field(results)
    yield "Is it luck?", luck(results)
    yield "Under which rule does each win?", scoring_rules(results)
    yield "Values that cannot be read", unreadable(results)
    yield "What must a person still look at?", acceptance(curves)
    yield "A paid system as second opinion", second_opinion(results)
    yield "Whose fault are the errors?", causes(results)
    yield "What everybody gets wrong", nobody(results)
    yield "With corrected labels", labels(results, found, after)
