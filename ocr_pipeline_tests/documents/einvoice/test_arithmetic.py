"""The sums of EN 16931: each rule is broken once, and tolerated where the standard tolerates it."""

import pytest

from ocr_pipeline.documents.einvoice.reading import read_einvoices
from ocr_pipeline_tests.documents.einvoice.samples import INVOICE, cii

pytest.importorskip("lxml")


def broken_rules(content: bytes) -> list[str]:
    [found] = read_einvoices(content)
    return [check.rule for check in found.contradictions]


def test_right_sums() -> None:
    assert broken_rules(cii()) == []
    assert broken_rules(INVOICE.encode()) == []


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"line": "90.01"}, ["BR-CO-10", "BR-CO-13"]),
        ({"allowance": "4.99"}, ["BR-CO-11"]),
        ({"charge": "15.50"}, ["BR-CO-12"]),
        ({"net": "100.01"}, ["BR-CO-13", "BR-CO-15"]),
        ({"tax": "8.11", "total": "108.11", "due": "88.13"}, ["BR-CO-14"]),
        ({"total": "108.20", "due": "88.22"}, ["BR-CO-15"]),
        ({"due": "108.10"}, ["BR-CO-16"]),
        ({"rate_tax": "10.00", "tax": "10.00", "total": "110.00", "due": "90.02"}, ["BR-CO-17"]),
    ],
    ids=lambda value: "+".join(value),
)
def test_each_rule(changes: dict[str, str], rules: list[str]) -> None:
    assert broken_rules(cii(**changes)) == rules


@pytest.mark.parametrize(
    "changes",
    [
        {"rate_tax": "8.90", "tax": "8.90", "total": "108.90", "due": "88.92"},  # rounded line by line
        {"profile": "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended", "line": "90.01"},
        {"profile": "urn:factur-x.eu:1p0:minimum", "due": "108.10"},  # it does not know prepayments
        {"tax": "n/a"},
    ],
    ids=["by line", "EXTENDED", "MINIMUM", "no number"],
)
def test_tolerances(changes: dict[str, str]) -> None:
    assert broken_rules(cii(**changes)) == []


def test_a_contradiction_is_one_sentence_without_amounts() -> None:
    [found] = read_einvoices(cii(total="108.20", due="88.22"))
    assert [check.sentence for check in found.contradictions] == ["BR-CO-15: the total is not net amount plus tax."]


def test_cii_values() -> None:
    [found] = read_einvoices(cii())
    assert (found.country, found.invoice.supplier_address) == ("CH", "Waldweg 3, 8000 Zürich")
    assert (str(found.invoice.due_date), found.alternatives["due_date"]) == ("2026-04-01", ["2026-05-01"])
    assert found.invoice.line_items[0].unit_price == 10  # the price is for two pieces
