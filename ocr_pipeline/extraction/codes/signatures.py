"""The signature of an Indian invoice code, which is a JSON Web Token: checked only with a key that the user trusts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import base64_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


def with_checked_signature(payload: bytes, content: Content, keys: Sequence[str]) -> Content:
    """The content of an Indian invoice code with the verdict on its signature; without its values if the signature is wrong.

    Other formats are returned as they are, as is everything if there is no key: then a signature proves nothing.
    """
    if content.format != "IRN" or not keys:
        return content
    if _is_signed(payload.strip(), keys):
        return replace(content, details={**content.details, "signature": "valid"})
    return replace(content, fields={}, tax_lines=(), details={**content.details, "signature": "wrong"})


def check_key(pem: str) -> None:
    """Raises ValueError if the text is neither an RSA public key nor a certificate with one, in PEM."""
    _public_key(pem)


def _is_signed(token: bytes, keys: Sequence[str]) -> bool:
    """Whether one of the keys has signed it with RS256, the algorithm of the portals; another one in the header is ignored."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    signed, _, encoded = token.rpartition(b".")
    signature = base64_bytes(encoded.decode("ascii", "replace"))
    for pem in keys if signature else ():
        try:
            _public_key(pem).verify(signature or b"", signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return True
    return False


def _public_key(pem: str) -> "RSAPublicKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    content = pem.strip().encode()
    try:
        is_certificate = b"BEGIN CERTIFICATE" in content
        key = load_pem_x509_certificate(content).public_key() if is_certificate else load_pem_public_key(content)
    except ValueError:
        key = None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA public key or certificate in PEM: it begins with -----BEGIN PUBLIC KEY-----")
    return key
