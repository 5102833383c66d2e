"""The confidences that document pages show, in files of their own.

One changed label changes the calibration, and so the confidence of every value. As a part of the pages it would have all of
them written again; here, some small files are. A file holds the documents whose ids have the same checksum, so that a page
loads few of them, and a document that is added or removed changes one file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

from ocr_pipeline.report.documents import in_script

FILES = 64


def confidences_file(document_id: str) -> str:
    """Name of the file with the confidences of a document."""
    return f"confidences-{crc32(document_id.encode('utf-8', 'replace')) % FILES:02x}.js"


def write_confidences(folder: Path, ids: Sequence[str], confidences: Mapping[str, Mapping[str, str]]) -> int:
    """Write the files of these documents that changed, and remove those of others; returns how many were written.

    Args:
        confidences: by document and `FIELD@BACKEND`, as shown.
    """
    contents: dict[str, dict[str, Mapping[str, str]]] = {}
    for document_id in ids:
        contents.setdefault(confidences_file(document_id), {})[document_id] = confidences.get(document_id, {})
    for path in folder.glob("confidences-*.js"):
        if path.name not in contents:
            path.unlink()
    written = 0
    for name, content in contents.items():
        path, text = folder / name, f"window.ocrPipelineConfidences = {in_script(content)};\n"
        if not path.exists() or path.read_text("utf-8") != text:
            temporary = path.with_name(f".{name}")
            temporary.write_text(text, "utf-8")
            temporary.replace(path)
            written += 1
    return written
