"""The extractor `learned`: candidates of the rules, chosen by rankers trained on your own labels."""

import ctypes
import glob
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from importlib.util import find_spec
from itertools import compress
from pathlib import Path
from typing import Any, get_args

from ocr_pipeline.components import Capabilities
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.extraction.base import ExtractionInput, TrainedExtractor
from ocr_pipeline.extraction.learned.known import Known
from ocr_pipeline.extraction.learned.model import SCHEMA, By, Model, Split, load_model
from ocr_pipeline.extraction.learned.ranker import Ranker, rules_shares
from ocr_pipeline.extraction.learned.rows import kind_of, row_features
from ocr_pipeline.extraction.learned.values import Value, region_of, values_of, widened
from ocr_pipeline.extraction.learned.vendors import printed_lines
from ocr_pipeline.extraction.rules import extractor as rules
from ocr_pipeline.extraction.rules.candidates import Choice, Ranked
from ocr_pipeline.extraction.rules.fields.items import Item
from ocr_pipeline.extraction.rules.keyed import extractor as keyed
from ocr_pipeline.extraction.rules.reading import Reading, learned_words
from ocr_pipeline.installing import install_command
from ocr_pipeline.schemas import Extraction, OcrText

VERSION = 7
LEXICON = "vendor lexicon"


class LearnedExtractor(TrainedExtractor):
    """Rankers over candidates. A training document uses the model of its fold, which was trained without it; with
    `folds: vendor` a model trained without its vendor, which shows what to expect of new vendors.

    Fields without a model are left to the rules, and all fields while nothing was learned yet, or on a new vendor of a
    country without labels. On new vendors of other countries the rankers count as far as cross-validation by vendor says.
    """

    id = "learned"

    def __init__(self, folds: By = "document", model: str | None = None) -> None:
        """`model`: a model file made elsewhere. It is used as it is and never trained on the labels of this project."""
        if folds not in get_args(By):
            raise ValueError(f"folds must be one of {', '.join(get_args(By))}")
        if model is not None and not Path(model).is_file():
            raise ValueError(f"model: there is no file {model}")
        self._by = folds
        self._fixed = Path(model) if model else None
        self._model: Model | None = None
        self._fingerprint: str | None = None
        self._own: dict[str, tuple[Model, str]] = {}
        self._rules = rules.RulesExtractor()

    @property
    def families(self) -> frozenset[str]:
        """It ranks the candidates of the rules."""
        return frozenset({self.id, *self._rules.families})

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            requires="words", learns=self._fixed is None, calibrated=True, knows_own=True, schemas="any"
        )

    def use_keywords(self, path: Path) -> None:
        self._rules.use_keywords(path)

    def use(self, path: Path) -> None:
        """Load the current models: that of invoices, or the fixed one, and those of other schemas, which lie beside it."""
        self._model, self._fingerprint = load_model(self._fixed or path)
        self._own = {}
        for file in sorted(path.parent.glob(f"{glob.escape(path.stem)}@*.json")) if self._fixed is None else ():
            model, fingerprint = load_model(file)
            if model is not None and fingerprint is not None:
                self._own[file.stem.rpartition("@")[2]] = model, fingerprint

    def unavailable(self) -> str | None:
        if find_spec("lightgbm") is None:
            return f"the package lightgbm is not installed: {install_command('lightgbm>=4.6,<5')}"
        if not _has_openmp():
            return "LightGBM needs the system's OpenMP library (Debian: apt install libgomp1)"
        if self._fixed and self._model is None:
            return f"its model file {self._fixed.name} was made by another version: train it again"
        return None

    def fingerprint(self) -> dict[str, object]:
        self._rules.own = self.own
        rules_fingerprint = self._rules.fingerprint()
        return {
            "name": "learned",
            "version": VERSION,
            "schema": SCHEMA,
            "folds": self._by,
            "rules": rules_fingerprint,
            "model": self._fingerprint,
        }

    def input_of(self, document_id: str, key: str) -> str:
        """The words, and the fold of the ranker: one of two copies may be labelled and the other not."""
        fold = self._model.fold_of[self._by].get(document_id) if self._model else None
        own = (model.fold_of[self._by].get(document_id) for model, _ in self._own.values())
        fold = next((found for found in own if found is not None), None) if fold is None else fold
        return f"{key}:fold={fold}" if self._model or fold is not None else key

    def schema_key(self, schema: DocumentSchema) -> str:
        """What the rules use of it, and the model of its documents."""
        model = self._own.get(schema.name)
        return f"{self._rules.schema_key(schema)}:{model[1] if model else None}"

    def extract(self, document: ExtractionInput) -> Extraction:
        with learned_words.active(self._rules.learned):
            return self._extract(document)

    def _extract(self, document: ExtractionInput) -> Extraction:
        assert document.text is not None  # what `requires` asserts
        if not document.schema.is_invoice:
            return self._extract_own(document.document_id, document.text, document.schema)
        model = self._model
        if model is None:
            return rules.extract_text(document.text, own=self.own)
        fold = model.fold_of[self._by].get(document.document_id)

        known: dict[str, bool] = {}
        suppliers: list[Choice[Any]] = []

        def covers_vendor(reading: Reading) -> bool:
            if "vendor" not in known:
                known["vendor"] = model.covers_vendor(printed_lines(reading), fold, self._by)
            return known["vendor"]

        def rechoose(name: str, choice: Choice[Any], reading: Reading) -> Choice[Any]:
            if name == "supplier_name":
                suppliers.append(choice)
            if choice.chosen is not None and choice.chosen.candidate.features.get("own_company"):
                return choice
            field, region = model.fields.get(name), region_of(reading)
            split = field.splits.get(self._by) if field else None
            if field is None or split is None:
                return choice
            if covers_vendor(reading):
                trust = field.trust
            else:
                trust = field.trust_unseen if model.covers_region(region, fold, self._by) else 0.0
            if not trust:
                return _corrected(choice, split.known(fold))
            ranker = field.ranker if fold is None else split.rankers[fold]
            values = values_of(widened(name, choice, reading, suppliers[0]), reading)
            return _learned(choice, values, ranker, trust, split, fold, region)

        def keep(sold: Sequence[Item], reading: Reading) -> Sequence[Item]:
            learned = model.rows.get(kind_of(reading)) if model.rows else None
            rows = learned.of(fold, self._by) if learned else None
            return sold if rows is None else list(compress(sold, rows.kept(row_features(sold, reading))))

        return rules.extract_text(document.text, rechoose, keep, self.own)

    def _extract_own(self, document_id: str, text: OcrText, schema: DocumentSchema) -> Extraction:
        """A document of another schema: its fields by the model that was trained on its labels, its lists by the rules."""
        of_invoice = partial(rules.invoice_choices, company=self.own)
        model = self._own[schema.name][0] if schema.name in self._own else None
        if model is None:
            return keyed.extract_document(text, schema, of_invoice)
        fold = model.fold_of[self._by].get(document_id)

        def rechoose(name: str, choice: Choice[Any], reading: Reading) -> Choice[Any]:
            field, region = model.fields.get(name), region_of(reading)
            split = field.splits.get(self._by) if field else None
            if field is None or split is None:
                return choice
            trust = field.trust if model.covers_vendor(printed_lines(reading), fold, self._by) else field.trust_unseen
            if not trust:
                return _corrected(choice, split.known(fold))
            ranker = field.ranker if fold is None else split.rankers[fold]
            return _learned(choice, values_of(choice, reading), ranker, trust, split, fold, region)

        return keyed.extract_document(text, schema, of_invoice, rechoose)


