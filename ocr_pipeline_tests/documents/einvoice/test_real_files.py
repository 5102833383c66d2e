"""Real e-invoices: the values beside each name were read from the text of the files, not by the parser."""

from decimal import Decimal
from pathlib import Path

import pytest

from ocr_pipeline.documents.einvoice.reading import CUT_OFF, read_einvoices
from ocr_pipeline.documents.importers import import_einvoice
from ocr_pipeline.documents.importers.einvoice_labels import label_of

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not (DATA / "einvoice-xml").is_dir(), reason="shared/data/einvoice-xml is not there")

EXPECTED = """
    cii/ZUGFeRD-invoice_rabatte_3_abschlag_duepayableamount.xml|ST-1499|2019-07-26|64.74|10.34|EUR|DATAflor Musterbetrieb
    cii/ZUGFeRD-invoice_rabatte_4_abschlag_taxbasistotalamount.xml|ST-1496|2019-07-25|231.37|36.94|EUR|DATAflor Musterbetrieb
    cii/hate1.xml|RE-20201121/508|2020-11-21|293.81|46.91|EUR|Bei Spiel GmbH
    cii/noNetPriceValidation.xml|RE-20201121/508|2020-11-21|376.04|60.04|EUR|Bei Spiel GmbH
    cii/not_validating_full_invoice_based_onTest_EeISI_300_CENfullmodel.cii.xml|Test_EeISI_100|2018-11-12|205.00|5.00|EUR|Seller name
    cii/testout-XR-Edge.xml|123|2020-12-22|1.00|0.00|EUR|Test company
    cii/testout-ZF2PushItemChargesAllowances.xml|123|2020-12-22|18.33|2.93|EUR|Test company
    cii/testout-ZF2PushRelativeChargesAllowances.xml|123|2020-12-22|6.25|1.00|CHF|Test company
    fatturapa/A10-Licenses.xml|20150483|2015-04-14|177.87|30.87|EUR|Bluem BV
    fatturapa/IT01234567890_FPA01.xml|123|2017-01-18|6.10|1.10|EUR|ALPHA SRL
    fatturapa/IT01234567890_FPA02.xml|123|2017-01-18|6.10|1.10|EUR|ALPHA SRL
    fatturapa/IT01234567890_FPA03.xml|12|2017-01-18|30.50|5.50|EUR|ALPHA SRL
    fatturapa/IT01234567890_FPA03.xml|456|2017-01-20|2440.00|440.00|EUR|ALPHA SRL
    fatturapa/IT01234567890_FPR01.xml|123|2014-12-18|6.10|1.10|EUR|SOCIETA' ALPHA SRL
    fatturapa/con-ritenuta-acconto-e-cassa-previdenziale.xml|37 2017|2017-05-01|17763.20|3203.20|EUR|MARCO ACCONTO
    fatturapa/fatt-pa-plain-vanilla.xml|1-TEST|2012-01-04|100435.27|0.00|EUR|AZIENDA TEST S.p.A.
    fatturapa/fattpa-creditnote.to-ublcn-working-example.xml|TOSL108|2009-12-15|1527.60|254.60|EUR|The Sellercompany Incorporated
    ubl/EN16931_Betriebskostenabrechnung.ubl.xml|471102|2018-03-05|18310.63|2923.55|EUR|Grundbesitz GmbH & Co.
    ubl/EN16931_Einfach_negativePaymentDue.ubl.xml|471102|2018-03-05|529.87|56.87|EUR|Lieferant GmbH
    ubl/EN16931_Elektron.ubl.xml|181301674|2018-04-25|300|47.9|EUR|ELEKTRON Industrieservice GmbH
    ubl/EN16931_ElektronischeAdresse.ubl.xml|9314110911/00/M/00/N|2018-10-01|340.96|54.44|EUR|MUSTER-Autovermietung
    ubl/EN16931_Haftpflichtversicherung_Versicherungssteuer.ubl.xml|01.234.567.8-2018-1|2018-12-06|50|0|EUR|MVM Musterhafter Versicherungsverein Musterstadt a.G.
    ubl/EN16931_Innergemeinschaftliche_Lieferungen.ubl.xml|47110818|2018-10-31|2000|0|EUR|Global Supplies Ltd.
    ubl/EN16931_Kraftfahrversicherung_Bruttopreise.ubl.xml|00.123.456.7-2018-1|2018-03-11|220|0|EUR|MVM Musterhafter Versicherungsverein Musterstadt a.G.
    ubl/EN16931_Miete.ubl.xml|9314110911/00/M/00/N|2018-10-01|340.96|54.44|EUR|MUSTER-Autovermietung
    ubl/EN16931_Rechnungskorrektur.ubl.xml|RK21012345|2018-09-16|-8.79|-1.12|EUR|MUSTERLIEFERANT GMBH
    ubl/XRECHNUNG_Betriebskostenabrechnung.ubl.xml|471102|2024-11-15|18310.63|2923.55|EUR|Grundbesitz GmbH & Co.
    ubl/XRECHNUNG_Einfach.ubl.xml|471102|2024-11-15|529.87|56.87|EUR|Lieferant GmbH
    ubl/XRECHNUNG_Reisekostenabrechnung.ubl.xml|280081|2024-11-15|230.48|16.39|EUR|Lieferant GmbH
""".strip()  # noqa: E501
"""File, number, date, total, tax, currency, supplier."""


