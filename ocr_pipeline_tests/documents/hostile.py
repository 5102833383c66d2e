"""Files that are broken, bomb-like or badly named, made on the spot: small on disk, with the outcome that is right.

The outcome is `ok` or a reason of `DocumentErrorReason`.
"""

import os
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, PngImagePlugin

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.guard import Guard
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.stage import ingest
from ocr_pipeline.errors import DocumentError
from ocr_pipeline_tests.files import encoded, image_bytes, pdf_of, text_pdf


@dataclass(frozen=True)
class HostileFile:
    """`name` is a file name as bytes, so that it may be no valid UTF-8."""

    name: bytes
    outcome: str
    content: Callable[[], bytes]


def write_all(folder: Path) -> Iterator[tuple[Path, HostileFile]]:
    """Write every hostile file into a folder."""
    for file in FILES:
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + file.name))
        path.write_bytes(file.content())
        yield path, file


@dataclass(frozen=True)
class Measured:
    """What became of a file. `peak_bytes` is None where it ended the child, or where the system does not tell it."""

    outcome: str
    message: str
    seconds: float
    peak_bytes: int | None


def measure_all(folder: Path, limits: Limits) -> Iterator[tuple[HostileFile, Measured]]:
    """Write every hostile file and take it in, in one guarded child process."""
    guarded = Guard(_ingest_measured, limits)
    for path, file in write_all(folder):
        started = time.perf_counter()
        try:
            outcome, message, peak = guarded(SourceFile("a", "documents", path, None), limits)
        except DocumentError as error:
            outcome, message, peak = error.reason, str(error), None
        yield file, Measured(outcome, message, time.perf_counter() - started, peak)


def _ingest_measured(source: SourceFile, limits: Limits) -> tuple[str, str, int | None]:
    linux = Path("/proc/self/clear_refs").exists()
    if linux:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): start a new peak
    _, failure = ingest(source, limits)
    peak = None
    if linux:
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        peak = int(line.split()[1]) * 1024
    return failure.reason if failure else "ok", failure.message if failure else "", peak


