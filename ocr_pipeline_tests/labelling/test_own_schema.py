"""Label editors on documents of a project's own schema: the form, label files, typed text, and Label Studio."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import checked_label, load_label
from ocr_pipeline.labelling.content import label_text, read_content
from ocr_pipeline.labelling.form import field_at, list_fields, single_fields
from ocr_pipeline.labelling.label_studio import labelling_config, read_tasks
from ocr_pipeline.labelling.printed import printed_value
from ocr_pipeline_tests.delivery_notes import VALUES, delivery_notes
from ocr_pipeline_tests.extraction.llm.test_own_schema import ENTRIES, KINDS, schema_of_kinds


def test_the_form_shows_every_field_and_column(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    fields = {field.name: field for field in single_fields(schema)}
    assert list(fields) == list(schema.spec.fields)
    assert fields["status"].options == ("complete", "partial")
    assert fields["signed"].options == ("true", "false")
    assert fields["delivery_number"].description == "Number of the delivery note, not of the order."
    [items] = list_fields(schema)
    assert [column.name for column in items.columns][-1] == "unit", "what is only stored comes last"
    assert field_at("items.quantity", schema) in items.columns
    assert field_at("line_items.quantity", schema) is None


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("signed", "Ja", "true"),
        ("signed", "no", "false"),
        ("signed", "perhaps", None),
        ("status", "Partial", "partial"),
        ("status", "lost", None),
        ("freight", "EUR 1.234,50", "1234.50"),
        ("total_quantity", "78 Stk", "78"),
        ("delivery_date", "Lieferdatum 05.03.2026", "2026-03-05"),
        ("items.quantity", "12", "12"),
        ("remarks", " left  at the gate ", "left at the gate"),
    ],
)
def test_clicked_and_typed_text_becomes_a_value_of_the_kind(
    tmp_path: Path, path: str, text: str, value: str | None
) -> None:
    schema = delivery_notes(tmp_path)
    field = field_at(path, schema)
    assert field is not None
    assert printed_value(field, text, schema=schema) == value


def source_of(folder: Path, schema: DocumentSchema, text: str | None) -> SourceFile:
    path = folder / "note.json"
    if text is not None:
        path.write_text(text, "utf-8")
    return SourceFile("note", "notes", folder / "note.pdf", path if text else None, None, schemas=(schema,))


def test_a_label_file_is_edited_without_losing_anything(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    rest = {"language": "de", "alternatives": {"supplier": ["Muster"]}}
    text = json.dumps({"schema": schema.name, "fields": VALUES, **rest})
    content = read_content(source_of(tmp_path, schema, text))
    assert content.problem is None
    assert content.values["signed"] == "true"
    written = label_text(content.values, content.lists, content.rest, content.schema)
    assert json.loads(written)["fields"]["signed"] is True
    assert checked_label(written, [schema]) == checked_label(text, [schema])
    assert json.loads(written) == {"schema": schema.name, "fields": VALUES, **rest}


def test_an_unlabelled_document_follows_the_schema_of_its_data_set(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    content = read_content(source_of(tmp_path, schema, None))
    assert content.schema == schema
    assert json.loads(label_text({"signed": "false", "remarks": None}, {}, schema=schema)) == {
        "schema": "delivery_notes",
        "fields": {"signed": False, "remarks": None},
    }


@settings(max_examples=40, deadline=None)
@given(entry=ENTRIES, rows=st.lists(ENTRIES, max_size=2))
def test_what_the_form_writes_is_read_again_as_it_was(entry: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Labels of every kind, also of texts with quotes, line breaks and signs of any script."""
    schema = schema_of_kinds()

    def shown(values: dict[str, Any]) -> dict[str, str | None]:
        return {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in values.items()
            if value is None or isinstance(value, bool) or value.strip()
        }

    label = checked_label(label_text(shown(entry), {"rows": [shown(row) for row in rows]}, schema=schema), [schema])
    assert set(label.labelled_fields) == set(shown(entry))
    for kind in KINDS:
        assert (getattr(label.invoice, kind) is None) == (shown(entry).get(kind) is None)
    assert len(label.invoice.rows) == sum(any(value is not None for value in shown(row).values()) for row in rows)


