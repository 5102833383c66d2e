"""The values of a document by the keywords of its schema: candidates of each field, the choice, and the rows of its lists."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.document_schema.spec import FieldSpec
from ocr_pipeline.extraction.rules.candidates import Candidate, Choice, choose
from ocr_pipeline.extraction.rules.capped import capped
from ocr_pipeline.extraction.rules.fields import origins
from ocr_pipeline.extraction.rules.keyed import phrases, rows
from ocr_pipeline.extraction.rules.keyed.phrases import Phrases
from ocr_pipeline.extraction.rules.keyed.regions import regions
from ocr_pipeline.extraction.rules.keyed.values import options_in, values_in
from ocr_pipeline.extraction.rules.reading import Reading, read
from ocr_pipeline.extraction.rules.result import Result
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, OcrText

VERSION = 1
"""Raise it with every code change that can change a result for an own schema."""

WEIGHTS = {
    "keyword": 2.0,
    "keyword_letters": 0.5,
    "beside": 0.6,
    "below": 0.2,
    "near": 0.6,
    "fit": 1.5,
    "high_on_page": 0.1,
    "unlabelled": 0.8,
    "invoice_rule": 0.4,
    "invoice_rank": -0.4,
}
AT_LEAST = 0.9
_SURE, _LESS_SURE, _UNSURE = 0.9, 0.75, 0.5
"""Confidence of a value with a keyword and a fitting form, with a keyword, and without one. Not calibrated: there are no
labels of other schemas to learn it from."""
_MAX_RIVALS_LEAD = 0.4

Rechoose = Callable[[str, Choice[Any], Reading], Choice[Any]]
"""Field, choice of the rules and reading -> another choice among the same candidates."""


InvoiceChoices = Callable[[Reading], Mapping[str, Choice[Any]]]
"""What the rules for invoices choose on a page; they also find what other documents share with invoices."""


def extract_document(
    text: OcrText,
    schema: DocumentSchema,
    of_invoice: InvoiceChoices,
    rechoose: Rechoose = lambda name, choice, reading: choice,
) -> Extraction:
    """Extract the fields of a document of an own schema from its words. `rechoose` decides every single-valued field last."""
    text, left_out = capped(text)
    reading = read(text)
    found = phrases.find(reading.rows, schema)
    result = Result(list(text.words()), model=schema.model)
    for name, choice in choices(reading, schema, of_invoice, found).items():
        result.add_choice(name, rechoose(name, choice, reading))
    for name in schema.spec.lists:
        for row in rows.find(reading, found, schema, name):
            valid = {
                column: cell for column, cell in row.cells.items() if _is_valid_cell(schema, name, column, cell[0])
            }
            if valid:
                result.add_row(name, valid)
    return result.extraction([left_out] if left_out else [], origins.stored(reading, None))


def choices(
    reading: Reading, schema: DocumentSchema, of_invoice: InvoiceChoices, found: Phrases | None = None
) -> dict[str, Choice[Any]]:
    """For each single-valued field of the schema, its candidates with features and scores, and the chosen one."""
    if found is None:
        found = phrases.find(reading.rows, schema)
    shared = [name for name, kind in schema.field_kinds.items() if FIELD_KINDS.get(name) == kind]
    by_invoice_rules = of_invoice(reading) if shared else {}
    made = {}
    for name, field in schema.spec.fields.items():
        candidates = [
            candidate
            for candidate in (
                *_by_keyword(name, field, reading, found),
                *_of_options(field, reading),
                *_of_invoice(by_invoice_rules[name] if name in shared else None),
            )
            if schema.is_valid(name, candidate.value)
        ]
        choice = choose(candidates, WEIGHTS, AT_LEAST)
        made[name] = Choice(choice.ranked, choice.chosen, _confidence(choice))
    return made


def _by_keyword(name: str, field: FieldSpec, reading: Reading, found: Phrases) -> Iterator[Candidate[Any]]:
    """The values right of and below each keyword of the field."""
    for of_row in found.values():
        for phrase in of_row:
            if name not in phrase.paths:
                continue
            for region in regions(reading, found, phrase):
                for place, value in enumerate(values_in(region, field, reading)):
                    features = {
                        "keyword": phrase.score,
                        "keyword_letters": min(phrase.letters / 16, 1.0),
                        "beside": float(region.where == "right"),
                        "below": float(region.where == "below"),
                        "near": max(0.0, 1 - region.gap / 0.4) / (1 + place),
                        "fit": value.fit,
                        "high_on_page": 1 - value.span.y / reading.layout.height,
                    }
                    yield Candidate(value.value, value.span, features, value.correction)


def _of_options(field: FieldSpec, reading: Reading) -> Iterator[Candidate[Any]]:
    """Names of options anywhere on the page: titles and stamps have no keyword."""
    if not field.options:
        return
    for row in reading.rows:
        for value in options_in(row.words, field):
            features = {"unlabelled": 1.0, "high_on_page": 1 - value.span.y / reading.layout.height}
            yield Candidate(value.value, value.span, features)


def _of_invoice(choice: Choice[Any] | None) -> Iterator[Candidate[Any]]:
    """The candidates of the rules for the field of an invoice that has the same name and kind."""
    for rank, entry in enumerate(choice.ranked[:5] if choice else ()):
        is_chosen = choice is not None and choice.chosen is entry
        if is_chosen or rank:
            features = {"unlabelled": 1.0, "invoice_rule": float(is_chosen), "invoice_rank": float(rank)}
            yield Candidate(entry.value, entry.candidate.span, features, entry.candidate.correction)


def _confidence(choice: Choice[Any]) -> float | None:
    chosen = choice.chosen
    if chosen is None:
        return None
    features = chosen.candidate.features
    if not features.get("keyword"):
        return _UNSURE
    rivals = [
        entry.score
        for entry in choice.ranked
        if entry.value != chosen.value and entry.candidate.features.get("keyword")
    ]
    if rivals and chosen.score - rivals[0] < _MAX_RIVALS_LEAD:
        return _UNSURE
    fits = features["fit"] >= 0.8 and features["keyword"] == 1
    return _SURE if fits else _LESS_SURE


def _is_valid_cell(schema: DocumentSchema, name: str, column: str, value: object) -> bool:
    return schema.is_valid(name, [{column: value}])
