"""A project of very many documents, as if a run had finished: the rows of one document that was really run, multiplied by SQL.

Its files are named and listed, and never opened: they are a few bytes that are no document.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from ocr_pipeline.documents.find import SourceFile
    from ocr_pipeline.project import Project
    from ocr_pipeline.warehouse.connection import Warehouse

FOLDER = "many"
LINES = (
    "Northwind Traders Ltd", "Invoice", "Invoice number: INV-2041", "Invoice date: 14 March 2026",
    "Paper, white 2 10.00 20.00", "Ink, black 1 80.00 80.00", "Net amount 100.00", "VAT 20% 20.00", "Total EUR 120.00",
)  # fmt: skip
FIELDS = {
    "supplier_name": "Northwind Traders Ltd", "invoice_id": "INV-2041", "invoice_date": "2026-03-14", "currency": "EUR",
    "net_amount": "100.00", "total_tax_amount": "20.00", "total_amount": "120.00",
}  # fmt: skip


def configuration(backends: int) -> dict[str, object]:
    """`backends.yaml`: this many backends with rules on one engine."""
    names = [f"pdf-text+rules-{number}" for number in range(1, backends + 1)]
    return {
        "engines": {"pdf-text": None},
        "backends": {name: {"engine": "pdf-text", "extractor": "rules"} for name in names},
    }


def make_project(
    root: Path,
    documents: int,
    deployment: Mapping[str, object] | None = None,
    *,
    backends: int = 5,
    new: int = 0,
    evaluated: bool = False,
) -> "Project":
    """A project in which `documents` documents are current for all backends; and `new` further ones, which are ingested and
    recognised, and which no backend was run on.

    Args:
        deployment: the content of `deployment.yaml`: a warehouse and an instance on PostgreSQL; without it, they are files.
        evaluated: also the rows of scores, comparisons and so on that the one document has.
    """
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.project import Project
    from ocr_pipeline_tests.files import text_pdf

    folder = root / "data" / "documents" / FOLDER
    folder.mkdir(parents=True)
    (root / "backends.yaml").write_text(yaml.safe_dump(configuration(backends), sort_keys=False))
    if deployment:
        (root / "deployment.yaml").write_text(yaml.safe_dump(dict(deployment)))
    project = Project(root)
    texts = [(30.0, 180.0 - 15 * number, line) for number, line in enumerate(LINES)]
    (folder / "0000000.pdf").write_bytes(text_pdf([texts]))
    (folder / "0000000.pdf.json").write_text(json.dumps({"invoice": FIELDS}))
    _run(project)
    (folder / "0000000.pdf").write_bytes(b"%PDF-1.4 never read")  # the same few bytes as all others
    for number in range(1, documents + new):
        (folder / f"{number:07}.pdf").write_bytes(b"%PDF-1.4 never read")
        (folder / f"{number:07}.pdf.json").write_text("{}")
    sources = find_documents(project.data)
    _multiply_rows(project, sources, documents, evaluated=evaluated)
    _multiply_events(project, [source.document_id for source in sources], documents)
    set_evaluated(project)
    return project


def _run(project: "Project") -> None:
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.defs.pipeline import run_pipeline
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.progress import NoProgress

    run_pipeline(project, find_documents(project.data), list(load_backends(project)), NoProgress())


def _multiply_rows(project: "Project", sources: "list[SourceFile]", documents: int, *, evaluated: bool) -> None:
    """Rows of all documents from those of the first, with contents, keys and states of their own."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.documents.file_state import document_state, label_state
    from ocr_pipeline.planning.inputs import expected_extraction_keys, expected_ocr_key
    from ocr_pipeline.warehouse import tables
    from ocr_pipeline.warehouse.migrate import table_columns
    from ocr_pipeline.warehouse.opened import open_warehouse

    warehouse, backends = open_warehouse(project), load_backends(project)
    ids = [source.document_id for source in sources]
    columns: Mapping[str, list[str]] = {
        "position": [str(number) for number in range(len(ids))],
        "id": ids,
        "path": [project.relative(source.path) for source in sources],
        "sha256": [sha256(document_id.encode()).hexdigest() for document_id in ids],
        "document_state": [document_state(source) for source in sources],
        "label_state": [label_state(source) for source in sources],
    }
    derived = () if evaluated else _DERIVED
    described = {table: [name for name, _ in names] for table, names in table_columns().items() if table not in derived}
    chosen = {table: names for table, names in described.items() if "document_id" in names}
    with _Filling(warehouse, chosen, ids[0], documents) as filling:
        filling.make("made", columns)
        filling.make("made_keys", {"name": [""], "id": [""], "key": [""]})
        filling.multiply([table for table in chosen if table not in _KEYED])
        known = tables.documents.documents(warehouse)
        for engine in backends.engines.values():
            keys = {key: expected_ocr_key(engine, row, engine.fingerprint) for key, row in known.items()}
            filling.add_keys(engine.name, keys)
        filling.multiply(["ocr_text"])
        for backend in backends.values():
            with warehouse.snapshot() as snapshot:
                keys = expected_extraction_keys(backend, ids, snapshot)
            filling.add_keys(backend.name, keys)
        filling.multiply(["extractions"])


