"""Tables of the first part from made-up scores: luck, rules, curves, what everybody gets wrong."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.schemas import Invoice, Label
from ocr_pipeline.study import receipts
from ocr_pipeline.study.coverage import ALL_VALUES, curves, drawing
from ocr_pipeline.study.scored import RULES, Results, with_holm

OURS, CLAUDE, TEXTRACT = "rapidocr+learned", "recorded-claude-haiku-4.5", "recorded-textract"


def score(document: str, backend: str, outcome: str, within_1_percent: bool = False) -> StoredScore:
    near = "correct" if outcome == "correct" or within_1_percent else outcome
    return StoredScore(
        document, "sroie-recorded", backend, "total_amount", "money", "10.00", "1.00", outcome, outcome, near,  # type: ignore[arg-type]
        within_1_percent=near == "correct",
    )  # fmt: skip


def results(outcomes: Mapping[str, Sequence[str]], confidences: Mapping[str, Sequence[float]] | None = None) -> Results:
    """`outcomes`: by backend, one letter a receipt: c correct, n near (within 1 %), w wrong."""
    documents = [f"r{number:03}" for number in range(len(next(iter(outcomes.values()))))]
    scores = {
        backend: {
            (document, "total_amount"): score(document, backend, "correct" if letter == "c" else "wrong", letter == "n")
            for document, letter in zip(documents, letters, strict=True)
        }
        for backend, letters in outcomes.items()
    }
    labels = {
        document: Label(invoice=Invoice(total_amount=Decimal(10), supplier_name=f"{chr(65 + number % 20) * 6} Ltd"))
        for number, document in enumerate(documents)
    }
    sure = {
        backend: {(document, "total_amount"): value for document, value in zip(documents, values, strict=True)}
        for backend, values in (confidences or {}).items()
    }
    return Results(
        dataset="sroie-recorded",
        boards=[],
        not_run=[],
        fields={},
        scores=scores,
        comparisons=[],
        attributions=[],
        confidences={backend: sure.get(backend, {}) for backend in outcomes},
        asked=dict.fromkeys(outcomes, 0),
        labels=labels,
        extractions={},
    )


@pytest.mark.parametrize("name", ["free-ensemble", "learned+textract", "cascade-textract"])
def test_what_learned_on_the_judged_receipts_is_marked_beside_its_numbers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Results, "backends", [name, OURS])
    lines = "\n".join(receipts.by_field(results({name: "ccw", OURS: "ccw"})))
    assert f"| `{name}` {receipts.MARK} |" in lines
    assert f"| `{OURS}` |" in lines


def test_the_control_alone_has_no_best_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Results, "backends", ["oracle+rules"])
    assert any("3 of 3" in line for line in receipts.by_field(results({"oracle+rules": "ccc"})))


def test_pairs_and_their_family() -> None:
    found = results({OURS: "c" * 10 + "w" * 3, CLAUDE: "w" * 10 + "c" * 3})
    pair = found.pair(OURS, CLAUDE, "total_amount")
    assert (pair.only_a, pair.only_b) == (10, 3)
    assert pair.p == pytest.approx(0.0923, abs=1e-4)
    same = found.pair(OURS, OURS, "total_amount")
    assert [p for _, p in with_holm([pair, same])] == [pytest.approx(2 * pair.p), 1.0]


def test_an_order_that_depends_on_the_rule_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = results({CLAUDE: "c" * 19 + "w" * 8, TEXTRACT: "n" * 16 + "w" * 3 + "c" * 8})
    monkeypatch.setattr(Results, "backends", [CLAUDE, TEXTRACT])
    rules = {name: RULES[name] for name in ("exact (headline)", "within 1 %")}
    [_, _, row, _] = receipts.depends(found, {"total_amount": rules})
    assert "exact (headline) 19 : 8 (0.052); within 1 % 3 : 8 (0.227)" in row
    stable = results({CLAUDE: "c" * 19 + "w" * 8, TEXTRACT: "w" * 19 + "c" * 8})
    assert len(receipts.depends(stable, {"total_amount": rules})) == 3, "a head and nothing below"


def test_what_everybody_gets_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    found = results({OURS: "wcw", CLAUDE: "wwc", TEXTRACT: "wnc"})
    monkeypatch.setattr(Results, "backends", [OURS, CLAUDE, TEXTRACT])
    text = "\n".join(receipts.nobody(found))
    assert "Every system (3) is wrong:\n\n| field | receipts | ids |\n| --- | --- | --- |\n| total | 1 | r000 |" in text
    assert "| total | 2 | r000, r001 |" in text, "every recorded system"


def test_curves_are_of_backends_with_confidence_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 100
    sure = [1 - number / n for number in range(n)]
    found = results({OURS: "c" * 80 + "w" * 20, CLAUDE: "c" * n}, {OURS: sure})
    monkeypatch.setattr(Results, "backends", [OURS, CLAUDE])
    made = curves(found)
    assert made[CLAUDE] == []
    shares = {row.accepted: row.errors for row in made[OURS] if row.level == ALL_VALUES and row.target_risk is None}
    assert (shares[80], shares[100]) == (0, 20)
    one_percent = next(row for row in made[OURS] if row.level == ALL_VALUES and row.target_risk == 0.01)
    assert 60 <= one_percent.accepted <= 85
    assert one_percent.errors <= 3
    svg = drawing(made)
    assert svg is not None
    assert svg.startswith("<svg")
    assert drawing({CLAUDE: []}) is None
    few = results({OURS: "c" * 20}, {OURS: sure[:20]})
    monkeypatch.setattr(Results, "backends", [OURS])
    assert curves(few) == {OURS: []}, "a threshold for 1 % error means nothing on 20 receipts"
