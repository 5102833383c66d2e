"""The extractor `learned`: the candidates of the rules, chosen by rankers that were trained on your own labels."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.learned.lexicon import ALIKE, corrected
from ocr_pipeline.extraction.learned.model import SCHEMA, FieldModel, Model, load_model
from ocr_pipeline.extraction.learned.values import Value, region_of, values_of
from ocr_pipeline.extraction.rules import extractor as rules
from ocr_pipeline.extraction.rules.candidates import Choice, Ranked
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.schemas import Extraction

VERSION = 3
LEXICON = "vendor lexicon"


class LearnedExtractor:
    """Rankers over candidates. A document that was learned from is read by the model of its fold, which has not seen it.

    Fields without a model, and documents while there is none at all, are left to the rules. `learns`: the pipeline trains a
    model for it, and says where it is.
    """

    learns = True

    def __init__(self) -> None:
        self._model: Model | None = None
        self._fingerprint: str | None = None

    def use(self, path: Path) -> None:
        """The model to read with, as it is now."""
        self._model, self._fingerprint = load_model(path)

    def unavailable(self) -> str | None:
        if find_spec("lightgbm") is None:
            return "the package lightgbm is not installed: pip install 'ocr_pipeline[learned]'"
        return None

    def fingerprint(self) -> dict[str, Any]:
        rules_too = rules.RulesExtractor().fingerprint()
        return {"name": "learned", "version": VERSION, "schema": SCHEMA, "rules": rules_too, "model": self._fingerprint}

    def input_of(self, document_id: str, key: str) -> str:
        """What a result is of: the words, and which ranker reads them. Of two copies one may be labelled and one not."""
        fold = self._model.fold_of.get(document_id) if self._model else None
        return f"{key}:fold={fold}" if self._model else key

    def extract(self, document: ExtractionInput) -> Extraction:
        if document.text is None:
            raise ConfigurationError(
                "The learned extractor needs an OCR engine: name one as `engine` of its backend in backends.yaml."
            )
        model = self._model
        if model is None:
            return rules.extract_text(document.text)
        fold = model.fold_of.get(document.document_id)

        def rechoose(name: str, choice: Choice[Any], seen: Reading) -> Choice[Any]:
            field = model.fields.get(name)
            if field is None:
                return choice
            values, region = values_of(choice, seen), region_of(seen)
            return _learned(name, choice, values=values, field=field, fold=fold, region=region)

        return rules.extract_text(document.text, rechoose)


def _learned(
    name: str, choice: Choice[Any], *, values: list[Value], field: FieldModel, fold: int | None, region: str
) -> Choice[Any]:
    """The values by falling score of the rankers, and the best one where its score reaches the threshold of the field."""
    if not values:
        return choice
    scores = field.ranker(fold).scores([value.facts for value in values])
    order = sorted(range(len(values)), key=lambda index: -scores[index])
    ranked = [
        Ranked(values[index].entry.candidate, float(scores[index]), f"learned; {values[index].entry.reason}")
        for index in order
    ]
    best = ranked[0]
    threshold = field.threshold(fold, region)
    if choice.chosen is None if threshold is None else best.score < threshold:
        return Choice(ranked, None)
    if name in ALIKE and (known := corrected(name, str(best.value), field.lexicon(fold))):
        best = ranked[0] = replace(best, candidate=replace(best.candidate, value=known, correction=LEXICON))
    return Choice(ranked, best, sure=field.confidence(best.score, fold, region))