_KEYED = {"ocr_text": "engine", "extractions": "backend"}
"""Tables whose rows have a key that is made from other rows, and the column that says whose it is."""


class _Filling:
    """Multiplies the rows of one document. On PostgreSQL the server does it, and makes the indexes afterwards.

    Args:
        columns: of the tables.
        template: the document whose rows there are.
        documents: as many have rows of backends.
    """

    def __init__(
        self, warehouse: "Warehouse", columns: Mapping[str, Sequence[str]], template: str, documents: int
    ) -> None:
        self._warehouse, self._columns, self._template, self._documents = warehouse, columns, template, documents
        self._indexes: list[str] = []

    def __enter__(self) -> "_Filling":
        if not self._is_postgres:
            return self
        tables = ", ".join(f"'{table}'" for table in self._columns)
        query = f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({tables})"
        with self._warehouse.connect(read_only=True) as connection:
            found = connection.execute("FROM postgres_query('w', ?)", [query]).fetchall()
        self._indexes = [definition for _, definition in found]
        self._run([f'DROP INDEX "{name}"' for name, _ in found])
        return self

    def __exit__(self, *_: object) -> None:
        self._run(["DROP TABLE made", "DROP TABLE made_keys"])
        if self._is_postgres:
            self._run([*self._indexes, "ANALYZE"])

    @property
    def _is_postgres(self) -> bool:
        from ocr_pipeline.warehouse.postgres import Postgres

        return isinstance(self._warehouse.opening, Postgres)

    def _run(self, statements: Sequence[str]) -> None:
        """Run these in one transaction, in the SQL of the database itself."""
        from ocr_pipeline.warehouse.postgres_schema import execute

        with self._warehouse.connect(read_only=False) as connection:
            connection.begin()
            for statement in statements:
                if self._is_postgres:
                    execute(connection, statement)
                else:
                    connection.execute(statement)
            connection.commit()
            if self._is_postgres:
                connection.execute("CALL pg_clear_cache()")

    def make(self, table: str, columns: Mapping[str, Sequence[str | None]]) -> None:
        """A table of texts, until the end."""
        self._insert(f"CREATE TABLE {table} AS", columns)

    def add_keys(self, name: str, keys: Mapping[str, str | None]) -> None:
        """Keys of results of an engine or a backend, by document."""
        self._insert(
            "INSERT INTO made_keys", {"name": [name] * len(keys), "id": list(keys), "key": list(keys.values())}
        )

    def _insert(self, what: str, columns: Mapping[str, Sequence[str | None]]) -> None:
        arrays = ", ".join(f"unnest(?::VARCHAR[]) AS {name}" for name in columns)
        with self._warehouse.connect(read_only=False) as connection:
            connection.execute(f"{what} SELECT {arrays}", [list(values) for values in columns.values()])

    def multiply(self, tables: Sequence[str]) -> None:
        """The rows of all documents in these tables."""
        for table in tables:
            keyed, names = _KEYED.get(table), self._columns[table]
            values = {
                "document_id": "made.id",
                "path": "made.path",
                "perceptual_hash": "'dct1-' || made.sha256",
                "label_sha256": "made.sha256" if table == "labels" else 't."label_sha256"',
                "file_state": "made.label_state" if table == "labels" else "made.document_state",
                "sha256": "made.sha256",
                **({"result_key": "made_keys.key"} if keyed else {}),
            }
            chosen = ", ".join(values.get(name, f't."{name}"') for name in names)
            named = ", ".join(f'"{name}"' for name in names)
            source = "t CROSS JOIN made"
            if keyed:
                source += f' JOIN made_keys ON made_keys.id = made.id AND made_keys.name = t."{keyed}"'
            if "backend" in names:
                source += f" WHERE CAST(made.position AS INT) < {self._documents}"
            self._run(
                [
                    f"CREATE TEMP TABLE t AS SELECT * FROM \"{table}\" WHERE document_id = '{self._template}'",
                    f'TRUNCATE "{table}"',
                    f'INSERT INTO "{table}" ({named}) SELECT {chosen} FROM {source}',
                    "DROP TABLE t",
                ]
            )