NUMBER = 1


@pytest.mark.parametrize(
    "expected", [line.strip().split("|") for line in EXPECTED.splitlines()], ids=lambda row: f"{row[0]} {row[NUMBER]}"
)
def test_the_main_values(expected: list[str]) -> None:
    pytest.importorskip("lxml")
    name, number, day, total, tax, currency, supplier = expected
    found = {one.invoice.invoice_id: one for one in read_einvoices((DATA / "einvoice-xml" / name).read_bytes())}
    one = found[number]
    invoice = one.invoice
    assert (one.problems, one.contradictions) == ((), ())
    assert (str(invoice.invoice_date), invoice.currency) == (day, currency)
    assert (invoice.total_amount, invoice.total_tax_amount) == (Decimal(total), Decimal(tax))
    assert supplier in (invoice.supplier_name, *one.alternatives.get("supplier_name", []))


def test_the_table_has_every_file() -> None:
    names = {line.strip().partition("|")[0] for line in EXPECTED.splitlines()}
    assert names == {
        path.relative_to(DATA / "einvoice-xml").as_posix() for path in (DATA / "einvoice-xml").rglob("*.xml")
    }


def test_import_of_the_folder(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    report = import_einvoice(DATA / "einvoice-xml", tmp_path)
    assert (report.new, report.labelled, report.problems) == (29, 29, [])
    assert report.notes == [
        "fatturapa/IT01234567890_FPA03.xml: 2 invoices; each is a document of its own.",
        f"fatturapa/con-ritenuta-acconto-e-cassa-previdenziale.xml: {CUT_OFF}",
    ]


@pytest.mark.parametrize("name", ["zf-381-positive-xml-negative-page", "zf-date-time-203", "zf-key-l3ef", "zf-ubl"])
def test_xml_in_a_pdf_whatever_its_format_or_key(name: str) -> None:
    pytest.importorskip("pypdf")
    [found] = read_einvoices((DATA / "cases" / name / f"{name}.pdf").read_bytes())
    label = label_of(found)
    assert (label.invoice.invoice_id, label.invoice.total_amount, found.problems) == ("NE-1", Decimal("357.00"), ())
    assert label.alternatives.get("total_amount", []) == (["-357.00"] if "381" in name else [])


TERMS = {
    "BT-1": "invoice_id",
    "BT-2": "invoice_date",
    "BT-5": "currency",
    "BT-13": "purchase_order",
    "BT-109": "net_amount",
    "BT-110": "total_tax_amount",
    "BT-112": "total_amount",
    "BT-115": "amount_due",
}


@pytest.mark.parametrize("folder", ["cii", "ubl"])
def test_another_reader_reads_the_same(folder: str) -> None:
    facturx = pytest.importorskip("facturx")
    for file in sorted((DATA / "einvoice-xml" / folder).iterdir()):
        [found] = read_einvoices(file.read_bytes())
        terms = facturx.parse_ubl_cii_xml(file.read_bytes(), check_xsd=False)
        for term, name in TERMS.items():
            value, expected = getattr(found.invoice, name), terms.get(term)
            if isinstance(value, Decimal):
                expected = expected if expected is None else Decimal(str(expected))
            assert value == expected, (file.name, term)
        lines = [Decimal(str(line["BT-131"])) for line in terms["BG-25"]]
        assert [item.amount for item in found.invoice.line_items] == lines, file.name
