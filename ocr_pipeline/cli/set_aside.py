"""Sentences about files that look like documents and are none, and about labels without a document."""

from ocr_pipeline.cli.output import counted
from ocr_pipeline.project import Project
from ocr_pipeline.untrusted import printable_path

MAX_NAMED = 5
"""Files that a sentence names."""

MAX_LOST = 10
"""Sentences about lost labels."""

_WHY = {
    "xml": ("Ignored", "XML file", "no e-invoice, or part of a file of the same name"),
    "unfinished": ("Waiting", "unfinished file", "its name says that it is still being written, or open in a program"),
    "hidden": ("Ignored", "hidden file", "the name begins with a dot"),
    "unreachable": ("Ignored", "file or folder", "the path is too long for the system"),
}


def set_aside(project: Project) -> list[str]:
    """A sentence for each kind of file that is no document."""
    from ocr_pipeline.documents.find import not_documents

    found = not_documents(project.data)
    sentences = []
    for kind, (state, noun, why) in _WHY.items():
        if paths := found.get(kind):  # type: ignore[call-overload]
            named = ", ".join(printable_path(path.name)[-100:] for path in paths[:MAX_NAMED])
            more = ", …" if len(paths) > MAX_NAMED else ""
            sentences.append(f"{state}: {counted(len(paths), noun)} ({why}): {named}{more}.")
    return sentences


def lost_labels(project: Project) -> list[str]:
    """A sentence for each label without a document, and each document that was moved."""
    from ocr_pipeline.cli.label_move import lost, sentences

    found = sentences(project, lost(project))
    more = (
        [f"And {len(found) - MAX_LOST} more; `ocr-pipeline labels move` lists them."] if len(found) > MAX_LOST else []
    )
    return found[:MAX_LOST] + more