_DERIVED = (
    "field_scores", "line_item_scores", "line_item_cells", "evidence_scores", "label_issues", "attributions", "confidences",
    "review", "consensus", "scale_suspects", "truth_agreement", "repeat_scores",
)  # fmt: skip


def _multiply_events(project: "Project", ids: Sequence[str], documents: int) -> None:
    """What Dagster has recorded of the first document, for all; and their partitions."""
    import sqlalchemy as sa
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

    from ocr_pipeline.defs.instance import open_instance

    columns = sa.Column("id", sa.Text), sa.Column("position", sa.Integer)
    made = sa.Table("made", sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    events = "FROM event_logs e {} WHERE e.dagster_event_type = 'ASSET_MATERIALIZATION' AND e.partition LIKE :like"
    with open_instance(project) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, SqlEventLogStorage)
        with storage.index_connection() as connection:
            template = {"t": ids[0], "like": f"%{ids[0]}%"}
            recorded = connection.execute(sa.text(f"SELECT e.id, e.event {events.format('')}"), template).fetchall()
            for number, event in recorded:
                shorter = {"id": number, "event": _without_metadata(event)}
                connection.execute(sa.text("UPDATE event_logs SET event = :event WHERE id = :id"), shorter)
            made.create(connection)
            rows = [{"id": key, "position": at} for at, key in enumerate(ids) if at]
            connection.execute(made.insert(), rows)
            names = [column["name"] for column in sa.inspect(connection).get_columns("event_logs")]
            names.remove("id")
            shown = {name: f"replace(e.{name}, :t, made.id)" for name in ("event", "partition")}
            chosen = ", ".join(shown.get(name, f"e.{name}") for name in names)
            connection.execute(
                sa.text(
                    f"INSERT INTO event_logs ({', '.join(names)}) SELECT {chosen} {events.format('CROSS JOIN made')} "
                    "AND (made.position < :n OR e.asset_key NOT LIKE '%extractions%')"
                ),
                {**template, "n": documents},
            )
            connection.execute(
                sa.text(
                    "INSERT INTO dynamic_partitions (partitions_def_name, partition) SELECT 'documents', id FROM made"
                )
            )


def _without_metadata(event: str) -> str:
    """An event of 1.5 kB in place of 5."""
    content = json.loads(event)
    content["dagster_event"]["event_specific_data"]["materialization"]["metadata_entries"] = []
    return json.dumps(content)


def set_evaluated(project: "Project") -> None:
    """The last evaluation counts as that of the rows as they are now."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.defs.instance import open_instance
    from ocr_pipeline.defs.records import EVALUATED_TAG, evaluation_identity, last_evaluation
    from ocr_pipeline.warehouse.opened import open_warehouse

    with open_instance(project) as instance:
        last = last_evaluation(instance)
        assert last is not None
        identity = evaluation_identity(project, load_backends(project), open_warehouse(project))
        instance.add_run_tags(last.run_id, {EVALUATED_TAG: identity})
