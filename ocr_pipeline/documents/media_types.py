"""Detects the media type of a file by its content, never by its name."""

from typing import Literal, get_args

from ocr_pipeline.documents.einvoice.signed import is_signed
from ocr_pipeline.documents.xml_files import is_xml
from ocr_pipeline.errors import DocumentError

MediaType = Literal[
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "image/heic",
    "image/heif",
    "image/gif",
    "image/bmp",
    "application/pdf",
    "application/xml",
    "application/pkcs7-mime",  # XML in a signed message
]

DRAWN: tuple[str, ...] = ("application/xml", "application/pkcs7-mime")
"""Documents without a page of their own: it is drawn from their values."""

MEDIA_TYPES: tuple[MediaType, ...] = get_args(MediaType)

_PREFIXES: dict[bytes, MediaType] = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"II+\0": "image/tiff",  # BigTIFF
    b"MM\0+": "image/tiff",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_HEIF_BRANDS: dict[bytes, MediaType] = {  # ISO 23008-12: the first brand of the file type box
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"mif1": "image/heif",
}
_BMP_HEADER_SIZES = {12, 40, 52, 56, 64, 108, 124}


def detect_media_type(content: bytes) -> MediaType:
    """The media type by magic bytes. Raises DocumentError."""
    if not content:
        raise DocumentError("empty_file", "The file is empty.")
    for prefix, media_type in _PREFIXES.items():
        if content.startswith(prefix):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return _HEIF_BRANDS[content[8:12]]
    if (
        content[:2] == b"BM" and int.from_bytes(content[14:18], "little") in _BMP_HEADER_SIZES
    ):  # "BM" alone could be text
        return "image/bmp"
    if b"%PDF-" in content[:1024]:  # ISO 32000 readers accept leading garbage
        return "application/pdf"
    if is_xml(content):
        return "application/xml"
    if is_signed(content):
        return "application/pkcs7-mime"
    raise DocumentError(
        "unsupported_type",
        "Unsupported file type: save the document as JPEG, PNG, TIFF, WebP, HEIC, GIF, BMP or PDF, an e-invoice as XML.",
    )