def _learned(
    choice: Choice[Any],
    values: Sequence[Value],
    ranker: Ranker,
    trust: float,
    split: Split,
    fold: int | None,
    region: str,
) -> Choice[Any]:
    """The values by score of the rankers, highest first, and the best one if it reaches the threshold of the field."""
    if not values:
        return choice
    rows = split.known(fold).rows(values)
    models, by_rules = ranker.own_scores(rows), rules_shares(rows)
    own, scores = ranker.mixed(models, by_rules, 1.0), ranker.mixed(models, by_rules, trust)
    order = sorted(range(len(values)), key=lambda index: -scores[index])
    ranked = [
        Ranked(values[index].entry.candidate, float(scores[index]), f"learned; {values[index].entry.reason}")
        for index in order
    ]
    best = ranked[0]
    threshold = split.threshold(fold, region)
    # Thresholds and curves are about the rankers' own scores.
    score = float(own[order[0]])
    if choice.chosen is None if threshold is None else score < threshold:
        return Choice(ranked, None)
    found = Choice(ranked, best, sure=split.confidence(score, fold, region))
    return _corrected(found, split.known(fold))


def _corrected(choice: Choice[Any], known: Known) -> Choice[Any]:
    """The choice with the chosen text as labels spell it, if it is a misreading of that."""
    best = choice.chosen
    if best is None or (spelled := known.corrected(str(best.value))) is None:
        return choice
    better = replace(best, candidate=replace(best.candidate, value=spelled, correction=LEXICON))
    return replace(choice, ranked=[better if entry is best else entry for entry in choice.ranked], chosen=better)


@cache
def _has_openmp() -> bool:
    """The wheel of LightGBM for Linux does not bring the library, and slim images of Debian do not have it."""
    if sys.platform != "linux":
        return True
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return False
    return True
