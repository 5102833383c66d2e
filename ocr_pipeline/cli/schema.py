"""`ocr-pipeline schema`: list, check and convert the schemas of a project."""

import importlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import PydanticUserError

from ocr_pipeline.cli.options import JsonOption
from ocr_pipeline.cli.output import console, counted, plain, print_json, titled_table
from ocr_pipeline.document_schema.converting import Tree, snake_case
from ocr_pipeline.document_schema.converting import convert as convert_json_schema
from ocr_pipeline.document_schema.loading import (
    DATASET_FILE,
    FOLDER,
    SCHEMA_FILE,
    dataset_schemas,
    load_schema,
    load_schemas,
)
from ocr_pipeline.document_schema.schema import INVOICE_NAME, DocumentSchema
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.scoring.settings import load_rules
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.store import write_durably


def schemas(as_json: JsonOption = False) -> None:
    """List the schemas of the project, and the data sets that use them."""
    project = find_project()
    known = load_schemas(project.root)
    used = _datasets(project, known)
    rows = [
        {
            "schema": name,
            "title": schema.title,
            "fields": len(schema.spec.fields),
            "lists": list(schema.spec.lists),
            "datasets": [dataset for dataset, names in used.items() if name in names],
        }
        for name, schema in known.items()
    ]
    if as_json:
        print_json(rows)
        return
    table = titled_table("Schemas")
    for column in ("schema", "title", "fields", "lists", "data sets"):
        table.add_column(column, overflow="fold", justify="right" if column == "fields" else "left")
    for row, (name, schema) in zip(rows, known.items(), strict=True):
        datasets = ", ".join(dataset for dataset, names in used.items() if name in names)
        table.add_row(name, plain(schema.title), str(row["fields"]), ", ".join(schema.spec.lists), plain(datasets))
    console.print(table)


def check() -> None:
    """Check schemas/*/schema.yaml and every dataset.yaml.

    Ends with an error that names the line at the first mistake.
    """
    project = find_project()
    known = load_schemas(project.root)
    used = _datasets(project, known)
    load_rules(project.evaluation_file)  # what schemas say under `compare`
    for pattern in ("*.yaml", "*.yml", "*/schema.yml"):
        for path in (project.root / FOLDER).glob(pattern):
            wrong = plain(project.relative(path))
            raise ConfigurationError(f"{wrong} is ignored: a schema is a file {FOLDER}/NAME/{SCHEMA_FILE}.")
    for name, schema in known.items():
        if name != INVOICE_NAME:
            columns = sum(len(entry.columns) for entry in schema.spec.lists.values())
            parts = f"{counted(len(schema.spec.fields), 'field')}, {counted(len(schema.spec.lists), 'list')}"
            console.print(
                f"{name}: {parts} with {counted(columns, 'column')}, {counted(len(schema.spec.constraints), 'constraint')}"
            )
    for dataset, names in used.items():
        if names != [INVOICE_NAME]:
            console.print(f"Data set {plain(dataset)}: {', '.join(names)}")
    own = [name for name in known if name != INVOICE_NAME]
    console.print("All are valid." if own else f"No schemas in {FOLDER}/: every document is an invoice or receipt.")


def convert(
    source: Annotated[str, typer.Argument(metavar="FILE|MODULE:MODEL", help="A JSON schema, or a pydantic model.")],
    name: Annotated[str | None, typer.Option(help="Name of the schema. Default: made of its title.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a schema of this name.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print it; write nothing.")] = False,
) -> None:
    """Convert a JSON schema or a pydantic model to schemas/NAME/schema.yaml.

    Kinds that types do not tell (money, name, address) are guessed from names and listed: correct them in the file.
    """
    import yaml

    content = _json_schema(source)
    title = content.get("title") if isinstance(content.get("title"), str) else None
    chosen = name or snake_case(title or Path(source.rpartition(":")[2]).stem)
    converted = convert_json_schema(content, title or chosen.replace("_", " ").capitalize())
    text = yaml.safe_dump(converted.content, sort_keys=False, allow_unicode=True, width=120)
    text = f"# Converted from {source.replace(chr(10), ' ')}. Kinds and keywords: docs/schemas.md.\n{text}"
    if show:
        typer.echo(text, nl=False)
        return
    project = find_project()
    path = project.root / FOLDER / chosen / SCHEMA_FILE
    before = path.read_text("utf-8") if path.is_file() else None
    if before is not None and not replace:
        raise ConfigurationError(f"There is a schema {chosen} already; choose another --name, or --replace it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, text)
    try:
        load_schema(path)
    except ConfigurationError:
        if before is None:
            path.unlink()
            path.parent.rmdir()
        else:
            write_durably(path, before)
        raise
    for note in converted.notes:
        console.print(plain(note), soft_wrap=True)
    console.print(f"Wrote {plain(project.relative(path))}.", soft_wrap=True)
    console.print(
        f"Next: [b]schema: {chosen}[/] in data/documents/DATASET/dataset.yaml, then [b]ocr-pipeline schema check[/]",
        soft_wrap=True,
    )


def _datasets(project: Project, known: dict[str, DocumentSchema]) -> dict[str, list[str]]:
    """The schemas of each data set with a `dataset.yaml`."""
    found = {}
    for file in sorted([*project.data.glob(f"demo/{DATASET_FILE}"), *project.data.glob(f"documents/*/{DATASET_FILE}")]):
        chosen = dataset_schemas(file.parent, known)
        names = [schema.name for schema in (*chosen.allowed, *chosen.patterns.values())] if chosen else []
        found[file.parent.name] = list(dict.fromkeys(names))
    return found


def _json_schema(source: str) -> Tree:
    """The JSON schema of a file, or of a pydantic model.

    Raises:
        ConfigurationError: it cannot be loaded.
    """
    path = Path(source)
    if path.suffix == ".json" or path.is_file():
        try:
            content = json.loads(path.read_bytes())
        except OSError as error:
            raise ConfigurationError(f"{source} cannot be read: {error.strerror}.") from None
        except (ValueError, RecursionError):
            raise ConfigurationError(f"{source} is not valid JSON.") from None
        if not isinstance(content, dict):
            raise ConfigurationError(f"{source} is not a JSON schema: it must be an object.")
        return content
    module_name, colon, model_name = source.partition(":")
    if not colon:
        raise ConfigurationError(f"{source} is not a file; a pydantic model is written as module:Model.")
    sys.path.insert(0, str(Path.cwd()))
    try:
        model = getattr(importlib.import_module(module_name), model_name, None)
    except Exception as error:  # noqa: BLE001 - whatever a user's own module raises while it is imported
        raise ConfigurationError(f"{module_name} cannot be imported: {error}.") from None
    finally:
        sys.path.pop(0)
    describe = getattr(model, "model_json_schema", None)
    if not callable(describe):
        raise ConfigurationError(f"{source} is not a pydantic model.")
    try:
        made: Tree = describe()
    except PydanticUserError as error:
        raise ConfigurationError(f"{source} has no JSON schema: {error.message}") from None
    return made
