"""Small real files for tests: images, PDFs, labels and project folders."""

from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from PIL import Image, ImageDraw, ImageFont

from ocr_pipeline.documents.identifiers import earlier_id, load_known_ids, remember_ids
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Label

PLUGINS = "ocr_pipeline_tests.plugins"


def image_bytes(width: int = 40, height: int = 30, color: str = "white", format: str = "PNG", **save: Any) -> bytes:
    """A plain image. Another colour makes other bytes."""
    return encoded(Image.new("RGB", (width, height), color), format, **save)


def encoded(image: Image.Image, format: str, **save: Any) -> bytes:
    """The bytes of an image file."""
    buffer = BytesIO()
    image.save(buffer, format, **save)
    return buffer.getvalue()


def text_image(lines: list[str], size: int = 40, width: int = 800) -> Image.Image:
    """Black lines of text on white, as an OCR engine likes them."""
    image = Image.new("RGB", (width, (len(lines) + 1) * size * 2), "white")
    font = ImageFont.load_default(size)
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((size, size + number * size * 2), line, "black", font)
    return image


def text_pdf(
    pages: list[list[tuple[float, float, str]]],
    *,
    media_box: tuple[float, float, float, float] = (0, 0, 300, 200),
    crop_box: tuple[float, float, float, float] | None = None,
    rotate: int = 0,
) -> bytes:
    """A born-digital PDF, 12 point Helvetica. Each page is a list of (x, y, text); points, from the bottom left."""
    boxes = "".join(
        f"/{name} [{' '.join(map(str, box))}] " for name, box in (("MediaBox", media_box), ("CropBox", crop_box)) if box
    )
    count = len(pages)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{' '.join(f'{4 + 2 * index} 0 R' for index in range(count))}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, texts in enumerate(pages):
        drawing = "BT /F1 12 Tf " + " ".join(f"1 0 0 1 {x} {y} Tm ({text}) Tj" for x, y, text in texts) + " ET"
        objects += [
            f"<< /Type /Page /Parent 2 0 R {boxes}/Rotate {rotate} "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * index} 0 R >>",
            f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        ]
    return pdf_of(objects)


def pdf_of(objects: list[str]) -> bytes:
    """A PDF file of these objects, numbered from 1; the first is the catalogue."""
    content = b"%PDF-1.7\n"
    offsets = []
    for number, text in enumerate(objects, 1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{text}\nendobj\n".encode("cp1252")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(content)}\n%%EOF\n"
    return content + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def small_backends(root: Path) -> dict[str, Any]:
    """A `backends.yaml` of small engines: a test changes what it wants and gives it to `write_backends`.

    `pixel` appends a line to `pixel.log` in the project for every document that it really reads.
    """
    return {
        "engines": {
            "pixel": {"type": f"{PLUGINS}:PixelEngine", "options": {"log": str(root / "pixel.log")}},
            "pdf-text": None,
        },
        "backends": {
            "pixel+first": {"engine": "pixel", "extractor": f"{PLUGINS}:FirstAmount"},
            "pdf-text+first": {"engine": "pdf-text", "extractor": f"{PLUGINS}:FirstAmount"},
            "page-width": {"extractor": f"{PLUGINS}:PageWidth"},
        },
    }


def write_backends(root: Path, content: dict[str, Any]) -> None:
    """Write `backends.yaml`."""
    (root / "backends.yaml").write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")


def add_file(project: Project, name: str, content: bytes) -> Path:
    """A file below `data/documents`: `receipts/a.png` is the document `receipts-a` of the data set `receipts`.

    Its id has no hash of the path, as if an earlier version had known it: tests are easier to read. Tests of ids, and those
    that write files themselves, use ids of new documents.
    """
    path = project.data / "documents" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    know(project, name)
    return path


def know(project: Project, *names: str) -> None:
    """Make files below `data/documents` documents with short ids."""
    known, taken = {}, set(load_known_ids(project.data).values())
    for name in names:
        document_id = earlier_id(tuple(name.split("/")))
        if document_id not in taken:
            known[f"documents/{name}"] = document_id
    if known:
        remember_ids(project.data, known)


def add_image(project: Project, name: str, width: int = 40, height: int = 30, total: str | None = None) -> Path:
    """A plain image document, of which the test engines read its width; `total` adds a label with that total."""
    path = add_file(project, name, image_bytes(width, height))
    if total is not None:
        add_label(path, total_amount=total)
    return path


def add_label(document: Path, **fields: Any) -> Path:
    """Write the label file of a document."""
    label = Label.model_validate({"invoice": fields})
    path = document.with_name(document.name + ".json")
    path.write_text(label.model_dump_json(exclude_unset=True), "utf-8")
    return path


def reads(project: Project) -> list[str]:
    """What the engine `pixel` really read so far: the size of the first page of each document."""
    log = project.root / "pixel.log"
    return log.read_text().split() if log.exists() else []
