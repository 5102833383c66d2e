import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.extraction.rules import RulesExtractor, lexicon
from ocr_pipeline.extraction.rules.extractor import choices, extract_text
from ocr_pipeline.extraction.rules.fields import items
from ocr_pipeline.extraction.rules.fields.labelled_amounts import labelled
from ocr_pipeline.extraction.rules.fields.total_weights import TOTAL_WEIGHTS
from ocr_pipeline.extraction.rules.parts import first_invoice
from ocr_pipeline.extraction.rules.result import MAX_CANDIDATES
from ocr_pipeline.schemas import Extraction, OcrPage, OcrText, Word
from ocr_pipeline_tests.extraction.rules.printed import extract, printed

INVOICE = """
    Lieferant GmbH
    Lieferantenstraße 20
    80333 München
    Rechnung Nr. 471102 vom 05.06.2018
    Käufer:
    Kunden AG Mitte
    Pos  Beschreibung       Nettopreis     Menge     USt.      Betrag
    1    Stadtfahrt             2,0000     6,5 Stk   7 %        13,00
    Nettobetrag                                                 13,00
    MwSt 7%                                                      0,91
    Rechnungsbetrag EUR                                         13,91
"""


def check_evidence(extraction: Extraction, text: OcrText) -> None:
    """Every value has evidence, and the evidence stands where it says."""
    words = list(text.words())
    invoice = extraction.invoice.model_dump(exclude_none=True)
    lines = {name: invoice.pop(name) for name in ("line_items", "tax_lines")}
    paths = {*invoice, *(f"{name}.{i}.{part}" for name in lines for i, line in enumerate(lines[name]) for part in line)}
    assert set(extraction.evidence) == paths
    for evidence in extraction.evidence.values():
        boxes = [words[index].box for index in evidence.words]
        assert evidence.box[0] == min(box[0] for box in boxes)
        assert evidence.box[3] == max(box[3] for box in boxes)
        assert {words[index].page for index in evidence.words} == {evidence.page}
        assert evidence.text
        assert evidence.method


def test_an_invoice_with_evidence_for_every_value() -> None:
    text = printed(INVOICE, "Zahlbar bis 04.07.2018")
    extraction = extract_text(text)
    check_evidence(extraction, text)
    assert extraction.invoice.model_dump(mode="json", exclude_none=True) == {
        "document_type": "invoice",
        "supplier_name": "Lieferant GmbH",
        "supplier_address": "Lieferantenstraße 20, 80333 München",
        "receiver_name": "Kunden AG Mitte",
        "invoice_id": "471102",
        "invoice_date": "2018-06-05",
        "due_date": "2018-07-04",
        "currency": "EUR",
        "net_amount": "13.00",
        "total_tax_amount": "0.91",
        "total_amount": "13.91",
        "tax_lines": [{"rate": "7", "net_amount": "13.00", "amount": "0.91"}],
        "line_items": [
            {"description": "Stadtfahrt", "quantity": "6.5", "unit": "Stk", "unit_price": "2.0000", "amount": "13.00"}
        ],
    }
    assert (extraction.evidence["total_amount"].page, extraction.evidence["due_date"].page) == (1, 2)
    assert extraction.evidence["line_items.0.amount"].method == "quantity x unit price"


def test_a_field_chosen_alone_is_chosen_as_with_all_others() -> None:
    text = printed(INVOICE, "Zahlbar bis 04.07.2018")
    reading = first_invoice(text).reading
    amounts, sold = labelled(reading), items.find(reading)
    every = choices(reading, amounts, sold)
    assert every["supplier_address"].chosen
    for field, choice in every.items():
        assert choices(first_invoice(text).reading, amounts, sold, wanted=[field]) == {field: choice}


def test_a_document_without_words_gives_nothing() -> None:
    for text in (OcrText(pages=[]), OcrText(pages=[OcrPage(page=1, width=10, height=10, words=[], seconds=0)])):
        assert extract_text(text) == Extraction.model_validate({"invoice": {}, "cost_usd": 0.0})