def test_label_studio_has_the_labels_of_the_schema_and_gives_them_back(tmp_path: Path) -> None:
    schema = delivery_notes(tmp_path)
    paths = [label.attrib["value"] for label in ElementTree.fromstring(labelling_config([schema])).iter("Label")]
    assert paths == [path for path, _ in sorted(schema.spec.every_field(), key=lambda entry: entry[0] == "items.unit")]

    def region(path: str, text: str, row: str | None = None) -> list[dict[str, Any]]:
        meta = {"meta": {"text": [row]}} if row else {}
        box = {"x": 1, "y": 1, "width": 5, "height": 2}
        name = path + (row or "")
        return [
            {"id": name, "from_name": "label", "type": "rectanglelabels", "value": {**box, "rectanglelabels": [path]}, **meta},
            {"id": name, "from_name": "text", "type": "textarea", "value": {**box, "text": [text]}},
        ]  # fmt: skip

    results = [
        *region("delivery_date", "05.03.2026"),
        *region("signed", "yes"),
        *region("items.quantity", "2 box", "1"),
        *region("items.article", "A-1", "1"),
        *region("total_amount", "5.00"),
    ]
    tasks = [{"data": {"document_id": "note"}, "annotations": [{"result": results}]}]
    [found] = read_tasks(json.dumps(tasks).encode(), "x.json", lambda document_id: schema)
    assert found.values == {"delivery_date": "2026-03-05", "signed": "true"}
    assert found.lists == {"items": [{"quantity": "2", "article": "A-1"}]}
    assert found.problems == ["Unknown label 'total_amount'."]


def test_a_folder_with_a_table_of_labels_is_imported(tmp_path: Path) -> None:
    from ocr_pipeline.documents.importers import import_folder
    from ocr_pipeline.errors import ConfigurationError
    from ocr_pipeline_tests.files import text_pdf

    schema = delivery_notes(tmp_path / "project")
    folder, documents = tmp_path / "notes", tmp_path / "project" / "data" / "documents"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.pdf").write_bytes(text_pdf([[(20, 150, name)]]))
    (folder / "c.json").write_text(json.dumps({"schema": schema.name, "fields": VALUES}))
    (folder / "labels.csv").write_text(
        "file;delivery_number;delivery_date;signed;status;freight;remarks\n"
        "a.pdf;LS-1;05.03.2026;yes;COMPLETE;1.234,50;-\n"
        "b.pdf;LS-2;;perhaps;lost;12,50;\n"
    )
    report = import_folder(folder, documents, schema="delivery_notes")
    assert (report.new, report.labelled) == (3, 3)
    assert [problem.partition(", column ")[2] for problem in report.problems] == [
        "status: not one of complete, partial; skipped.",
        "signed: not true or false; skipped.",
    ]
    target = documents / "notes"
    assert (target / "dataset.yaml").read_text() == "schema: delivery_notes\n"
    first, _ = load_label(target / "a.pdf.json", [schema])
    assert first.invoice.model_dump(mode="json", exclude_unset=True) == {
        "delivery_number": "LS-1",
        "delivery_date": "2026-03-05",
        "signed": True,
        "status": "complete",
        "freight": "1234.50",
        "remarks": None,
    }
    assert load_label(target / "c.pdf.json", [schema])[0].invoice == schema.model.model_validate(VALUES)
    assert import_folder(folder, documents).unchanged == 3, "the data set knows its schema"
    for asked, sentence in (("invoice", "has the schema delivery_notes, not invoice"), ("x", "There is no schema 'x'")):
        with pytest.raises(ConfigurationError, match=sentence):
            import_folder(folder, documents, schema=asked)
