"""Hostile documents: those of the tests, and seeded ones that are broken, cut, oversized, nested, badly named or disguised.

Nothing is stored: each is made from its seed. Bombs are small.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from ocr_pipeline_tests.documents.einvoice.samples import INVOICE
from ocr_pipeline_tests.documents.hostile import FILES, heif_bytes
from ocr_pipeline_tests.files import encoded, image_bytes, pdf_of, text_pdf

NUMBER = 275
PAGE = [(20.0, 150.0, "Invoice 17"), (20.0, 120.0, "Total EUR"), (150.0, 120.0, "17.50")]


@dataclass(frozen=True)
class Hostile:
    """A file: its name as bytes, and its content."""

    name: bytes
    content: bytes


def hostile(index: int, seed: int) -> Hostile:
    """The document `index` of a drill, 0 to `NUMBER` - 1."""
    if index < len(FILES):
        return Hostile(FILES[index].name, FILES[index].content())
    chance = random.Random(f"{seed} {index}")
    make = MAKERS[index % len(MAKERS)]
    suffix, content = make(chance)
    name = f"{index:03}-{make.__name__.strip('_')}{_odd(chance)}.{suffix}"
    return Hostile(name.encode(), content)


def _odd(chance: random.Random) -> str:
    """The end of a name: now and then something that a shell, a page or a path would mind."""
    odd = [
        "",
        "",
        "",
        " ",
        "'\"",
        "<b>",
        "\u202e",
        "é",
        "e\u0301",
        "%00",
        "$(x)",
        "\\",
        "a" * 200,
        ".",
        "&amp;",
        "​",
        "\t",
    ]
    return chance.choice(odd)


def base(chance: random.Random) -> tuple[str, bytes]:
    """A healthy file of one of the kinds."""
    suffix = chance.choice(["pdf", "pdf", "pdf", "png", "jpg", "tif", "webp", "gif", "bmp", "heic", "xml"])
    formats = {"png": "PNG", "jpg": "JPEG", "tif": "TIFF", "webp": "WEBP", "gif": "GIF", "bmp": "BMP"}
    if suffix == "pdf":
        return suffix, text_pdf([PAGE] * chance.randint(1, 4))
    if suffix == "xml":
        return suffix, INVOICE.encode()
    if suffix == "heic":
        return suffix, heif_bytes()
    return suffix, image_bytes(chance.randint(20, 300), chance.randint(20, 300), format=formats[suffix])


def _cut(chance: random.Random) -> tuple[str, bytes]:
    suffix, content = base(chance)
    return suffix, content[: chance.randrange(len(content))]


def _flipped(chance: random.Random) -> tuple[str, bytes]:
    suffix, content = base(chance)
    changed = bytearray(content)
    for _ in range(chance.choice([1, 5, 50])):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return suffix, bytes(changed)


def _spliced(chance: random.Random) -> tuple[str, bytes]:
    suffix, content = base(chance)
    at, size = chance.randrange(len(content)), chance.randrange(200)
    piece = chance.choice([bytes(size), chance.randbytes(size), content[:size] * 3, b""])
    return suffix, content[:at] + piece + content[at + chance.randrange(100) :]


def _disguised(chance: random.Random) -> tuple[str, bytes]:
    _, content = base(chance)
    return chance.choice(["pdf", "png", "jpg", "xml", "tif", "heic"]), content


def _numbers(chance: random.Random) -> tuple[str, bytes]:
    """Some numbers of a PDF are absurd."""
    odd = [b"0", b"-1", b"2147483648", b"99999999999999999999", b"1e9", b"-0.0", b"NaN", b"0.00001"]
    content = text_pdf([PAGE] * 2)
    return "pdf", re.sub(rb"\d+", lambda found: chance.choice(odd) if chance.random() < 0.04 else found[0], content)


def _boxes(chance: random.Random) -> tuple[str, bytes]:
    values = [0, 0, 300, 200, -300, 1e-6, 14_400, 1e6, 7, 2**31]
    box = tuple(chance.choice(values) for _ in range(4))
    crop = tuple(chance.choice(values) for _ in range(4)) if chance.random() < 0.5 else None
    rotate = chance.choice([0, 45, -90, 270, 360_000_090, 1])
    return "pdf", text_pdf([PAGE], media_box=box, crop_box=crop, rotate=rotate)  # type: ignore[arg-type]


def _pages(chance: random.Random) -> tuple[str, bytes]:
    """Many pages that share one stream of many amounts, or a page tree that does not say the truth."""
    count, amounts = chance.choice([1, 40, 199, 201, 3000]), chance.choice([0, 5, 200])
    drawn = " ".join(f"1 0 0 1 {20 + 60 * (n % 8)} {10 + 9 * (n // 8)} Tm ({n}.50) Tj" for n in range(amounts))
    stream = f"BT /F1 6 Tf {drawn} ET"
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >> /Contents 4 0 R >>"
    )
    said = chance.choice([count, count, 0, -1, 10**9])
    kids = " ".join(f"{5 + n} 0 R" for n in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {said} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    return "pdf", pdf_of([*objects, *[page] * count])


def _nested(chance: random.Random) -> tuple[str, bytes]:
    depth = chance.choice([100, 2_000, 30_000])
    if chance.random() < 0.5:
        inside = chance.choice([("[", "]"), ("<< /A ", " >>")])
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /X {inside[0] * depth}1{inside[1] * depth} >>"
        return "pdf", pdf_of(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>", page])
    return "xml", b"<a>" * depth + b"</a>" * depth


def _xml(chance: random.Random) -> tuple[str, bytes]:
    """Entities, foreign documents, encodings and amounts that e-invoices do not have."""
    text = INVOICE
    body = text[text.index("?>") + 2 :] if text.startswith("<?xml") else text
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    variants: list[bytes] = [
        (bomb + re.sub(r">([^<>&]{3,})<", ">&c;<", body, count=1)).encode(),
        (outside + re.sub(r">([^<>&]{3,})<", ">&a;<", body, count=1)).encode(),
        ('<?xml version="1.0" encoding="UTF-16"?>' + body).encode("utf-16"),
        ('<?xml version="1.0" encoding="UTF-7"?>' + body).encode(),
        ('<?xml version="1.0" encoding="nonsense"?>' + body).encode(),
        re.sub(r">\d+\.\d+<", f">{chance.choice(['1e400', 'NaN', '-', '9' * 400, '١٢٣'])}<", text).encode(),
        re.sub(r">\d{4}-\d\d-\d\d<", f">{chance.choice(['0000-00-00', '2026-02-30', '99999-01-01'])}<", text).encode(),
        body.replace("Invoice", "Outvoice").encode(),
        b"\xef\xbb\xbf" + body.encode() * 2,
        body.encode().replace(b"<", b"<\0", 1),
    ]
    return "xml", chance.choice(variants)


def _image(chance: random.Random) -> tuple[str, bytes]:
    """Modes and sizes that cameras do not make."""
    size = chance.choice([(1, 1), (1, 9_000), (9_000, 1), (3, 3), (500, 400)])
    mode, kind = chance.choice(
        [("1", "TIFF"), ("I;16", "PNG"), ("CMYK", "JPEG"), ("LA", "PNG"), ("P", "GIF"), ("F", "TIFF"), ("RGBA", "WEBP")]
    )
    return kind.lower(), encoded(Image.new(mode, size), kind)


def _orientation(chance: random.Random) -> tuple[str, bytes]:
    exif = Image.Exif()
    exif[0x0112] = chance.choice([0, 3, 6, 9, 65_535])
    kind = chance.choice(["JPEG", "PNG", "WEBP"])
    save = {"exif": exif.tobytes()[: chance.choice([20, 400])], "dpi": (chance.choice([1, 72, 60_000]),) * 2}
    if kind == "WEBP":
        del save["dpi"]
    return kind.lower(), encoded(Image.new("RGB", (90, 60), "white"), kind, **save)


def _text(chance: random.Random) -> tuple[str, bytes]:
    """Words that no page has: outside of it, on top of each other, without end, or of no alphabet."""
    strings = [
        "9" * 5_000,
        "0.00 " * 300,
        "-1.00",
        "1,000,000,000,000.00",
        "\\000\\001\\002",
        "=CMD()",
        "<script>",
        "Total",
    ]
    words = [
        (chance.choice([-1e5, 0, 20, 150, 1e5]), chance.choice([-1e5, 0, 20, 150]), chance.choice(strings))
        for _ in range(chance.choice([1, 30, 400]))
    ]
    return "pdf", text_pdf([words])


def _encrypted(chance: random.Random) -> tuple[str, bytes]:
    entry = (
        f"<< /Filter /{chance.choice(['Standard', 'Unknown'])} /V {chance.choice([0, 1, 5, 99])} /R {chance.choice([2, 6])}"
        f" /P -44 /O <{'41' * 32}> /U <{'42' * 32}> >>"
    )
    content = text_pdf([PAGE])
    return "pdf", content.replace(b"trailer << ", f"trailer << /Encrypt {entry} /ID [<00> <00>] ".encode())


MAKERS: tuple[Callable[[random.Random], tuple[str, bytes]], ...] = (
    _cut,
    _flipped,
    _spliced,
    _disguised,
    _numbers,
    _boxes,
    _pages,
    _nested,
    _xml,
    _image,
    _orientation,
    _text,
    _encrypted,
)