def test_what_looks_like_nothing_is_not_taken_for_a_value() -> None:
    assert extract("Page 1 of 2\nTel 03-5542 3228\n31/02/2018").invoice.model_dump(exclude_defaults=True) == {}


def test_the_fingerprint_changes_with_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    before = RulesExtractor().fingerprint()
    assert json.loads(json.dumps(before)) == before == RulesExtractor().fingerprint()
    monkeypatch.setattr(lexicon, "_read", lambda name: b"")
    lexicon.digest.cache_clear()
    try:
        assert RulesExtractor().fingerprint() != before
    finally:
        monkeypatch.undo()
        lexicon.digest.cache_clear()


def test_candidates_are_kept_with_their_facts() -> None:
    text = printed("TOTAL   60.24\nCASH   100.00\nCHANGE   39.76")
    candidates = [candidate for candidate in extract_text(text).candidates if candidate.field == "total_amount"]
    assert (candidates[0].value, candidates[0].chosen) == ("60.24", True)
    assert {candidate.value for candidate in candidates} == {"60.24", "100.00", "39.76"}
    assert [candidate.score for candidate in candidates] == sorted((c.score for c in candidates), reverse=True)
    best = candidates[0]
    assert (best.features["cash_less_change"], best.features["left_total"]) == (1.0, 1.0)
    assert all(candidate.features.values() and all(candidate.features.values()) for candidate in candidates)
    assert best.score == pytest.approx(
        sum(TOTAL_WEIGHTS.get(name, 0.0) * value for name, value in best.features.items()), abs=1e-3
    )
    assert [word.text for word in list(text.words())[best.words[0] : best.words[-1] + 1]] == ["60.24"]


def test_the_number_of_candidates_is_bounded() -> None:
    drawing = "\n".join(f"ITEM   {position}.37" for position in range(1, 41))
    found = extract(drawing + "\nTOTAL   9.99").candidates
    kept = [candidate for candidate in found if candidate.field == "total_amount"]
    assert len(kept) == MAX_CANDIDATES
    assert [candidate.value for candidate in kept if candidate.chosen] == ["9.99"]


def test_a_corrected_candidate_keeps_its_printed_text() -> None:
    evidence = extract("TOTAL   5.60\nCASH   10.00\nCHANGE   1.40").evidence["total_amount"]
    assert (evidence.text, evidence.correction) == ("5.60", "cash - change")
    name = extract("PERNIAGAAN ZHENG HUI SDH BHD (123456-A)").evidence["supplier_name"]
    assert (name.text, name.correction) == ("PERNIAGAAN ZHENG HUI SDH BHD (123456-A)", "spelling of known words")
    assert extract("Date: 2O/03/2018").evidence["invoice_date"].correction == "letters read as digits"


def test_a_total_that_cash_and_change_support_is_surer() -> None:
    low = extract("TOTAL   60.24\nTOTAL   42.35")
    high = extract("TOTAL   60.24\nCASH   100.00\nCHANGE   39.76")
    assert low.evidence["total_amount"].score < high.evidence["total_amount"].score


PIECES = """
    TOTAL Total: GST 6% RM12.50 12.50 -0.02 1.234,56 Datum 12/03/2018 Rechnung Nr. GmbH SDN BHD ( · : 53300 x 2 €
"""
WORDS = st.one_of(st.sampled_from(PIECES.split()), st.text(min_size=1, max_size=12))
PLACES = st.floats(min_value=0, max_value=0.9)


@st.composite
def _word(draw: st.DrawFn) -> Word:
    x, y = draw(PLACES), draw(PLACES)
    box = (x, y, x + draw(st.floats(0, 0.1)), y + draw(st.floats(0, 0.1)))
    line = draw(st.integers(0, 8))
    return Word(text=draw(WORDS), box=box, confidence=None, page=1, line=line)


@given(st.lists(_word(), max_size=25))
def test_no_text_breaks_the_rules(words: list[Word]) -> None:
    text = OcrText(pages=[OcrPage(page=1, width=600, height=900, words=words, seconds=0.0)])
    check_evidence(extract_text(text), text)
