"""Payloads of each format: examples of the specifications where they have one, and what careless encoders make of them."""

import base64
import hashlib
import json
import struct
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Sample:
    """`values` are the fields that have to be read, as text; a field that is absent there must be empty.

    `sloppy` says the same in a way the specification does not allow. `damaged` is cut off or changed, and `foreign` looks like
    this format and is another: neither may give a value.
    """

    name: str
    payload: bytes
    values: Mapping[str, str]
    sloppy: bytes
    damaged: bytes
    foreign: bytes
    symbology: str = "QRCode"
    is_gs1: bool = False
    details: Mapping[str, str] = field(default_factory=dict)


def _lines(*lines: str, end: str = "\r\n") -> bytes:
    return end.join(lines).encode()


def tlv(*values: str | bytes) -> bytes:
    """The fields of a ZATCA code, tags from 1 on."""
    fields = [value.encode() if isinstance(value, str) else value for value in values]
    return b"".join(bytes([tag, len(value)]) + value for tag, value in enumerate(fields, 1))


def jwt(data: Mapping[str, object]) -> bytes:
    """An invoice as the Indian portal signs it, with an invented signature."""
    header, claims = {"alg": "RS256", "typ": "JWT"}, {"iss": "NIC", "data": json.dumps(data)}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    return b".".join([*parts, base64.urlsafe_b64encode(b"s" * 256).rstrip(b"=")])


def taxcore(
    units: int, moment: datetime, *, number: int = 81_803, types: bytes = b"\x00\x00", buyer: bytes = b""
) -> bytes:
    """The record of a Serbian receipt with its MD5 sum; `units` are ten-thousandths of a dinar, signatures are noise."""
    head = struct.pack("<B8s8sIIQ", 3, b"TESTAAA1", b"TESTBBB2", number, number - 7, units)
    head += struct.pack(">Q", int(moment.timestamp() * 1000)) + types + bytes([len(buyer)]) + buyer
    body = head + hashlib.sha512(head).digest() * 8
    return body + hashlib.md5(body, usedforsecurity=False).digest()


