"""A known own company is never the supplier of a purchase, and is preferred as receiver."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.extraction.own import OwnCompany
from ocr_pipeline.extraction.rules.extractor import RulesExtractor, extract_text
from ocr_pipeline.project import Project
from ocr_pipeline_tests.extraction.rules.printed import printed

OWN = OwnCompany(names=("Nordlicht Energie GmbH",), tax_ids=("DE136695976",))


@pytest.mark.parametrize(
    ("drawing", "supplier", "supplier_tax_id", "receiver", "receiver_tax_id"),
    [
        (  # no label says who is who, and the own company stands first
            "Nordlicht Energie GmbH\nHafenstr. 1\n20095 Hamburg\nUSt-IdNr. DE 136 695 976\n\nBüro Krause e.K.\nMarkt 2\n"
            "04109 Leipzig\nUSt-IdNr. DE811569869\n\nRechnung Nr. 12\nGesamtbetrag   12,00 EUR",
            "Büro Krause e.K.", "DE811569869", "Nordlicht Energie GmbH", "DE136695976",
        ),
        (  # without its legal form
            "NORDLICHT ENERGIE\nHafenstr. 1\n20095 Hamburg\n\nBüro Krause GmbH\n04109 Leipzig\n\nRechnung Nr. 12\n"
            "Gesamtbetrag   12,00 EUR",
            "Büro Krause GmbH", None, "NORDLICHT ENERGIE", None,
        ),
        (  # an invoice of its own
            "Nordlicht Energie GmbH\n20095 Hamburg\nUSt-IdNr. DE136695976\n\nRechnung an:\nBüro Krause GmbH\n04109 Leipzig\n\n"
            "Rechnung Nr. 12\nGesamtbetrag   12,00 EUR",
            "Nordlicht Energie GmbH", "DE136695976", "Büro Krause GmbH", None,
        ),
    ],
)  # fmt: skip
def test_the_own_company_is_the_receiver(
    drawing: str, supplier: str, supplier_tax_id: str | None, receiver: str, receiver_tax_id: str | None
) -> None:
    invoice = extract_text(printed(drawing), own=OWN).invoice
    assert (invoice.supplier_name, invoice.supplier_tax_id) == (supplier, supplier_tax_id)
    assert (invoice.receiver_name, invoice.receiver_tax_id) == (receiver, receiver_tax_id)


def test_it_is_never_the_supplier_even_alone() -> None:
    alone = printed("Nordlicht Energie GmbH\nUSt-IdNr. DE136695976\nRechnung Nr. 12\nGesamtbetrag   12,00 EUR")
    assert extract_text(alone).invoice.supplier_name == "Nordlicht Energie GmbH"
    invoice = extract_text(alone, own=OWN).invoice
    assert not OWN.is_name(invoice.supplier_name or "")
    assert invoice.supplier_tax_id is None


def test_it_is_a_part_of_the_fingerprint_only_if_set(tmp_path: Path) -> None:
    config = "engines: {pdf-text: }\nbackends: {b: {engine: pdf-text, extractor: rules}}\n"
    path = tmp_path / "backends.yaml"
    path.write_text(config)
    without = load_backends(Project(tmp_path))["b"]
    assert without.fingerprint == load_backends(Project(tmp_path))["b"].fingerprint
    assert "own" not in RulesExtractor().fingerprint()
    path.write_text(config + "own: {names: [Nordlicht Energie GmbH], tax_ids: [DE136695976]}\n")
    own = load_backends(Project(tmp_path))["b"]
    path.write_text(config + "own: {names: [NORDLICHT Energie GmbH], tax_ids: [DE 136 695 976]}\n")
    spelled = load_backends(Project(tmp_path))["b"]
    assert without.fingerprint != own.fingerprint == spelled.fingerprint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "names or tax_ids is required"),
        ({"names": ["A."]}, "'A.' is too short: a name has at least 3 letters or digits"),
        ({"tax_ids": ["DE12"]}, "'DE12' is not a tax id: it has fewer than 5 digits"),
        ({"name": ["Nordlicht"]}, "Extra inputs are not permitted"),
    ],
)
def test_mistakes(content: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        OwnCompany.model_validate(content)
