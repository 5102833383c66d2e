"""One session of labelling: the queue, the page of a document, and what is asked while it is filled in."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.backends.independence import backend_voices
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.documents.find import SourceFile, find_documents, label_of
from ocr_pipeline.documents.labels import checked_label
from ocr_pipeline.documents.overrides import load_overrides, overrides_file
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.diagnosis.agreement import same_value
from ocr_pipeline.evaluation.scoring.settings import load_rules
from ocr_pipeline.evaluation.statistics.counts import Counts
from ocr_pipeline.inspection.cases import DocumentCases
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.label_issues import label_issues
from ocr_pipeline.inspection.loading import load_cases
from ocr_pipeline.labelling.content import LabelContent, read_content
from ocr_pipeline.labelling.drawn import Drawn, places_of, shown_places
from ocr_pipeline.labelling.form import list_fields
from ocr_pipeline.labelling.pages import PageFolder
from ocr_pipeline.labelling.proposals import proposals
from ocr_pipeline.labelling.queue import Order, Waiting, suggested, to_review
from ocr_pipeline.labelling.scores import Tally, document_counts, tally
from ocr_pipeline.labelling.view import Issue, LabelPage, shown_fields, shown_lists, viewer_data
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse


@dataclass
class Session:
    """The state of the server: what was skipped and written, and the scores as they are with the labels written so far.

    `dataset`: only this data set. `fields`: the fields to label, empty: those that other labels of the data set have.
    """

    project: Project
    warehouse: Warehouse
    dataset: str | None = None
    fields: Sequence[str] = ()
    order: Order = "suggested"
    lock: threading.RLock = field(default_factory=threading.RLock)
    _skipped: dict[str, None] = field(default_factory=dict)
    _tallies: dict[str, Tally] = field(default_factory=dict)

    @cached_property
    def backends(self) -> Backends:
        return load_backends(self.project)

    @cached_property
    def pages(self) -> PageFolder:
        return PageFolder(self.project.report, self.backends.limits)

    # ---- documents ---------------------------------------------------------------------------------------------------

    def sources(self) -> dict[str, SourceFile]:
        """The documents as they are on disk, without split files."""
        found = find_documents(self.project.data)
        return {
            source.document_id: source
            for source in found
            if not source.parts and self.dataset in (None, source.dataset)
        }

    def source(self, document_id: str) -> SourceFile:
        """A document.

        Raises:
            ConfigurationError: there is none.
        """
        source = self.sources().get(document_id)
        if source is None:
            raise ConfigurationError(f"Unknown document {document_id!r}; `ocr-pipeline documents` lists all documents.")
        return source

    def queue(self) -> list[Waiting]:
        """The unlabelled documents to go through, by `order`."""
        sources = self.sources()
        with self.warehouse.snapshot() as snapshot:
            if self.order == "review":
                return to_review(snapshot, scoring_of(self.project), sources, self.dataset)
            return suggested(snapshot, sources, self.dataset)

    def next_document(self, after: str | None = None) -> str | None:
        """The document to label next; skipped ones come last."""
        waiting = [row.document_id for row in self.queue()]
        ids = [key for key in waiting if key != after]
        with self.lock:
            for key in self._skipped.keys() - set(waiting):
                del self._skipped[key]
            fresh = [key for key in ids if key not in self._skipped]
            if not fresh:
                self._skipped.clear()
        return next(iter(fresh or ids), None)

    def skip(self, document_id: str) -> str | None:
        """Put a document last; returns the next one."""
        with self.lock:
            self._skipped[document_id] = None
        return self.next_document(document_id)

    # ---- the page ----------------------------------------------------------------------------------------------------

    def page(self, document_id: str) -> LabelPage:
        """All of the page of a document.

        Raises:
            ConfigurationError: there is no such document.
            DocumentError: its label cannot be read.
            WarehouseError: the database is locked or unusable.
        """
        source = self.source(document_id)
        content = read_content(source)
        with self.warehouse.snapshot() as snapshot:
            found = self._found(snapshot, document_id)
            witnesses = self._witnesses(snapshot, source.dataset)
            voices = backend_voices(self.backends, tables.extractions.reported_models(snapshot))
            issues = self.open_issues(snapshot, document_id)
        pages = self.pages.of(source, found)
        proposed = proposals(found, witnesses, voices) if found else {}
        wanted = self.wanted_fields(source.dataset, content.schema)
        fields = shown_fields(content, proposed, issues, wanted, self._decided(source))
        return LabelPage(
            document_id=document_id,
            dataset=source.dataset,
            path=self.project.relative(source.path),
            base=content.sha256,
            labelled=bool(content.sha256) and content.problem is None,
            fields=fields,
            lists=shown_lists(content, found, witnesses, wanted),
            issues=issues,
            images=pages.images,
            notes=self._notes(source, content, found, pages.problem),
            viewer=viewer_data(found, pages.images, fields, shown_places(found, content)),
        )

    def places_of(self, document_id: str, drawn: Mapping[str, Drawn]) -> dict[str, list[dict[str, object]]]:
        """Places drawn on the page as shown, as a label file has them."""
        with self.warehouse.snapshot() as snapshot:
            return places_of(self._found(snapshot, document_id), drawn)

    def wanted_fields(self, dataset: str, schema: DocumentSchema) -> list[str]:
        """The fields and lists of a schema to label: those asked for, otherwise those labelled in the data set, otherwise all
        that any backend has found there."""
        if self.fields:
            return list(self.fields)
        with self.warehouse.snapshot() as snapshot:
            documents = {key for key, row in tables.documents.documents(snapshot).items() if row.dataset == dataset}
            labels = tables.labels.valid_labels(snapshot)
            entries = tables.diagnosis.consensus(snapshot)
        of_dataset = [label for key, label in labels.items() if key in documents and schema.name == label.invoice.NAME]
        found = {name for label in of_dataset for name in label.labelled_fields}
        lists = {of.name for of in list_fields(schema) for label in of_dataset if getattr(label.invoice, of.name, ())}
        if not of_dataset:
            # Of a schema of the project, whoever wrote it wants all fields.
            found = {entry.field for entry in entries if entry.dataset == dataset} if schema.is_invoice else set()
            lists = {of.name for of in list_fields(schema)}
        return [*(name for name in schema.field_kinds if not found or name in found), *sorted(lists)]

    def open_issues(self, reader: Reader, document_id: str | None = None) -> list[Issue]:
        """The label issues that nobody has decided since they were found, by a decision or in the label file, worst first.
        `document_id`: only of this document."""
        rows = label_issues(reader, scoring_of(self.project), self.dataset, document_id).rows
        sources, decided, contents = self.sources() if rows else {}, {}, {}
        for key in {row.document_id for row in rows}:
            path = overrides_file(self.project.data, key)
            decided[key] = load_overrides(path).fields if path.exists() else {}
            if key in sources:
                contents[key] = read_content(sources[key]).values
        return [
            Issue(document_id=row.document_id, field=row.field, label=row.label, value=row.value, reason=row.reason)
            for row in rows
            if row.document_id in contents
            and same_value(row.field, contents[row.document_id].get(row.field)) == same_value(row.field, row.label)
            and (row.field not in decided[row.document_id] or decided[row.document_id][row.field].label != row.label)
        ]

    def issues(self) -> list[Issue]:
        """All open label issues."""
        with self.warehouse.snapshot() as snapshot:
            return self.open_issues(snapshot)

    def _found(self, reader: Reader, document_id: str) -> DocumentCases | None:
        scoring = scoring_of(self.project)
        return next(iter(load_cases(reader, scoring, [document_id])), None)

    def _witnesses(self, reader: Reader, dataset: str) -> list[str]:
        """The backends with a vote, that with the best F1 on the data set first."""
        rows = tables.ranking.leaderboard_fields(reader, dataset)
        f1 = {row.backend: row.f1 for row in rows if row.field == "all_fields" and row.f1 is not None}
        return sorted(self.backends.witnesses, key=lambda name: -f1.get(name, -1.0))

    def _decided(self, source: SourceFile) -> dict[str, str]:
        if source.overrides is None:
            return {}
        decisions = load_overrides(source.overrides).fields.items()
        return {
            name: f"decided in a review on {decision.decided_on}: {decision.choice}" for name, decision in decisions
        }

    def _notes(
        self, source: SourceFile, content: LabelContent, found: DocumentCases | None, problem: str | None
    ) -> list[str]:
        notes = [problem] if problem else []
        if self.order == "review":
            notes += [f"To review: {row.reason}." for row in self.queue() if row.document_id == source.document_id]
        if content.problem:
            notes.append(f"{content.problem} Saving replaces the file.")
        if found is None or not found.cases:
            run = f"ocr-pipeline run --documents {source.document_id}"
            notes.append(f"No backend has read this document yet, so nothing is filled in: `{run}`. You can type.")
        elif found.document.is_drawn:
            notes.append("This document is XML: its page is drawn from its values, and has no words to click.")
        elif found.document.status == "failed":
            notes.append(found.document.message or "The document could not be opened.")
        return notes

    # ---- what the page asks ------------------------------------------------------------------------------------------

    def day_first(self, document_id: str) -> bool:
        """The order of ambiguous dates: of the data set, otherwise what the backends found out about the document."""
        order = load_rules(self.project.evaluation_file).day_first(self.source(document_id).dataset)
        if order is not None:
            return order
        with self.warehouse.snapshot() as snapshot:
            found = self._found(snapshot, document_id)
        orders = [case.extraction.day_first for case in found.cases.values()] if found else []
        return next((order for order in orders if order is not None), True)

    def counts(self, source: SourceFile, text: str) -> dict[str, Counts]:
        """What each backend has right by this label.

        Raises:
            DocumentError: the label is invalid.
        """
        label = checked_label(text, source.schemas)
        rules = load_rules(self.project.evaluation_file)
        key = source.document_id
        with self.warehouse.snapshot() as snapshot:
            ran = set(tables.extractions.backends_of(snapshot, key))
            results = {
                name: tables.extractions.extractions(snapshot, name, key)[key] for name in self.backends if name in ran
            }
        return document_counts(label, results, rules)

    # ---- scores ------------------------------------------------------------------------------------------------------

    def f1_of(self, dataset: str) -> dict[str, float | None]:
        """F1 of a data set by backend, with the labels saved so far."""
        with self.lock:
            return self._tally(dataset).f1()

    def rescore(self, source: SourceFile) -> None:
        """Count a document by its label file as it is now."""
        path = label_of(source.path, source.pages)
        counts = self.counts(source, path.read_text("utf-8")) if path else None
        self._tally(source.dataset).replace(source.document_id, counts)

    def _tally(self, dataset: str) -> Tally:
        if dataset not in self._tallies:
            with self.warehouse.snapshot() as snapshot:
                self._tallies[dataset] = tally(snapshot, scoring_of(self.project), dataset)
        return self._tallies[dataset]