_QR_BILL = (
    "SPC 0200 1 CH4431999123000889012 S|Max Muster & Söhne|Musterstrasse|123|8000|Seldwyla|CH|||||||"
    "|1949.75|CHF|S|Simon Muster|Musterstrasse|1|8000|Seldwyla|CH|QRR|210000000003139471430009017|"
    "Bestellung vom 15.10.2020|EPD|//S1/10/10201409/11/201015/20/1400.000-53/30/106017086/32/7.7:1810.35/40/2:10;0:30"
).replace(" ", "|", 4)
_QR_BILL_K = (
    "SPC|0200|1|CH5800791123000889012|K|Robert Schneider AG|Rue du Lac 1268|2501 Biel|||CH||||||||"
    "199.95|CHF|K|Pia Rutschmann|Marktgasse 28|9400 Rorschach|||CH|SCOR|RF18539007547034|Instruction of 03.04.2019|EPD"
)
_EPC = (
    "BCD",
    "001",
    "1",
    "SCT",
    "BPOTBEB1",
    "Red Cross of Belgium",
    "BE72000000001616",
    "EUR1",
    "CHAR",
    "",
    "Urgency fund",
    "Sample EPC QR code",
)
_ZATCA = ("Bobs Records", "310122393500003", "2022-04-25T15:30:00Z", "1000.00", "150.00")
_E_FATURA = {
    "vkntckn": "1234567890", "avkntckn": "9876543210", "senaryo": "TICARIFATURA", "tip": "SATIS", "tarih": "2023-10-02",
    "no": "GIB2023000000001", "ettn": "f47ac10b-58cc-4372-a567-0e02b2c3d479", "parabirimi": "TRY",
    "malhizmettoplam": "1500.00",
    "kdvmatrah(20)": "1000.00", "hesaplanankdv(20)": "200.00", "kdvmatrah(10)": "500.00", "hesaplanankdv(10)": "50.00",
    "vergidahil": "1750.00", "odenecek": "1700.00",
}  # fmt: skip
_ATCUD = (
    "A:123456789*B:999999990*C:PT*D:FS*E:N*F:20190812*G:FS CDVF/12345*H:CDF7T5HD-12345*I1:PT*I7:0.65*I8:0.15*N:0.15*O:0.80"
    "*Q:YhGV*R:9999*S:NU;0.80"
)
_IRN = {
    "SellerGstin": "01AMBPG7773M002", "BuyerGstin": "05AAACG1539P1ZH", "DocNo": "DOC/00/8/66", "DocTyp": "INV",
    "DocDt": "27/03/2020", "TotInvVal": 12908.5, "ItemCnt": 1, "MainHsnCode": "1001", "Irn": "a" * 64,
}  # fmt: skip
_RKSV = (
    "_R1-AT0_DEMO-CASH-BOX703_496410_2015-12-17T11:22:26_61,33_15,42_38,26_0,00_42,81_udSL0zTzFaA=_b869153bc32a1c9_TZgOKfzheUs="
    "_d7VoZ/nyr/8Mt2NVBZ0L4ivQwdlE3CmCFmz10bA5NXhGQ1QkunsDTqKvOSy//3nO8WT0+ypQqrDXMvyOGOXl9w=="
)
_TSE = (
    "V0;955002-00;Kassenbeleg-V1;Beleg^0.00_2.55_0.00_0.00_0.00^2.55:Bar;18;112;2019-07-10T18:41:04.000Z;"
    "2019-07-10T18:41:04.000Z;ecdsa-plain-SHA256;unixTime;MEQCIAy4P9k+7x9saDO0uRZ4El8QwN+qTgYiv1DIaJIMWRiuAiAt+saFDGjK2Yi5Cxgy7P"
    "prXQ5O0seRgx4ltdpW9REvwA==;BHhWOeisRpPBTGQ1W4VUH95TXx2GARf8e2NYZXJoInjtGqnxJ8sZ3CQpYgjI+LYEmW5A37sLWHsyU7nSJUBemyU="
)
_VERIFACTU = (
    "https://www2.agenciatributaria.gob.es/wlpl/TIKE-CONT/ValidarQR"
    "?nif=89890001K&numserie=12345678%26G33&fecha=01-09-2024&importe=241.4"
)
_TICKETBAI = "https://batuz.eus/QRTBAI/?id=TBAI-00000006Y-251019-btFpwP8dcLGAF-237&s=T&nf=27174&i=4.70&cr=007"
_NFE = "52060433009911002506550120000007800267301615"
_SERBIA = taxcore(6_103_800, datetime(2026, 1, 14, 23, 30, tzinfo=UTC))
_KSEF = "https://qr.ksef.mf.gov.pl/invoice/1111111111/01-02-2026/UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE"
_KSEF_CERTIFICATE = (
    "https://qr-test.ksef.mf.gov.pl/certificate/Nip/1111111111/1111111111/01F20A5D352AE590/"
    "UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE/"
) + base64.urlsafe_b64encode(hashlib.sha512(b"signature").digest()).decode().rstrip("=")
_E_SMM = {
    "no": "ABC2026000000718", "avkntckn": "2222222220", "ettn": "f47ac10b-58cc-4372-a567-0e02b2c3d479", "brutucret": "2500.00",
    "kdvtutari": "500.00", "kdvtevkifat": "0.00", "tahsilkdv": "500.00", "gvstopaj": "500.00", "netucret": "2000.00",
    "tahsilat": "2500.00", "vkntckn": "1234567890", "parabirimi": "TRY", "tarih": "2026-01-15",
}  # fmt: skip


def _serbian(record: bytes, quote: bool = True) -> bytes:
    text = base64.b64encode(record).decode()
    return ("https://suf.purs.gov.rs/v/?vl=" + (urllib.parse.quote(text, safe="") if quote else text)).encode()