# PNG


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, pixels: bytes = b"", before: bytes = b"", colour_type: int = 2) -> bytes:
    """A PNG of 8 bits; `pixels` are the filtered rows before compression."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(pixels, 9)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + before + body


def zeros(megabytes: int) -> bytes:
    """So many megabytes of zeros, deflated."""
    deflate = zlib.compressobj(9)
    return b"".join(deflate.compress(bytes(1_000_000)) for _ in range(megabytes)) + deflate.flush()


def png_with_text_bomb() -> bytes:
    return png(1, 1, bytes(4), before=png_chunk(b"zTXt", b"Comment\0\0" + zeros(100)))


def png_with_many_texts() -> bytes:
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000)))
    return png(1, 1, bytes(4), before=text * 300)


def png_with_profile_bomb() -> bytes:
    return png(1, 1, bytes(4), before=png_chunk(b"iCCP", b"profile\0\0" + zeros(100)))


def png_with_too_many_pixels_in_its_stream() -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zeros(100)) + png_chunk(b"IEND", b"")


# TIFF: little endian, tags as (tag, type, count, value or offset)

SHORT, LONG = 3, 4


def ifd(tags: list[tuple[int, int, int, int]], following: int) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


def grey_page(width: int, height: int, offset: int, count: int) -> list[tuple[int, int, int, int]]:
    return [
        (256, LONG, 1, width),
        (257, LONG, 1, height),
        (258, SHORT, 1, 8),
        (259, SHORT, 1, 1),
        (262, SHORT, 1, 1),
        (273, LONG, 1, offset),
        (277, SHORT, 1, 1),
        (278, LONG, 1, height),
        (279, LONG, 1, count),
    ]


def tiff(
    width: int = 4, height: int = 4, *, extra: list[tuple[int, int, int, int]] | None = None, loop: bool = False
) -> bytes:
    """One grey page with its pixels at 8; `loop` makes the page its own successor."""
    replaced = {tag for tag, *_ in extra or []}
    tags = [tag for tag in grey_page(width, height, 8, 16) if tag[0] not in replaced] + (extra or [])
    return b"II*\0" + struct.pack("<I", 24) + bytes(16) + ifd(tags, 24 if loop else 0)


def tiff_of_many_pages(count: int) -> bytes:
    size = len(ifd(grey_page(4, 4, 8, 16), 0))
    pages = [
        ifd(grey_page(4, 4, 8, 16), 24 + (number + 1) * size if number + 1 < count else 0) for number in range(count)
    ]
    return b"II*\0" + struct.pack("<I", 24) + bytes(16) + b"".join(pages)


def tiff_with_a_directory_of_many_tags() -> bytes:
    tags = b"".join(struct.pack("<HHII", tag, LONG, 1, 4) for tag in range(65_535))
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 65_535) + tags + bytes(4)


def bigtiff_with_endless_tags() -> bytes:
    entry = struct.pack("<HHQQ", 700, 1, 1, 0)
    return b"II+\0" + struct.pack("<HHQ", 8, 0, 16) + struct.pack("<Q", 2**40) + entry * 1_500_000


def tiff_with_pixel_bomb() -> bytes:
    """100 x 100 pixels, in a stream that inflates to 100 megabytes."""
    data = zeros(100)
    tags = [
        (tag, kind, count, {259: 8, 273: 8, 279: len(data)}.get(tag, value))
        for tag, kind, count, value in grey_page(100, 100, 8, 0)
    ]
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + ifd(tags, 0)


# GIF, WebP, BMP, HEIF, JPEG


def gif(canvas: tuple[int, int], frame: tuple[int, int]) -> bytes:
    """A screen and a frame that say they are as large as this."""
    head = b"GIF89a" + struct.pack("<HH", *canvas) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    dispose = b"\x21\xf9\x04\x08\0\0\0\0"
    return head + dispose + b"\x2c" + struct.pack("<HHHH", 0, 0, *frame) + b"\0" + b"\x02\x02\x4c\x01\0\x3b"


def gif_of_many_frames() -> bytes:
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0" + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + frame * 200_000 + b"\x3b"


def webp_with_canvas(width: int, height: int) -> bytes:
    image = image_bytes(8, 8, format="WEBP")[12:]
    canvas = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + canvas + image
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bmp(width: int, height: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    )


def heif_bytes(width: int = 64, height: int = 64, **save: object) -> bytes:
    import pillow_heif

    buffer = BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (width, height), "white")).save(buffer, **save)
    return buffer.getvalue()


def heif_that_says(width: int, height: int) -> bytes:
    """Its property for the size, `ispe`, changed."""
    content = heif_bytes()
    reported = b"ispe" + bytes(4) + struct.pack(">II", 64, 64)
    changed = b"ispe" + bytes(4) + struct.pack(">II", width, height)
    assert reported in content
    return content.replace(reported, changed)


def heif_with_a_grid() -> bytes:
    """A picture of 4 x 3 tiles, whose grid says it is 30,000 x 30,000."""
    content = heif_bytes(256, 192, tile_size=64)
    reported = struct.pack(">BBBBHH", 0, 0, 2, 3, 256, 192)
    assert reported in content
    content = content.replace(reported, struct.pack(">BBBBHH", 0, 0, 255, 255, 30_000, 30_000))
    return content.replace(struct.pack(">II", 256, 192), struct.pack(">II", 30_000, 30_000))


def jpeg_of_many_scans() -> bytes:
    """A progressive picture of 49 million pixels with 2,000 scans more than it needs, each of which visits them all."""
    small = encoded(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    size = small.index(b"\xff\xc2") + 5
    start = small.index(b"\xff\xda")
    scans = small[start:-2].split(b"\xff\xda")[1:]
    refinement = b"\xff\xda" + scans[-1]
    return small[:size] + struct.pack(">HH", 7000, 7000) + small[size + 4 : -2] + refinement * 2_000 + b"\xff\xd9"


# PDF


def encrypted_pdf() -> bytes:
    """PDF 1.4 standard security handler, with a user password that nobody knows."""
    content = text_pdf([[(10, 10, "secret")]])
    entry = "<< /Filter /Standard /V 1 /R 2 /P -44 /O <" + "41" * 32 + "> /U <" + "42" * 32 + "> >>"
    return content.replace(b"trailer << ", f"trailer << /Encrypt {entry} /ID [<00> <00>] ".encode())


def pdf_page(
    contents: str, resources: str = "", others: Sequence[str] = (), *, behind_a_blank_one: bool = False
) -> bytes:
    """A page of 200 x 200 points that draws object 4, with `others` from object 5 on."""
    blank = f"{5 + len(others)} 0 R " if behind_a_blank_one else ""
    return pdf_of(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Count {2 if blank else 1} /Kids [{blank}3 0 R] >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Resources << {resources} >> /Contents 4 0 R >>",
            contents,
            *others,
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        ]
    )


def stream(data: str, entries: str = "") -> str:
    return f"<< {entries} /Length {len(data)} >>\nstream\n{data}\nendstream"


def flate_stream(data: bytes, entries: str = "") -> str:
    return f"<< {entries} /Filter [/ASCIIHexDecode /FlateDecode] /Length {2 * len(data)} >>\nstream\n{data.hex()}\nendstream"


def pdf_with_image_bomb() -> bytes:
    """A picture of 60,000 x 60,000 bytes: 3.6 gigabytes."""
    image = "/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceGray"
    return pdf_page(stream("200 0 0 200 0 0 cm /I Do"), "/XObject << /I 5 0 R >>", [flate_stream(zeros(100), image)])


def pdf_with_content_bomb() -> bytes:
    """Drawing instructions that inflate twice, to 1.5 gigabytes."""
    once = zlib.compress(zeros(1_500), 9)
    return pdf_page(
        f"<< /Filter [/ASCIIHexDecode /FlateDecode /FlateDecode] /Length {2 * len(once)} >>\nstream\n{once.hex()}\nendstream"
    )


def pdf_with_nested_forms(*, behind_a_blank_page: bool = False) -> bytes:
    """Ten levels of drawings, each of which draws the next one ten times: ten thousand million rectangles."""
    form = "/Type /XObject /Subtype /Form /BBox [0 0 200 200]"
    forms = [
        stream("/F Do " * 10, f"{form} /Resources << /XObject << /F {number + 1} 0 R >> >>") for number in range(5, 15)
    ]
    forms.append(stream("0 0 9 9 re f", form))
    return pdf_page(stream("/F Do"), "/XObject << /F 5 0 R >>", forms, behind_a_blank_one=behind_a_blank_page)


def pdf_with_deep_nesting() -> bytes:
    return pdf_page(stream("0 0 9 9 re f"), "/X " + "[" * 100_000 + "]" * 100_000)


def pdf_with_deep_graphics_states() -> bytes:
    return pdf_page(stream("q " * 1_000_000 + "0 0 9 9 re f"))


def pdf_with_page_tree_loop() -> bytes:
    return pdf_of(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Count 5 /Kids [3 0 R 2 0 R] >>",
            "<< /Type /Pages /Parent 2 0 R /Count 5 /Kids [2 0 R] >>",
        ]
    )


def zip_bytes(name: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "<w:document/>")
    return buffer.getvalue()


def text_png() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "hello")
    return encoded(Image.new("RGB", (8, 8)), "PNG", pnginfo=info)


HTML = b"<!DOCTYPE html><html><body>Your invoice has expired. Please log in.</body></html>"
SCAN = encoded(Image.effect_noise((200, 200), 90), "PNG")


def _file(name: str | bytes, outcome: str, content: bytes | Callable[[], bytes]) -> HostileFile:
    made = content if callable(content) else lambda: content
    return HostileFile(name.encode() if isinstance(name, str) else name, outcome, made)


FILES: tuple[HostileFile, ...] = (
    # empty, cut off, not what they say
    _file("empty.pdf", "empty_file", b""),
    _file("cut-off.jpg", "unreadable", image_bytes(300, 300, format="JPEG")[:300]),
    _file("cut-off.png", "unreadable", SCAN[:-5000]),
    _file("cut-off.tif", "unreadable", encoded(Image.effect_noise((99, 99), 90), "TIFF")[:4000]),
    _file("cut-off.webp", "unreadable", encoded(Image.effect_noise((99, 99), 90), "WEBP")[:900]),
    _file("cut-off.heic", "unreadable", lambda: heif_bytes()[:-20]),
    _file("cut-off.gif", "unreadable", encoded(Image.effect_noise((99, 99), 90), "GIF")[:900]),
    _file("cut-off.bmp", "unreadable", image_bytes(format="BMP")[:400]),
    _file("cut-off.pdf", "unreadable", text_pdf([[(10, 10, "a")]])[:60]),
    _file("web-page.pdf", "unsupported_type", HTML),
    _file("web-page-about.pdf", "unreadable", HTML + b"%PDF-1.7"),
    _file("word.jpg", "unsupported_type", lambda: zip_bytes("word/document.xml")),
    _file("archive.png", "unsupported_type", lambda: zip_bytes("a.txt")),
    _file("text.bmp", "unsupported_type", b"BMW Motorsport GmbH, Rechnung"),
    _file("film.heic", "unsupported_type", b"\0\0\0\x18ftypmp42" + bytes(64)),
    _file("header-only.heic", "unreadable", b"\0\0\0\x18ftypheic" + bytes(64)),
    _file("tiff.png", "ok", lambda: image_bytes(format="TIFF")),
    _file("pdf.jpg", "ok", lambda: text_pdf([[(10, 10, "a")]])),
    _file("no-extension", "ok", image_bytes(format="JPEG")),
    _file("comment.png", "ok", text_png),
    # PDFs
    _file("encrypted.pdf", "encrypted", encrypted_pdf),
    _file("no-pages.pdf", "no_pages", lambda: text_pdf([])),
    _file("10000-pages.pdf", "too_many_pages", lambda: text_pdf([[]] * 10_000)),
    _file("200-inches.pdf", "too_large", lambda: text_pdf([[]], media_box=(0, 0, 14_400, 14_400))),
    _file("no-area.pdf", "ok", lambda: text_pdf([[]], media_box=(0, 0, 0, 0))),  # PDFium takes it for Letter
    _file("page-tree-loop.pdf", "unreadable", pdf_with_page_tree_loop),
    _file("deep-nesting.pdf", "ok", pdf_with_deep_nesting),
    _file("deep-graphics-states.pdf", "ok", pdf_with_deep_graphics_states),
    _file("nested-forms.pdf", "unreadable", pdf_with_nested_forms),
    _file("image-bomb.pdf", "ok", pdf_with_image_bomb),
    _file("content-bomb.pdf", "unreadable", pdf_with_content_bomb),
    # PNG and JPEG
    _file("huge.png", "too_large", lambda: png(100_000, 100_000, bytes(100))),
    _file("long.png", "too_large", lambda: png(2**31 - 1, 1, bytes(100))),
    _file("no-area.png", "unreadable", lambda: png(0, 10)),
    _file("text-bomb.png", "unreadable", png_with_text_bomb),
    _file("many-texts.png", "unreadable", png_with_many_texts),
    _file("profile-bomb.png", "unreadable", png_with_profile_bomb),
    _file("pixel-bomb.png", "ok", png_with_too_many_pixels_in_its_stream),
    _file("many-scans.jpg", "too_large", jpeg_of_many_scans),
    # TIFF
    _file("huge.tif", "too_large", lambda: tiff(60_000, 60_000)),
    _file("loop.tif", "ok", lambda: tiff(loop=True)),
    _file("5000-pages.tif", "too_many_pages", lambda: tiff_of_many_pages(5_000)),
    _file("many-tags.tif", "unreadable", tiff_with_a_directory_of_many_tags),
    _file("endless-tags.tif", "unreadable", bigtiff_with_endless_tags),
    _file("absurd-strips.tif", "unreadable", lambda: tiff(extra=[(273, LONG, 2**31, 8), (279, LONG, 2**31, 8)])),
    _file("many-samples.tif", "unreadable", lambda: tiff(extra=[(277, LONG, 1, 2**31)])),
    _file("nowhere.tif", "unreadable", b"II*\0" + struct.pack("<I", 2**31)),
    _file("pixel-bomb.tif", "ok", tiff_with_pixel_bomb),
    # GIF, WebP, BMP, HEIF
    _file("huge-canvas.gif", "too_large", lambda: gif((65_535, 65_535), (1, 1))),
    _file("huge-frame.gif", "too_large", lambda: gif((1, 1), (65_535, 65_535))),
    _file("large-frame.gif", "too_large", lambda: gif((1, 1), (13_000, 13_000))),
    _file("200000-frames.gif", "ok", gif_of_many_frames),
    _file("huge-canvas.webp", "too_large", lambda: webp_with_canvas(16_384, 16_384)),
    _file("wrong-canvas.webp", "unreadable", lambda: webp_with_canvas(7_000, 7_000)),
    _file("huge.bmp", "too_large", lambda: bmp(60_000, 60_000)),
    _file("negative.bmp", "too_large", lambda: bmp(-5, 5)),
    _file("huge.heic", "too_large", lambda: heif_that_says(30_000, 30_000)),
    _file("wrong-size.heic", "unreadable", lambda: heif_that_says(6_000, 6_000)),
    _file("huge-grid.heic", "unreadable", heif_with_a_grid),
    # names
    _file("领收书 ẞ é ﷽ 🧾.png", "ok", image_bytes()),
    _file("\u202egnp.eciovni\u202c.png", "ok", image_bytes()),  # right to left
    _file("a" * 251 + ".png", "ok", image_bytes()),
    _file("..%2f..%2fetc%2fpasswd.png", "ok", image_bytes()),
    _file("..\\..\\windows\\win.ini.png", "ok", image_bytes()),
    _file("new\nline\r\t.png", "ok", image_bytes()),
    _file("control\x01\x1b[31m\x7f.png", "ok", image_bytes()),
    _file("--help.png", "ok", image_bytes()),
    _file("*?[a]{b};$(rm -rf x) 'q' \"d\".png", "ok", image_bytes()),
    _file(b"caf\xe9.png", "ok", image_bytes()),
)
