"""Images of the pages of a document, whether or not a run has ingested it."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ocr_pipeline.documents.file_state import NONE, document_state
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Page
from ocr_pipeline.documents.stage import ingest_all
from ocr_pipeline.inspection.cases import DocumentCases
from ocr_pipeline.report.documents import PageImage, page_images, rotations
from ocr_pipeline.report.pages import image_name, write_images


@dataclass(frozen=True)
class Pages:
    """The pages of a document as shown, and why there are none."""

    images: list[PageImage]
    problem: str | None = None


class PageFolder:
    """Writes page images to a folder that lasts as long as the server; those of the report are copied."""

    def __init__(self, report: Path, limits: Limits) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ocr-pipeline-label-"))
        self._report = report / "images"
        self._limits = limits
        self._fresh: dict[tuple[str, str], Pages] = {}

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def of(self, source: SourceFile, found: DocumentCases | None) -> Pages:
        """The pages of a document; without `found`, the file is opened, in a process of its own."""
        if found is None or not found.document.sha256 or not found.pages:
            return self._opened(source)
        turned = rotations(found)
        names = self._written(source, found.document.sha256, turned, is_drawn=found.document.is_drawn)
        return Pages(page_images(found, names))

    def _opened(self, source: SourceFile) -> Pages:
        key = (str(source.path), document_state(source))
        if key[1].startswith(NONE):
            return Pages([], "The file cannot be read: it does not exist.")
        if key not in self._fresh:
            [(_, document, failure)] = ingest_all([source], self._limits)
            if document is None:
                self._fresh[key] = Pages([], failure.message if failure else "The file has no pages.")
            else:
                turned = {page.number: 0 for page in document.pages}
                names = self._written(source, document.sha256, turned, is_drawn=document.is_drawn)
                images = [self._image(document.sha256, page, names) for page in document.pages]
                self._fresh[key] = Pages(images)
        return self._fresh[key]

    @staticmethod
    def _image(sha256: str, page: Page, names: set[str]) -> PageImage:
        name = image_name(sha256, page.number, 0)
        address = f"../images/{name}" if name in names else None
        return {"page": page.number, "image": address, "width": page.width, "height": page.height}

    def _written(self, source: SourceFile, sha256: str, turned: Mapping[int, int], *, is_drawn: bool) -> set[str]:
        for page, degrees in turned.items():
            name = image_name(sha256, page, degrees)
            if not is_drawn and not (self.folder / name).exists() and (self._report / name).is_file():
                shutil.copyfile(self._report / name, self.folder / name)
        return write_images(source.path, sha256, dict(turned), self.folder, self._limits, source.pages, drawn=is_drawn)
