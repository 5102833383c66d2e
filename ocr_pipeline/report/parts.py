"""The report of very many documents: the list in parts, documents with errors first, and a page for each of the first part.

A list of 100,000 documents would be a file of 100 MB, and their pages take hours; `dev` writes the other pages when they are
opened (`report.serve`).
"""

from collections.abc import Iterator
from pathlib import Path

from ocr_pipeline.report.listing import Listing

MAX_LISTED = 5000
"""Documents of a part of the list, and pages that are written ahead."""
LIST_FILE = "list-data.js"


def worst_first(listing: Listing) -> None:
    """Sort documents with most errors first, if they do not fit into one part."""
    if len(listing["documents"]) > MAX_LISTED:
        listing["documents"].sort(
            key=lambda listed: (listed["status"] == "ok", -sum(outcome[2] != 0 for outcome in listed["outcomes"]))
        )


def first_part(listing: Listing) -> list[str]:
    """The documents with a page that is written ahead."""
    return [listed["id"] for listed in listing["documents"][:MAX_LISTED]]


def list_parts(listing: Listing) -> Iterator[tuple[str, str, object]]:
    """File, variable and content of each part; the first one has all that is not about single documents."""
    documents = listing["documents"]
    parts = [documents[start : start + MAX_LISTED] for start in range(0, len(documents), MAX_LISTED)] or [[]]
    first: dict[str, object] = {**listing, "documents": parts[0]}
    if len(parts) > 1:
        first |= {"parts": len(parts), "total": len(documents)}
    yield LIST_FILE, "ocrPipelineDocuments", first
    for number, part in enumerate(parts[1:], 2):
        yield f"list-data-{number}.js", "ocrPipelineMoreDocuments", part


def remove_other_parts(folder: Path, written: set[str]) -> None:
    """Remove parts of a longer list."""
    for path in folder.glob("list-data-*.js"):
        if path.name not in written:
            path.unlink()


def unlisted_pages(folder: Path, listed: set[str]) -> set[str]:
    """Ids of document pages that were written when they were opened: their content may be another one now."""
    return {path.stem for path in (folder / "documents").glob("[!.]*.html")} - listed
