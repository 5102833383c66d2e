"""Writes what was labelled: label files and decisions, and takes the last label back.

Whoever writes names the state of the label file that the values were made from; if the file is another one by now, nothing is
written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ocr_pipeline.documents.bucket_files import delete_file, local_copy, write_file
from ocr_pipeline.documents.find import new_label_of
from ocr_pipeline.documents.labels import schema_of, write_label
from ocr_pipeline.documents.overrides import Choice, decided_today, write_decision
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.labelling.content import Row, label_text, read_content
from ocr_pipeline.labelling.drawn import Drawn, with_places
from ocr_pipeline.labelling.session import Session


class ChangedLabelError(Exception):
    """The label file is another one than the page was made from. `sha256`: of the file as it is."""

    def __init__(self, sha256: str) -> None:
        super().__init__("The label file was changed meanwhile.")
        self.sha256 = sha256


@dataclass
class _Written:
    """A label that was saved in this session. `before`: text of the file before, None: there was none."""

    document_id: str
    sha256: str
    before: str | None


@dataclass
class Writer:
    """Writes labels and decisions for a session."""

    session: Session
    _written: list[_Written] = field(default_factory=list)

    def save(
        self,
        document_id: str,
        base: str,
        values: Mapping[str, str | None],
        lists: Mapping[str, Sequence[Row]],
        drawn: Mapping[str, Drawn] | None = None,
    ) -> str:
        """Write the label of a document; returns the hash of the file.

        Args:
            base: hash of the label file that the values were made from, empty if there was none.
            drawn: by path, the places of values on the page as shown.

        Raises:
            ChangedLabelError: the file is another one by now; nothing is written.
            DocumentError: the label is invalid; nothing is written.
        """
        with self.session.lock:
            source = self.session.source(document_id)
            content = read_content(source)
            if content.sha256 != base:
                raise ChangedLabelError(content.sha256)
            before = local_copy(source.label).read_text("utf-8", errors="replace") if source.label else None
            places = self.session.places_of(document_id, drawn) if drawn else {}
            text = label_text(values, lists, with_places(content, values, lists, places), content.schema)
            if not values and not any(lists.values()):
                raise DocumentError("invalid_label", "Nothing is labelled: fill at least one field.")
            path = source.label or new_label_of(source.path, source.pages)
            sha256 = write_label(path, text, source.schemas)
            self._written.append(_Written(document_id, sha256, before))
            return sha256

    def undo(self) -> str:
        """Take back the last saved label; returns its document.

        Raises:
            ConfigurationError: nothing was saved in this session.
            ChangedLabelError: the file was changed since.
        """
        with self.session.lock:
            if not self._written:
                raise ConfigurationError("There is nothing to undo: no label was saved in this session.")
            last = self._written[-1]
            source = self.session.source(last.document_id)
            now = read_content(source).sha256
            if now != last.sha256 or source.label is None:
                raise ChangedLabelError(now)
            self._written.pop()
            if last.before is None:
                delete_file(source.label)
            else:
                write_file(source.label, last.before)  # as it was, valid or not
            self.session.rescore(source)
            return last.document_id

    def decide(self, document_id: str, name: str, choice: Choice, value: str | None) -> None:
        """Record a decision about a label issue, as `labels review` does.

        Raises:
            ConfigurationError: the field has no open issue, or the value is not one of this field.
        """
        with self.session.lock, self.session.warehouse.snapshot() as snapshot:
            issue = next(
                (issue for issue in self.session.open_issues(snapshot, document_id) if issue.field == name), None
            )
        if issue is None:
            raise ConfigurationError(f"{document_id} has no open issue about {name}; reload the page.")
        if (choice == "both" and value is None) or not schema_of(self.session.source(document_id)).is_valid(
            name, value
        ):
            raise ConfigurationError(f"Not a valid value for {name}.")
        write_decision(self.session.project.data, document_id, name, decided_today(choice, issue.label, value))
