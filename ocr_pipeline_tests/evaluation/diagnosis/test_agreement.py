import pytest

from ocr_pipeline.evaluation.diagnosis.agreement import Consensus, consensus, suggest
from ocr_pipeline.evaluation.diagnosis.voices import voice


def test_consensus_ignores_spelling() -> None:
    values = {
        "a": {"total_amount": "9.0", "supplier_name": "ACME Ltd."},
        "b": {"total_amount": "9.00", "supplier_name": "acme ltd"},
        "c": {"total_amount": "9.50"},
    }
    name, total = consensus("d", values)
    assert (name.field, name.value, name.agreeing, name.distinct_values) == ("supplier_name", "ACME Ltd.", 2, 2)
    assert (total.field, total.value, total.agreeing, total.backends) == ("total_amount", "9.0", 2, 3)
    assert total.agreement == 1 / 3


def test_spellings_of_a_tax_id_agree() -> None:
    (tax_id,) = consensus("d", {"a": {"supplier_tax_id": "GR094259216"}, "b": {"supplier_tax_id": "EL 094 259 216"}})
    assert (tax_id.agreeing, tax_id.distinct_values) == (2, 1)


def test_an_empty_value_is_an_opinion() -> None:
    (most,) = consensus("d", {"a": {"due_date": "2018-03-05"}, "b": {}, "c": {}})
    assert (most.value, most.agreeing, most.agreement) == (None, 2, 1 / 3)
    (tie,) = consensus("d", {"a": {}, "b": {"due_date": "2018-03-05"}})
    assert (tie.value, tie.agreement) == ("2018-03-05", 0.0)
    assert consensus("d", {"a": {}, "b": {}}) == []
    (alone,) = consensus("d", {"a": {"due_date": "2018-03-05"}})
    assert alone.agreement == 1.0


def entry(document_id: str, field: str, agreement: float, backends: int = 3) -> Consensus:
    return Consensus(
        document_id=document_id,
        field=field,
        value="x",
        backends=backends,
        agreeing=1,
        distinct_values=1,
        agreement=agreement,
    )


def test_disagreement_is_labelled_first() -> None:
    entries = [entry("calm", "total_amount", 1.0), entry("torn", "total_amount", 0.0), entry("torn", "due_date", 1 / 3)]
    first, second = suggest(entries, {}, {}, [])
    assert (first.document_id, first.unsure_fields) == ("torn", ("total_amount", "due_date"))
    assert first.score == pytest.approx(1 + 2 / 3)
    assert (second.document_id, second.score, second.unsure_fields) == ("calm", 0.0, ())


def test_low_confidence_comes_first_among_equals() -> None:
    entries = [entry(key, "total_amount", 1.0) for key in ("sure", "unsure")]
    sure = {("sure", "total_amount"): [0.99, 0.97], ("unsure", "total_amount"): [0.6, 0.6]}
    assert [s.document_id for s in suggest(entries, sure, {}, [])] == ["unsure", "sure"]


def test_one_document_per_group_of_copies() -> None:
    entries = [entry(key, "total_amount", 0.5) for key in ("a", "b", "c", "done", "copy")]
    groups = {"a": "a", "b": "a", "done": "done", "copy": "done"}
    assert [s.document_id for s in suggest(entries, {}, groups, ["done"])] == ["a", "c"]


def test_backends_of_one_voice_do_not_outvote_two_others() -> None:
    said = {"a+rules": "1.00", "b+rules": "1.00", "c+rules": "1.00", "gemini": "2.00", "gpt": "2.00"}
    values = {name: {"total_amount": value} for name, value in said.items()}
    voices = {f"{engine}+rules": voice(engine, "rules") for engine in "abc"}
    [plain] = consensus("d", values)
    [heard] = consensus("d", values, {**voices, "gemini": voice(None, "gemini"), "gpt": voice(None, "gpt")})
    assert (plain.value, heard.value, heard.agreeing) == ("1.00", "2.00", 2)
