"""The tables of the second part."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ocr_pipeline.evaluation.statistics.intervals import wilson
from ocr_pipeline.evaluation.statistics.significance import holm, mcnemar
from ocr_pipeline.extraction.rules.extractor import RulesExtractor
from ocr_pipeline.extraction.scale import scale_suspects
from ocr_pipeline.schemas import Invoice
from ocr_pipeline.study import scale
from ocr_pipeline.study.cord import Answers, Receipt, answered_by, learned, load_receipts, read_pictures, recorded
from ocr_pipeline.study.markdown import p_value, percent, table

GEMINI = "gemini-2.5-flash (recorded)"
ORACLE_RULES, ORACLE_LEARNED = "oracle+rules", "oracle+learned"
KINDS = ("right", "power", "wrong", "missing")

Systems = Mapping[str, Answers]


def sections(folder: Path, root: Path, say: Callable[[str], None]) -> Iterable[tuple[str, list[str]]]:
    """Titles and tables."""
    receipts = load_receipts(folder)
    say(f"cord-recorded: {len(receipts)} receipts.")
    systems: dict[str, Answers] = dict(recorded(folder))
    words = {receipt.document_id: receipt.text for receipt in receipts}
    systems[ORACLE_RULES] = answered_by(RulesExtractor(), words)
    say("Training oracle+learned on train_020 to train_249 (once).")
    trained = learned(receipts, root)
    new = {receipt.document_id: receipt.text for receipt in receipts if not receipt.seen}
    systems[ORACLE_LEARNED] = answered_by(trained, new)
    pictures = read_pictures(receipts, root / "data" / "cord-words")
    systems["rapidocr+rules"] = answered_by(RulesExtractor(), pictures)
    systems["rapidocr+learned"] = answered_by(trained, pictures)
    yield from told(receipts, systems)


def told(receipts: Sequence[Receipt], systems: Systems) -> Iterable[tuple[str, list[str]]]:
    """Each table is about receipts that all of its systems answered."""
    labels = {receipt.document_id: receipt.label.invoice for receipt in receipts}
    unseen = {receipt.document_id for receipt in receipts if not receipt.seen}
    for title, keys in (
        ("CORD: receipts that nothing was learned from", unseen),
        ("CORD: all receipts", set(labels)),
        ("CORD: receipts that three paid systems answered", _answered(systems, "gpt-4o-mini", "claude-sonnet-4")),
        ("CORD: receipts with a picture", _answered(systems, "rapidocr")),
    ):
        shown = {name: answers for name, answers in systems.items() if keys and keys <= answers.keys()}
        if shown:
            yield f"{title} ({len(keys)})", comparison({key: labels[key] for key in sorted(keys)}, shown)
    if {GEMINI, ORACLE_LEARNED} <= systems.keys():
        yield "CORD: is it luck?", luck({key: labels[key] for key in sorted(unseen)}, systems)
    yield "CORD: what finds an error of scale", found_by(receipts, systems)


def _answered(systems: Systems, *names: str) -> set[str]:
    groups = [set(answers) for name, answers in systems.items() if name.startswith(names)]
    return set.intersection(*groups) if groups else set()


def comparison(labels: Mapping[str, Invoice], systems: Systems) -> list[str]:
    rows = []
    for name, answers in systems.items():
        total = scale.amounts("total_amount", labels, answers)
        for what, tally in (
            ("total", total),
            ("tax", scale.amounts("total_tax_amount", labels, answers)),
            ("line-item prices", scale.prices(labels, answers)),
        ):
            counts = tally.counts
            right = percent(counts.recall, *(wilson(counts.correct, counts.labelled) or (None, None)))
            f1 = percent(counts.f1, *tally.interval())
            cells = [tally.kinds[kind] for kind in (*KINDS, "spurious")]
            rows.append([f"`{name}`" if what == "total" else "", what, counts.labelled, *cells, right, f1])
    head = ["system", "value", "labelled", "right", "off by a power of ten", "wrong", "missing", "spurious"]
    return table([*head, "right in % [95 %]", "F1 [95 %]"], rows)


def luck(labels: Mapping[str, Invoice], systems: Systems) -> list[str]:
    """Gemini as recorded against our backends on perfect words, single amounts: McNemar, Holm over these tests."""
    pairs = []
    for name in (ORACLE_RULES, ORACLE_LEARNED):
        for field, what in (("total_amount", "total"), ("total_tax_amount", "tax")):
            rights = [
                tuple(getattr(systems[one][key].invoice, field) == getattr(label, field) for one in (name, GEMINI))
                for key, label in labels.items()
                if getattr(label, field) is not None
            ]
            only_ours, only_theirs = rights.count((True, False)), rights.count((False, True))
            pairs.append((name, what, only_ours, only_theirs, mcnemar(only_ours, only_theirs)))
    corrected = holm([pair[-1] for pair in pairs])
    rows = [
        [f"`{name}`", what, f"{ours} : {theirs}", p_value(p), p_value(after)]
        for (name, what, ours, theirs, p), after in zip(pairs, corrected, strict=True)
    ]
    return table(["against Gemini as recorded", "value", "only ours : only Gemini", "p", "p (Holm)"], rows)


def found_by(receipts: Sequence[Receipt], systems: Systems) -> list[str]:
    """Totals off by a power of ten: how many arithmetic finds, how many the page, and how often each doubts other totals."""
    rows = []
    for name, answers in systems.items():
        counts = {"power": [0, 0, 0, 0], "other": [0, 0, 0, 0]}
        for receipt in receipts:
            truth = receipt.label.invoice.total_amount
            value = answers[receipt.document_id].invoice.total_amount if receipt.document_id in answers else None
            if truth is None or value is None:
                continue
            off = counts["power" if scale.kind_of(truth, value) == "power" else "other"]
            agree = scale.sums_agree(answers[receipt.document_id].invoice)
            off[0] += 1
            off[1] += agree is True
            off[2] += agree is False
            off[3] += bool(scale_suspects([("total_amount", value)], receipt.text))
        named = {"off by a power of ten": counts["power"], "other": counts["other"]}
        rows += [[f"`{name}`", group, *numbers] for group, numbers in named.items()]
    head = [
        "system",
        "totals",
        "n",
        "items add up: nothing found",
        "they do not",
        "`scale_suspect`: the page has another power of ten",
    ]
    return table(head, rows)
