"""The second part: Gemini 2.5 Flash, GPT-4o mini and Claude Sonnet 4 as recorded on CORD receipts, and ours beside them.

Most of these receipts ship as words without a picture, so they are no documents of a project: words, predictions and labels
are scored directly, by the same extractors, mapping and scorer. The recorded systems looked at the picture and answered
another prompt and schema than ours; no ranking goes across the two parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import yaml

from ocr_pipeline.documents.importers.cord import label_of_parse
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_document
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.external.extractor import External
from ocr_pipeline.extraction.external.mapping import document_of, map_row
from ocr_pipeline.extraction.external.strict_json import parse
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.schemas import Extraction, Invoice, Label, OcrText
from ocr_pipeline.study.training import trained_model
from ocr_pipeline.study.words import Json, json_rows, text_of_cord
from ocr_pipeline.training.examples import Example

SETTINGS = Path(__file__).with_name("cord.yaml")
LEARNED_FROM = range(20, 250)
"""Receipts that our extractors were developed on and learn from; all figures about learning are on the others."""

MISSING = (
    "{folder} is not there: the second part needs labels.jsonl and words.jsonl of CORD's train split (CC-BY-4.0, CORD), and"
    " as predictions/*.jsonl the answers recorded in github.com/justinseger015-ctrl/ai-that-works, commit fd99853,"
    " 2025-12-02-multimodal-evals (no licence stated: for measuring only). Name the folder that holds cord-recorded with"
    " --data, or leave this part out with --part receipts."
)


@dataclass(frozen=True)
class Receipt:
    """A receipt with its words as typed by people. `seen`: rules were written with a look at it, and models learn from it."""

    document_id: str
    label: Label
    text: OcrText
    image: Path | None

    @property
    def seen(self) -> bool:
        return int(self.document_id.rpartition("_")[2]) in LEARNED_FROM


Answers = Mapping[str, Extraction]
"""By document. A document that is not in it was not asked; one that failed has an empty extraction."""


def check_layout(folder: Path) -> None:
    """Stop before anything is done.

    Raises:
        ConfigurationError: labels or words are not there; the sentence says where the data comes from.
    """
    if not (folder / "labels.jsonl").is_file() or not (folder / "words.jsonl").is_file():
        raise ConfigurationError(MISSING.format(folder=folder))


def load_receipts(folder: Path) -> list[Receipt]:
    """All receipts with their labels: total and tax as CORD's annotators typed them, line items of `gt_parse`.

    Raises:
        ConfigurationError: the folder is not there; the sentence says where the data comes from.
    """
    check_layout(folder)
    labels = {row["doc_id"]: row for row in json_rows(folder / "labels.jsonl")}
    receipts = []
    for row in json_rows(folder / "words.jsonl"):
        key = row["doc_id"]
        [page] = text_of_cord(row).pages
        text = OcrText(pages=[page.model_copy(update={"words": arrange(page.words, page.height / page.width)})])
        image = folder / (labels[key]["image"] or "no picture")
        receipts.append(Receipt(key, label_of(labels[key]), text, image if image.is_file() else None))
    return receipts


def label_of(row: Json) -> Label:
    parsed, _ = label_of_parse(row["gt_parse"], "train", row["doc_id"])
    items = parsed.invoice.line_items if parsed else []
    amounts = {"total_amount": row["amounts"].get("total"), "total_tax_amount": row["amounts"].get("tax")}
    known = {name: Decimal(str(value)) for name, value in amounts.items() if value is not None}
    return Label(invoice=Invoice.model_validate({**known, **({"line_items": items} if items else {})}))


def recorded(folder: Path) -> dict[str, Answers]:
    """The answers of the recorded systems whose file is there."""
    systems = yaml.safe_load(SETTINGS.read_text("utf-8"))["systems"]
    return {
        f"{name} (recorded)": dict(_answers(folder / "predictions" / system["file"], External(**system["options"])))
        for name, system in systems.items()
        if (folder / "predictions" / system["file"]).is_file()
    }


def _answers(path: Path, external: External) -> Iterator[tuple[str, Extraction]]:
    for line in path.read_text("utf-8").splitlines():
        row = parse(line)
        name = document_of(row, external.mapping) if isinstance(row, dict) else None
        if name is None:
            raise ConfigurationError(f"{path.name}: a line names no receipt.")
        yield name, map_row(row, external.mapping).extraction


def answered_by(extractor: Extractor, texts: Mapping[str, OcrText]) -> Answers:
    """What an extractor gives for the words of each receipt."""
    return {
        key: extractor.extract(ExtractionInput(document_id=f"judged-{key}", open=_no_page, text=text))
        for key, text in texts.items()
    }


def _no_page() -> Document:
    raise AssertionError("these extractors read words alone")


def learned(receipts: Sequence[Receipt], root: Path) -> Extractor:
    """The extractor `learned`, trained on the receipts that may be learned from."""
    from ocr_pipeline.extraction.learned.extractor import LearnedExtractor

    examples = [
        Example(receipt.document_id, receipt.document_id, receipt.text, receipt.label, _hash(receipt.text))
        for receipt in receipts
        if receipt.seen
    ]
    path = trained_model(examples, "oracle", root / "data" / "models" / "cord-recorded.json")
    extractor = LearnedExtractor(model=str(path))
    extractor.use(path)
    return extractor


def _hash(text: OcrText) -> str:
    return sha256(text.model_dump_json().encode()).hexdigest()[:16]


def read_pictures(receipts: Sequence[Receipt], cache: Path) -> dict[str, OcrText]:
    """What RapidOCR recognises on the receipts that have a picture, kept in `cache` by engine and content."""
    from ocr_pipeline.components import fingerprint_of
    from ocr_pipeline.ocr.rapidocr import RapidOcr

    engine, texts = RapidOcr(), {}
    for receipt in receipts:
        if receipt.image is None:
            continue
        content = receipt.image.read_bytes()
        kept = cache / f"{sha256(fingerprint_of(engine).encode() + content).hexdigest()}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(OcrText(pages=engine.read(open_document(content, Limits()))).model_dump_json(), "utf-8")
        texts[receipt.document_id] = OcrText.model_validate_json(kept.read_bytes())
    return texts