SAMPLES = (
    Sample(
        "swiss-qr-bill",
        _lines(*_QR_BILL.split("|")),
        {
            "supplier_name": "Max Muster & Söhne",
            "supplier_address": "Musterstrasse 123, 8000 Seldwyla",
            "supplier_tax_id": "CHE-106.017.086",
            "receiver_name": "Simon Muster",
            "invoice_id": "10201409",
            "invoice_date": "2020-10-15",
            "due_date": "2020-11-14",
            "currency": "CHF",
            "amount_due": "1949.75",
        },
        sloppy=b"\xef\xbb\xbf"
        + _lines(*_QR_BILL.replace("1949.75", "1 949,75").replace("CHF", "chf").split("|"), "", "", end="\n"),
        damaged=_lines(*_QR_BILL.split("|")[:17]),
        foreign=_lines("SPC", "0200", "1", *["Swiss Post Club"] * 30),
        details={"iban": "CH4431999123000889012", "reference": "210000000003139471430009017"},
    ),
    Sample(
        "swiss-qr-bill-combined",
        _lines(*_QR_BILL_K.split("|")),
        {
            "supplier_name": "Robert Schneider AG",
            "supplier_address": "Rue du Lac 1268, 2501 Biel",
            "receiver_name": "Pia Rutschmann",
            "currency": "CHF",
            "amount_due": "199.95",
        },
        sloppy=_lines(*_QR_BILL_K.replace("CH58007911", "CH58 0079 11").split("|")[:-1], end="\n"),
        damaged=_lines(*_QR_BILL_K.split("|")).replace(b"CHF", b"XXX"),
        foreign=_lines("SPD", *_QR_BILL_K.split("|")[1:]),
        details={"reference": "RF18539007547034", "reference_type": "SCOR"},
    ),
    Sample(
        "epc",
        _lines(*_EPC, end="\n"),
        {"supplier_name": "Red Cross of Belgium", "currency": "EUR", "amount_due": "1"},
        sloppy=_lines(*_EPC[:6], "BE72 0000 0000 1616", "EUR 1,00", *_EPC[8:], "", end="\r\n"),
        damaged=_lines(*_EPC[:6], end="\n"),
        foreign=_lines("BCD", "tape", *_EPC[2:]),
        details={"iban": "BE72000000001616", "message": "Urgency fund"},
    ),
    Sample(
        "zatca",
        base64.b64encode(tlv(*_ZATCA)),
        {
            "supplier_name": "Bobs Records",
            "supplier_tax_id": "310122393500003",
            "invoice_date": "2022-04-25",
            "total_amount": "1000.00",
            "total_tax_amount": "150.00",
            "currency": "SAR",
        },
        sloppy=tlv("Bobs Records", "310122393500003", "2022/04/25 15:30:00", "1,000.00", "150.00").hex().encode(),
        damaged=base64.b64encode(tlv(*_ZATCA)[:40]),
        foreign=base64.b64encode(tlv("one", "two")),
    ),
    Sample(
        "e-fatura",
        json.dumps(_E_FATURA).encode(),
        {
            "supplier_tax_id": "1234567890",
            "receiver_tax_id": "9876543210",
            "document_type": "invoice",
            "invoice_id": "GIB2023000000001",
            "invoice_date": "2023-10-02",
            "currency": "TRY",
            "net_amount": "1500.00",
            "total_tax_amount": "250.00",
            "total_amount": "1750.00",
            "amount_due": "1700.00",
        },
        sloppy=json.dumps(_E_FATURA)
        .replace('", "', '" "', 3)
        .replace("1750.00", "1.750,00")
        .replace(": ", " : ")
        .encode(),
        damaged=json.dumps(_E_FATURA).encode()[:150],
        foreign=json.dumps(_E_FATURA | {"senaryo": "TEMELIRSALIYE", "tip": "SEVK"}).encode(),
        details={"ettn": "f47ac10b-58cc-4372-a567-0e02b2c3d479"},
    ),
    Sample(
        "e-smm",
        json.dumps(_E_SMM).encode(),
        {
            "supplier_tax_id": "1234567890",
            "receiver_tax_id": "2222222220",
            "document_type": "invoice",
            "invoice_id": "ABC2026000000718",
            "invoice_date": "2026-01-15",
            "currency": "TRY",
            "net_amount": "2500.00",
            "total_tax_amount": "500.00",
            "total_amount": "3000.00",
            "amount_due": "2500.00",
        },
        sloppy=json.dumps(_E_SMM | {"tarih": " 15-01-2026", "brutucret": "2.500,00"})
        .replace("tahsilat", "TAHSILAT")
        .encode(),
        damaged=json.dumps(_E_SMM).encode()[:120],
        foreign=json.dumps({"no": "1", "tarih": "2026-01-15", "brutucret": "2500.00"}).encode(),
    ),
    Sample(
        "bulgaria",
        b"02614893*0010512*2023-05-18*12:04:15*14.29",
        {
            "document_type": "receipt",
            "invoice_id": "0010512",
            "invoice_date": "2023-05-18",
            "total_amount": "14.29",
            "currency": "BGN",
        },
        sloppy=b"02614893*0010512*18.05.2023*12:04*14,29*\r\n",
        damaged=b"02614893*0010512*2023-05-18*12:0",
        foreign=b"WIFI*cafe*2023*guest*1234",
    ),
    Sample(
        "portugal",
        _ATCUD.encode(),
        {
            "supplier_tax_id": "123456789",
            "document_type": "receipt",
            "invoice_id": "FS CDVF/12345",
            "invoice_date": "2019-08-12",
            "currency": "EUR",
            "net_amount": "0.65",
            "total_tax_amount": "0.15",
            "total_amount": "0.80",
        },
        sloppy=_ATCUD.replace(":", ": ").replace("0.80", "0,80").replace("A:", "a:").encode(),
        damaged=_ATCUD.encode()[:80],
        foreign=b"A:1*B:2*C:3",
        details={"atcud": "CDF7T5HD-12345"},
    ),
    Sample(
        "india",
        jwt(_IRN),
        {
            "supplier_tax_id": "01AMBPG7773M002",
            "receiver_tax_id": "05AAACG1539P1ZH",
            "document_type": "invoice",
            "invoice_id": "DOC/00/8/66",
            "invoice_date": "2020-03-27",
            "total_amount": "12908.5",
            "currency": "INR",
        },
        sloppy=jwt(_IRN | {"TotInvVal": "12908.5", "DocDt": "27-03-2020"}) + b"\n",
        damaged=jwt(_IRN)[:200],
        foreign=jwt({"sub": "ticket", "seat": "4A"}),
    ),
    Sample(
        "austria",
        _RKSV.encode(),
        {
            "document_type": "receipt",
            "invoice_id": "496410",
            "invoice_date": "2015-12-17",
            "total_amount": "157.82",
            "currency": "EUR",
        },
        sloppy=_RKSV.replace(",", ".").removeprefix("_").encode(),
        damaged=_RKSV.encode()[:70],
        foreign=b"_R1-AT0_a_b_c_d_e_f_g_h_i_j_k",
    ),
    Sample(
        "germany",
        _TSE.encode(),
        {"document_type": "receipt", "invoice_date": "2019-07-10", "total_amount": "2.55", "currency": "EUR"},
        sloppy=_TSE.replace("_2.55_", "^2.55^").replace("_", "^").encode(),
        damaged=_TSE.replace("2.55:Bar", "25.50:Bar").encode(),
        foreign=b"V0;a;b",
    ),
    Sample(
        "verifactu",
        _VERIFACTU.encode(),
        {
            "supplier_tax_id": "89890001K",
            "invoice_id": "12345678&G33",
            "invoice_date": "2024-09-01",
            "total_amount": "241.4",
            "currency": "EUR",
        },
        sloppy=_VERIFACTU.replace("241.4", "241,40").replace("nif", "NIF").replace("01-09-2024", "01/09/2024").encode(),
        damaged=_VERIFACTU.encode()[:90],
        foreign=_VERIFACTU.replace("agenciatributaria.gob.es", "agenciatributaria.gob.es.example.org").encode(),
    ),
    Sample(
        "ticketbai",
        _TICKETBAI.encode(),
        {
            "supplier_tax_id": "00000006Y",
            "invoice_id": "T-27174",
            "invoice_date": "2019-10-25",
            "total_amount": "4.70",
            "currency": "EUR",
        },
        sloppy=_TICKETBAI.replace("&cr=007", "")
        .replace("4.70", "4,7")
        .replace("https://batuz", "HTTP://BATUZ")
        .encode(),
        damaged=_TICKETBAI.replace("4.70", "4.71").encode(),
        foreign=b"https://batuz.eus/QRTBAI/?id=TBAI-1",
    ),
    Sample(
        "brazil-key",
        _NFE.encode(),
        {"supplier_tax_id": "33.009.911/0025-06", "document_type": "invoice", "invoice_id": "780", "currency": "BRL"},
        sloppy=f"NFe{_NFE[:4]} {_NFE[4:8]} {_NFE[8:]}".encode(),
        damaged=(_NFE[:-1] + "6").encode(),
        foreign=b"1" * 44,
        symbology="Code128",
    ),
    Sample(
        "brazil-nfce-offline",
        b"http://www.fazenda.pr.gov.br/nfce/qrcode?p=41240433009911002506650010000012349000000014|2|1|15|90.70|"
        b"6A4B4C|1|DD0F5A",
        {
            "supplier_tax_id": "33.009.911/0025-06",
            "document_type": "receipt",
            "invoice_id": "1234",
            "currency": "BRL",
            "invoice_date": "2024-04-15",
            "total_amount": "90.70",
        },
        sloppy=b"HTTP://WWW.FAZENDA.PR.GOV.BR/nfce/qrcode/?p=41240433009911002506650010000012349000000014%7C2%7C1%7C15%7C90,70%7C"
        b"6A4B4C%7C1%7CDD0F5A",
        damaged=b"http://www.fazenda.pr.gov.br/nfce/qrcode?p=412404330099110025066500100000123490000",
        foreign=b"http://www.example.org/nfce/qrcode?p=41240433009911002506650010000012349000000014|2|1|15|90.70|6A|1|DD",
    ),
    Sample(
        "italy",
        b"00743110157;99MEY012345;0123-0045;2024-03-15T10:41:00;23.40;8F0A1B2C3D4E5F60",
        {
            "document_type": "receipt",
            "supplier_tax_id": "00743110157",
            "invoice_id": "0123-0045",
            "invoice_date": "2024-03-15",
            "total_amount": "23.40",
            "currency": "EUR",
        },
        sloppy=b"P.IVA: IT00743110157|Matr.: 99MEY012345|N: 0123-0045|15/03/2024 10:41|23,40",
        damaged=b"00743110157;99MEY012345;0123-0045;2024-03-15T10:41:00",
        foreign=b"00743110158;99MEY012345;0123-0045;2024-03-15T10:41:00;23.40",
        details={"cash_register": "99MEY012345"},
    ),
    Sample(
        "pagopa",
        b"PAGOPA|002|302001234567890123|00743110157|9999",
        {"supplier_tax_id": "00743110157", "currency": "EUR", "amount_due": "99.99"},
        sloppy=b"pagopa|002|302001234567890123|00743110157|9999\r\n",
        damaged=b"PAGOPA|002|302001234567890123|007431",
        foreign=b"PAGOPA|ciao|a|b|c",
        details={"reference": "302001234567890123"},
    ),
    Sample(
        "serbia",
        _serbian(_SERBIA),
        {
            "document_type": "receipt",
            "invoice_id": "TESTAAA1-TESTBBB2-81803",
            "invoice_date": "2026-01-15",
            "total_amount": "610.38",
            "currency": "RSD",
        },
        sloppy=_serbian(_SERBIA, quote=False),
        damaged=_serbian(_SERBIA[:30] + b"\x07" + _SERBIA[31:]),
        foreign=_serbian(taxcore(6_103_800, datetime(2026, 1, 14, tzinfo=UTC), types=b"\x03\x00")),
    ),
    Sample(
        "ksef",
        _KSEF.encode(),
        {"supplier_tax_id": "1111111111", "document_type": "invoice", "invoice_date": "2026-02-01"},
        sloppy=b"https://ksef.mf.gov.pl/client-app/invoice/1111111111/01-02-2026/UtQp9Gpc51y%2Bu3xApZjIjgkpZ01js%2BJ8KflSPW8WzIE%3D",
        damaged=_KSEF.encode()[:60],
        foreign=_KSEF.replace("mf.gov.pl", "mf-gov.pl").encode(),
    ),
    Sample(
        "ksef-certificate",
        _KSEF_CERTIFICATE.encode(),
        {"supplier_tax_id": "1111111111"},
        # The first version of the documentation: no context, Base64 with slashes.
        sloppy=b"https://ksef.mf.gov.pl/client-app/certificate/1111111111/01635E98D9669239/UtQp9Gpc51y+u3xApZjIjgkpZ01js+J8KflSPW8W"
        b"zIE=/ijD7zYpvqY4%2b1HbIJ7YR8Cc0M0M5G80FH64fKHHyRBA%2bOcT5xnK8hJT6%2b1F1lLtcLMNEHM2MssAaxi1JimISg49K/476r==",
        damaged=_KSEF_CERTIFICATE.encode()[:90],
        foreign=_KSEF_CERTIFICATE.replace("/certificate/", "/token/").encode(),
        details={"certificate": "01F20A5D352AE590", "signature": "not checked"},
    ),
    Sample(
        "gs1-payment-slip",
        b"415541000000001480204000012345\x1d390212550\x1d12240331",
        {"amount_due": "125.50", "due_date": "2024-03-31"},
        sloppy=b"\x1d415541000000001480204000012345\x1d390212550\x1d12240331\x1d",
        damaged=b"4155410000",
        foreign=b"0104012345678901",
        symbology="Code128",
        is_gs1=True,
        details={"payee": "5410000000014", "reference": "4000012345"},
    ),
)
