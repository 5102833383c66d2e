"""The model of `rapidocr+learned` in a study: trained on the train split alone, before any test receipt is read."""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.learned.model import load_model
from ocr_pipeline.schemas import Invoice, Label
from ocr_pipeline.study.words import text_of_lines
from ocr_pipeline.training.examples import Example
from ocr_pipeline.training.models import train_model, training_key
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.dates import parse_date


def train_receipts(folder: Path) -> Iterator[Example]:
    """The receipts of `sroie-train-words`: words/<id>.json and key/<id>.json. Copies, by their words, share a group."""
    for path in sorted((folder / "words").glob("*.json")):
        content = path.read_bytes()
        text, key = text_of_lines(json.loads(content)), json.loads((folder / "key" / path.name).read_text("utf-8-sig"))
        values = {
            "supplier_name": key.get("company"),
            "supplier_address": key.get("address"),
            "invoice_date": parse_date(key.get("date", "").strip("()"), day_first=True),
            "total_amount": parse_amount(key.get("total", ""), decimal_separator="."),
        }
        label = Label(invoice=Invoice.model_validate({name: value for name, value in values.items() if value}))
        words = sha256(" ".join(word.text for word in text.words()).encode()).hexdigest()[:16]
        yield Example(path.stem, words, text, label, sha256(content).hexdigest()[:16])


def trained_model(examples: Sequence[Example], engine: str, path: Path) -> Path:
    """The model file, trained unless it is there and still the one that these receipts give."""
    wanted = training_key(
        {example.document_id: example.key for example in examples},
        {example.document_id: example.label for example in examples},
        {example.document_id: example.group for example in examples},
    )
    model, _ = load_model(path)
    if model is None or model.training != wanted:
        model = train_model(examples, engine)
        if model is None:
            raise ConfigurationError(f"{len(examples)} labelled receipts are too few to train a model for the study.")
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path)
    return path
