"""Payloads in, values out."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ocr_pipeline.extraction.codes.formats import MAX_PAYLOAD, PARSERS, gs1, parse
from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import amount, clean, query
from ocr_pipeline.schemas import Invoice
from ocr_pipeline_tests.extraction.codes.samples import SAMPLES, Sample, jwt, taxcore, tlv

EACH = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
AMOUNTS = {"net_amount", "total_tax_amount", "total_amount", "amount_due"}


def values(content: Content | None) -> Invoice | None:
    """The fields of a code, as an invoice."""
    return Invoice.model_validate(dict(content.fields)) if content else None


def one(payload: bytes | str) -> Content:
    content = parse(payload.encode() if isinstance(payload, str) else payload)
    assert content is not None
    return content


@EACH
@pytest.mark.parametrize("encoder", ["payload", "sloppy"])
def test_what_a_code_says(sample: Sample, encoder: str) -> None:
    content = parse(getattr(sample, encoder), is_gs1=sample.is_gs1)
    assert content is not None
    assert values(content) == Invoice.model_validate(sample.values)
    if encoder == "payload":
        assert sample.details.items() <= content.details.items()


@EACH
@pytest.mark.parametrize("payload", ["damaged", "foreign"])
def test_what_is_no_such_code_has_no_values(sample: Sample, payload: str) -> None:
    found = values(parse(getattr(sample, payload), is_gs1=sample.is_gs1))
    assert found in (None, Invoice())


@EACH
def test_each_payload_fits_one_format(sample: Sample) -> None:
    parsers = [gs1.parse] if sample.is_gs1 else PARSERS
    assert sum(parser(sample.payload) is not None for parser in parsers) == 1


@EACH
def test_a_payment_is_never_a_total(sample: Sample) -> None:
    content = parse(sample.payload, is_gs1=sample.is_gs1)
    assert content is not None
    assert content.kind != "payment" or not {"total_amount", "net_amount", "total_tax_amount"} & content.fields.keys()


@pytest.mark.parametrize(("text", "due"), [("", None), ("0.00", None), ("0.05", "0.05")])
def test_a_bill_without_amount_asks_for_nothing(text: str, due: str | None) -> None:
    bill = next(sample for sample in SAMPLES if sample.name == "swiss-qr-bill-combined").payload
    found = values(parse(bill.replace(b"199.95", text.encode())))
    assert found == Invoice.model_validate({**SAMPLES[1].values, "amount_due": due})


@pytest.mark.parametrize(
    ("character_set", "encoding"),
    [
        ("1", "utf-8"), ("2", "iso8859-1"), ("3", "iso8859-2"), ("4", "iso8859-4"), ("8", "iso8859-15"), ("7", "iso8859-10"),
        ("2", "utf-8"), ("", "iso8859-15"),
    ],
)  # fmt: skip
def test_character_sets_of_a_girocode(character_set: str, encoding: str) -> None:
    payload = (
        f"BCD\n002\n{character_set}\nSCT\n\nBäckerei Öhler\nDE75512108001245126199\nEUR12.3\n\nRF18539007547034".encode(
            encoding
        )
    )
    content = one(payload)
    assert content.fields["supplier_name"] == "Bäckerei Öhler"
    assert (content.version, content.details["reference"], content.details["bic"]) == ("002", "RF18539007547034", None)


@pytest.mark.parametrize(
    ("character_set", "name", "encoding"),
    [("5", "Пекарня", "iso8859-5"), ("6", "Αρτοποιείο", "iso8859-7"), ("3", "Łódź", "iso8859-2")],
)
def test_other_scripts_of_a_girocode(character_set: str, name: str, encoding: str) -> None:
    payload = f"BCD\n002\n{character_set}\nSCT\n\n{name}\nDE75512108001245126199\nEUR5".encode(encoding)
    assert one(payload).fields["supplier_name"] == name


@pytest.mark.parametrize(("character_set", "encoding"), [("8", "iso8859-15"), ("2", "iso8859-15"), ("6", "iso8859-7")])
def test_the_euro_sign_of_a_girocode_is_not_a_currency_sign(character_set: str, encoding: str) -> None:
    payload = f"BCD\n002\n{character_set}\nSCT\n\nShop\nDE75512108001245126199\nEUR5\n\n\n10 € Rabatt"
    assert one(payload.encode(encoding)).details["message"] == "10 € Rabatt"


def test_an_arabic_name_with_its_length_in_characters() -> None:
    name = "مؤسسة"
    wrong = bytes([1, len(name)]) + name.encode() + tlv("", "310122393500003", "2022-04-25T15:30:00Z", "115", "15")[2:]
    assert one(base64.b64encode(wrong)).fields["supplier_name"] == name


def test_phase_2_of_zatca_has_a_signature() -> None:
    fields = tlv(
        "Bobs", "310122393500003", "2022-04-25T15:30:00Z", "115", "15", b"hash", b"sign\xff", b"\x30\x56", b"\x30"
    )
    assert one(base64.b64encode(fields)).version == "phase 2"


@pytest.mark.parametrize("number", ["11111111111", "2222222222"])
def test_a_turkish_consumer_has_no_tax_number(number: str) -> None:
    payload = f'{{"vkntckn":"1234567890","avkntckn":"{number}","tip":"IADE","no":"A1","tarih":"2024-01-02"}}'
    assert values(one(payload)) == Invoice.model_validate(
        {
            "supplier_tax_id": "1234567890",
            "document_type": "credit_note",
            "invoice_id": "A1",
            "invoice_date": "2024-01-02",
        }
    )


@pytest.mark.parametrize(
    ("vat", "due", "found"),
    [
        ("200.00", "1100.00", ("1000.00", "200.00", "1200.00", "1100.00")),  # the whole VAT
        ("100.00", "1100.00", (None, None, "1200.00", "1100.00")),  # without what is withheld
    ],
)
def test_withheld_turkish_vat(vat: str, due: str, found: tuple[str | None, ...]) -> None:
    payload = (
        '{"vkntckn":"1234567890","no":"A1","tarih":"2026-01-15","tip":"TEVKIFAT","kdvmatrah(20.00)":"1000.00",'
        f'"hesaplanankdv(20.00)":"{vat}","hesaplanankdvtevkifat(20.00)":"100.00","vergidahil":"1200.00","odenecek":"{due}\n\t"}}'
    )
    fields = one(payload).fields
    names = ("net_amount", "total_tax_amount", "total_amount", "amount_due")
    assert tuple(None if fields[name] is None else str(fields[name]) for name in names) == found


def test_a_short_turkish_receipt_of_the_self_employed_has_what_was_paid() -> None:
    content = one(
        '{"tur":"e-SMM","ETTN":"f47ac10b","no":"ABC2026000000197","tarih":" 15-01-2026","net":"13.486,03","tahsilat":'
        '"16.857,54","VKNTCKN":"1234567890"}'
    )
    assert (str(content.fields["amount_due"]), content.fields["total_amount"]) == ("16857.54", None)


def test_an_austrian_training_receipt_has_no_values() -> None:
    payload = next(sample for sample in SAMPLES if sample.name == "austria").payload
    content = one(payload.replace(b"udSL0zTzFaA=", b"VFJB"))
    assert (content.fields, content.details) == ({}, {"training": "yes"})


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("numserie", "num"),
        ("ValidarQR", "ValidarQRNoVerifactu"),
        ("www2.agenciatributaria.gob.es", "prewww2.aeat.es"),
    ],
)
def test_addresses_of_spanish_invoices(part: str, other: str) -> None:
    sample = next(sample for sample in SAMPLES if sample.name == "verifactu")
    assert values(one(sample.payload.decode().replace(part, other))) == Invoice.model_validate(sample.values)


def test_a_bulgarian_receipt_is_in_euro_from_2026_on() -> None:
    assert one("02614893*0010512*2026-01-01*00:04:15*14.29").fields["currency"] == "EUR"


def test_a_portuguese_invoice_of_three_regions() -> None:
    content = one(
        "A:123456789*B:999999990*C:PT*D:FT*E:N*F:20191231*G:FT AB2019/0035*H:CSDF7T5H-0035*I1:PT*I2:12000.00*I3:15000.00"
        "*I4:900.00*I5:50000.00*I6:6500.00*I7:80000.00*I8:18400.00*J1:PT-AC*J2:10000.00*J3:25000.56*J4:1000.02*J5:75000.00*J6:6750.00"
        "*J7:100000.00*J8:18000.00*K1:PT-MA*K2:5000.00*K3:12500.00*K4:625.00*K5:25000.00*K6:3000.00*K7:40000.00*K8:8800.00"
        "*L:100.00*M:25.00*N:64000.02*O:513600.58*P:100.00*Q:kLp0*R:9999*S:TB;PT00000000000000000000000;513500.58"
    )
    assert [str(content.fields[name]) for name in ("net_amount", "total_tax_amount", "total_amount")] == [
        "449600.56", "64000.02", "513600.58",
    ]  # fmt: skip
    assert len(content.tax_lines) == 12


def test_an_indian_payment_link() -> None:
    content = one(
        "upi://pay?pa=shop@bank&pn=Shop%20Ltd&am=118.00&cu=INR&tr=T1&gstIn=27AAPFU0939F1ZV&invoiceNo=A-1&invoiceDate=2024-03-31"
    )
    assert (content.kind, str(content.fields["amount_due"]), content.fields["invoice_id"]) == (
        "payment",
        "118.00",
        "A-1",
    )


def test_unregistered_indian_buyers_have_no_number() -> None:
    content = one(jwt({"SellerGstin": "29AAFCD5862R000", "BuyerGstin": "URP", "DocNo": "1", "DocTyp": "CRN"}))
    assert (content.fields["receiver_tax_id"], content.fields["document_type"]) == (None, "credit_note")


@pytest.mark.parametrize(
    "process", ["Beleg^1.00_0.00_0.00_0.00_0.00^5.00:Bar:USD", "Beleg^-1.00_2.00_0.00_0.00_0.00^1.00:Unbar"]
)
def test_payments_in_other_currencies_and_returned_goods(process: str) -> None:
    payload = f"V0;1;Kassenbeleg-V1;{process};1;2;2019-07-10T22:41:04.000Z;2019-07-10T22:41:04.000Z;a;b;c;d"
    assert (str(one(payload).fields["total_amount"]), str(one(payload).fields["invoice_date"])) == (
        "1.00",
        "2019-07-11",
    )


@pytest.mark.parametrize(
    ("process", "times", "total", "issued"),
    [
        ("KassenBeleg-V1;Beleg^2.90_0.00_0.00_0.00_2.10^5.00:Unbar", "2021-07-23T10:12:55.000Z", "5.00", "2021-07-23"),
        (
            "Kassenbeleg-V1;Beleg^3,000.00_20.00_0.00_0.00_0.00^3,020.00:Bar",
            "2020-06-16T10:58:12.000Z",
            "3020.00",
            "2020-06-16",
        ),
        ("Kassenbeleg-V1;Beleg^2.55_0.00_0.00_0.00_0.00^2.55:Bar", "1577833200", "2.55", "2020-01-01"),
    ],
    ids=["spelling", "thousands", "seconds"],
)
def test_german_registers_write_differently(process: str, times: str, total: str, issued: str) -> None:
    content = one(f"V0;AMA-6200;{process};160504;344413;{times};{times};ecdsa-plain-SHA384;unixTime;c;d")
    assert (str(content.fields["total_amount"]), str(content.fields["invoice_date"])) == (total, issued)


def test_thousands_of_german_payments_are_checked() -> None:
    assert parse(b"V0;1;Kassenbeleg-V1;Beleg^3,000.00_0_0_0_0^3,020.00:Bar;1;2;2020-01-01T10:00:00Z;;a;b;c;d") is None


def test_an_order_has_no_total() -> None:
    payload = 'V0;1;Bestellung-V1;1;"Bier";3.20;1;2;2019-07-10T18:41:04.000Z;2019-07-10T18:41:04.000Z;a;b;c;d'
    assert not {"total_amount", "document_type"} & {name for name, value in one(payload).fields.items() if value}


def test_a_refund_to_a_serbian_company() -> None:
    record = taxcore(10_000, datetime(2026, 7, 1, 12, tzinfo=UTC), types=b"\x00\x01", buyer=b"10:109262973")
    content = one("https://suf.purs.gov.rs/v/?vl=" + base64.b64encode(record).decode())
    assert (content.fields["document_type"], content.fields["receiver_tax_id"]) == ("credit_note", "109262973")


def test_a_brazilian_sat_receipt() -> None:
    key = "35180861099008000141599000000010000011234567"
    for digit in range(10):
        content = parse(f"{key[:43]}{digit}|20180815103045|32.95|12345678909|abc".encode())
        if content:
            break
    assert content is not None
    assert (str(content.fields["total_amount"]), content.fields["invoice_id"]) == ("32.95", "1")
    assert str(content.fields["invoice_date"]) == "2018-08-15"


@pytest.mark.parametrize(
    ("payload", "details"),
    [
        (b"010401234567890110LOT7\x1d21S9", {"gtin": "04012345678901", "lot": "LOT7", "serial": "S9"}),
        (b"400PO-4711\x1d00340123450000000018", {"order": "PO-4711", "sscc": "340123450000000018"}),
    ],
)
def test_gs1_identifiers(payload: bytes, details: dict[str, str]) -> None:
    content = parse(payload, is_gs1=True)
    assert content is not None
    assert content.details == details
    assert content.fields.get("purchase_order") == details.get("order")


def test_a_bar_code_is_an_identifier_and_no_invoice_number() -> None:
    content = parse(b"BAT02201803120255", is_linear=True)
    assert content is not None
    assert (content.kind, content.fields, content.details) == ("identifier", {}, {"identifier": "BAT02201803120255"})


@pytest.mark.parametrize(
    "payload",
    [b"", b"http://example.org", b"hello", b"\xff\xfe\x00", b"{" * 5000, b"[" * 8000, b"9" * (MAX_PAYLOAD + 1)],
)
def test_other_content(payload: bytes) -> None:
    assert parse(payload) is None
    assert parse(payload, is_gs1=True) is None


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
@example(b"\x01")
@example(b"A:")
def test_no_payload_breaks_a_parser(payload: bytes) -> None:
    for parser in (*PARSERS, gs1.parse):
        parser(payload)


@given(st.sampled_from(SAMPLES), st.data())
@settings(max_examples=400, deadline=None)
def test_no_changed_payload_breaks_a_parser(sample: Sample, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample.payload) - 1))
    changed = (
        sample.payload[:at] + data.draw(st.binary(max_size=3)) + sample.payload[at + data.draw(st.integers(0, 3)) :]
    )
    content = (gs1.parse if sample.is_gs1 else parse)(changed)
    for name, value in (content.fields if content else {}).items():
        assert value is None or name not in AMOUNTS or len(str(value)) < 30


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.50", "12.50"), ("12,5", "12.5"), ("-3", "-3"), ("1,234.50", "1234.50"), ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"), ("", "None"), ("1.2.3", "None"),
        ("NaN", "None"), ("1e9", "None"), ("9" * 16, "None"), ("٣", "3"),
    ],
)  # fmt: skip
def test_amounts_of_encoders(text: str, value: str) -> None:
    assert str(amount(text)) == value


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://a.example.org/x?B=1&b=2", {"b": "1"}), ("https://example.org?b=1", {"b": "1"}),
        ("ftp://example.org?b=1", None),
        ("https://example.org.evil.net?b=1", None), ("https://notexample.org?b=1", None), ("https://[::1?b", None),
        ("https://user@example.org:99999999/?b=1", {"b": "1"}), ("javascript:alert(1)", None),
    ],
)  # fmt: skip
def test_web_addresses_are_only_taken_apart(address: str, found: dict[str, str] | None) -> None:
    assert query(address, "example.org") == found


def test_text_has_no_control_characters_and_an_end() -> None:
    assert clean("a\x00\n b\u202e") == "a b"
    assert clean("x" * 301) is None
