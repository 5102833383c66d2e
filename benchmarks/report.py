"""What building the report costs: all of it, one changed document, and the size of the index for many documents.

    python benchmarks/report.py FOLDER [--many 1000]

FOLDER is a project that was run, like that of benchmarks/keyless_backends.py (120 receipts and more, several backends).
The index of many documents is that of copies of its rows under other names.
"""

import argparse
import tempfile
import time
from pathlib import Path

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS
from ocr_pipeline.project import Project
from ocr_pipeline.report.documents import document_list, in_script
from ocr_pipeline.report.site import build_site
from ocr_pipeline.schemas import FIELD_KINDS
from ocr_pipeline.warehouse.connection import Warehouse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dataset", default="sroie")
    parser.add_argument("--backends", type=int, default=4, help="the first so many of backends.yaml")
    parser.add_argument("--many", type=int, default=1000)
    arguments = parser.parse_args()
    project = Project(arguments.folder.resolve())
    configured = load_backends(project)
    few = dict(list(configured.items())[: arguments.backends])
    configured = configured.model_copy(update={"backends": few})
    warehouse = Warehouse(project.database)
    print("| what | seconds |\n| --- | ---: |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "report"

        def timed(what: str) -> None:
            started = time.perf_counter()
            built = build_site(project, configured, warehouse, folder, arguments.dataset)
            seconds = time.perf_counter() - started
            print(f"| {what}: {built.written} document pages, {len(few)} backends | {seconds:.1f} |")

        timed("all")
        timed("nothing has changed")
        page = next((folder / "documents").glob("*.html"))
        page.unlink()
        timed("one document again")
        print(f"\nindex.html: {(folder / 'index.html').stat().st_size / 1e3:.0f} kB;", end=" ")
        sizes = sorted(path.stat().st_size for path in (folder / "documents").glob("*.html"))
        print(f"a document page: {sizes[len(sizes) // 2] / 1e3:.0f} kB (median), {sizes[-1] / 1e3:.0f} kB (largest)")
    with warehouse.snapshot() as snapshot:
        listing = document_list(snapshot, list(few), list(FIELD_KINDS), ATTRIBUTIONS)
    rows = listing["documents"]
    copies = [{**rows[number % len(rows)], "id": f"copy-{number}-of-a-document"} for number in range(arguments.many)]
    size = len(in_script(in_script({**listing, "documents": copies})))
    print(f"the list of {arguments.many} documents: {size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
