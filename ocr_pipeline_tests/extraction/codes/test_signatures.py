"""The signature of Indian invoice codes: believed only with a key."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ocr_pipeline.backends.config import BackendConfig
from ocr_pipeline.backends.registry import build_extractor
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.codes.formats import parse
from ocr_pipeline.extraction.codes.signatures import with_checked_signature

INVOICE = {"SellerGstin": "29AAFCD5862R000", "DocNo": "A-1", "DocTyp": "INV", "DocDt": "27/03/2020", "TotInvVal": 118}


@pytest.fixture(scope="module")
def keys() -> list[rsa.RSAPrivateKey]:
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def pem(key: Any) -> str:
    content: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return content.decode()


def encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def token(key: rsa.RSAPrivateKey, algorithm: str = "RS256") -> bytes:
    parts = ({"alg": algorithm}, {"iss": "NIC", "data": json.dumps(INVOICE)})
    signed = b".".join(encoded(json.dumps(part).encode()) for part in parts)
    return signed + b"." + encoded(key.sign(signed, PKCS1v15(), SHA256()))


@pytest.mark.parametrize(
    ("trusted", "signature", "number"),
    [([], "not checked", "A-1"), ([0], "valid", "A-1"), ([1, 0], "valid", "A-1"), ([1], "wrong", None)],
    ids=["no key", "its key", "its key is the second", "another key"],
)
def test_signatures(keys: list[rsa.RSAPrivateKey], trusted: list[int], signature: str, number: str | None) -> None:
    payload = token(keys[0])
    content = parse(payload)
    assert content is not None
    checked = with_checked_signature(payload, content, [pem(keys[index]) for index in trusted])
    assert (checked.details["signature"], checked.fields.get("invoice_id")) == (signature, number)


@pytest.mark.parametrize("change", ["changed", "unsigned", "none"])
def test_what_nobody_has_signed_has_no_values(keys: list[rsa.RSAPrivateKey], change: str) -> None:
    head, body, signature = token(keys[0], "none" if change == "none" else "RS256").split(b".")
    other = encoded(json.dumps({"data": json.dumps(INVOICE | {"TotInvVal": 1})}).encode())
    payload = b".".join(
        {"changed": (head, other, signature), "unsigned": (head, body, b""), "none": (head, body, b"AAAA")}[change]
    )
    content = parse(payload)
    assert content is not None
    assert with_checked_signature(payload, content, [pem(keys[0])]).fields == {}


@pytest.mark.parametrize("kind", ["no PEM", "another kind of key"])
def test_a_key_that_is_none_is_an_error_of_the_settings(kind: str) -> None:
    key = "secret" if kind == "no PEM" else pem(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ConfigurationError, match=r"irn_keys.*not an RSA public key or certificate in PEM"):
        build_extractor(BackendConfig(extractor="codes", options={"irn_keys": [key]}), {})


def test_keys_are_part_of_the_fingerprint(keys: list[rsa.RSAPrivateKey]) -> None:
    with_key = build_extractor(BackendConfig(extractor="codes", options={"irn_keys": [pem(keys[0])]}), {})
    without = build_extractor(BackendConfig(extractor="codes"), {})
    assert with_key.fingerprint() != without.fingerprint()
