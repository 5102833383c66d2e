"""An engine for benchmarks: the transcript beside a page, with a share of its letters misread, the same ones each time."""

import random
from typing import Any

from pydantic import BaseModel

from ocr_pipeline.documents.pages import Document
from ocr_pipeline.documents.transcripts import load_transcript
from ocr_pipeline.ocr.base import OcrEngine
from ocr_pipeline.schemas import OcrPage, Word

LOOKS_LIKE = {"0": "O", "1": "l", "5": "S", "8": "B", "a": "o", "e": "c", "m": "rn", "n": "u", "A": "4", "E": "F"}


class SlippingEngine(BaseModel, OcrEngine):
    """`share`: of the letters that look like others."""

    share: float = 0.01

    def fingerprint(self) -> dict[str, Any]:
        return {"engine": "slipping", "share": self.share}

    def read(self, document: Document) -> list[OcrPage]:
        assert document.path is not None
        pages = load_transcript(document.path, document.page_range).pages
        chance = random.Random(f"{document.path.name} {self.share}")
        return [page.model_copy(update={"words": [self._read(word, chance) for word in page.words]}) for page in pages]

    def _read(self, word: Word, chance: random.Random) -> Word:
        text = "".join(
            LOOKS_LIKE.get(letter, letter) if chance.random() < self.share else letter for letter in word.text
        )
        sure = 0.97 if text == word.text else 0.8
        return word.model_copy(update={"text": text, "confidence": sure - chance.random() / 5})
