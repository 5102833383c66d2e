"""Engines and extractors for tests: real implementations of the contracts, small enough to be exact and fast."""

import os
import re
import signal
import time
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from ocr_pipeline.components import Capabilities
from ocr_pipeline.documents.pages import Document
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.ocr.base import OcrEngine
from ocr_pipeline.schemas import Evidence, Extraction, Invoice, LineItem, OcrPage, Word


class PixelEngine(BaseModel, OcrEngine):
    """Reads one word per page: the size of the page image. Appends to `log` each time it really reads."""

    log: str | None = None
    version: int = 1
    seconds: float = 0.0

    def fingerprint(self) -> dict[str, Any]:
        return {"engine": "pixel", "version": self.version}

    def read(self, document: Document) -> list[OcrPage]:
        time.sleep(self.seconds)
        if self.log:
            with Path(self.log).open("a") as file:
                file.write(f"{document.pages[0].width}x{document.pages[0].height}\n")
        return [
            OcrPage(
                page=page.number,
                width=page.width,
                height=page.height,
                words=[
                    Word(text=f"{page.width}.00", box=(0.1, 0.1, 0.2, 0.2), confidence=0.9, page=page.number, line=0)
                ],
                seconds=0.1,
            )
            for page in document.pages
        ]


class TurnedEngine(PixelEngine):
    """A `PixelEngine` that turns pages clockwise by 90 degrees to read them."""

    def read(self, document: Document) -> list[OcrPage]:
        [page] = super().read(document)
        words = [page.words[0].model_copy(update={"box": (0.1, 0.1, 0.3, 0.2)})]
        return [page.model_copy(update={"words": words, "rotation": 90, "width": page.height, "height": page.width})]


class TroubledEngine(PixelEngine):
    """A `PixelEngine` that has trouble with pages of certain widths, one kind of trouble each."""

    def read(self, document: Document) -> list[OcrPage]:
        result = super().read(document)
        match document.pages[0].width:
            case 661:
                raise ZeroDivisionError("SECRET")
            case 662:
                raise DocumentError("no_text_layer", "There is nothing to read.")
            case 663:
                os.kill(os.getpid(), signal.SIGKILL)
            case 664:
                raise ConfigurationError("The key is wrong.")
            case 666:
                re.match("(a+)+b", "a" * 60)  # holds the interpreter for good
        return result


class StallingEngine(PixelEngine):
    """A `PixelEngine` that never comes to an end; creates `marker` when it has begun, with its process id."""

    marker: str

    def read(self, document: Document) -> list[OcrPage]:
        _stall(self.marker)
        return super().read(document)


def _stall(marker: str) -> None:
    Path(f"{marker}.new").write_text(str(os.getpid()))
    Path(f"{marker}.new").rename(marker)
    time.sleep(3600)


class DecodingEngine(PixelEngine):
    """A `PixelEngine` that decodes every page."""

    def read(self, document: Document) -> list[OcrPage]:
        assert all(page.image().size for page in document.pages)
        return super().read(document)


class LoadingEngine(PixelEngine):
    """A `PixelEngine` with a model. Writes a line to `loads` each time it loads the model; the model is not pickled."""

    loads: str

    def read(self, document: Document) -> list[OcrPage]:
        assert self._model
        return super().read(document)

    @cached_property
    def _model(self) -> str:
        with Path(self.loads).open("a") as file:
            file.write(f"{os.getpid()}\n")
        return "model"

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"] = {key: value for key, value in state["__dict__"].items() if key != "_model"}
        return state


class FirstAmount(BaseModel, Extractor):
    """Takes the first amount of the text for the total. Documents without text fail."""

    version: int = 1

    def fingerprint(self) -> dict[str, Any]:
        return {"extractor": "first-amount", "version": self.version}

    def extract(self, document: ExtractionInput) -> Extraction:
        assert document.text is not None
        for word in document.text.words():
            if re.fullmatch(r"\d+\.\d\d", word.text):
                return Extraction(invoice=Invoice(total_amount=Decimal(word.text)), cost_usd=0.5)
        raise DocumentError("extraction_failed", "There is no amount in the text.")


class FirstAmountAndPlace(FirstAmount):
    """A `FirstAmount` that says where it stands."""

    def extract(self, document: ExtractionInput) -> Extraction:
        extraction = super().extract(document)
        assert document.text is not None
        word = next(word for word in document.text.words() if word.text == str(extraction.invoice.total_amount))
        place = Evidence(page=word.page, text=word.text, box=word.box, words=[0], method="first", score=1)
        return extraction.model_copy(update={"evidence": {"total_amount": place}})


class TroubledExtractor(FirstAmount):
    """A `FirstAmount` that breaks on 670.00, as a library can."""

    def extract(self, document: ExtractionInput) -> Extraction:
        extraction = super().extract(document)
        if extraction.invoice.total_amount == 670:
            raise ZeroDivisionError("SECRET")
        return extraction


class StallingExtractor(FirstAmount):
    """Never comes to an end; creates `marker` when it has begun, with its process id."""

    marker: str

    def extract(self, document: ExtractionInput) -> Extraction:
        _stall(self.marker)
        return super().extract(document)


class PageWidth(BaseModel, Extractor):
    """An extractor that looks at the page and needs no engine: the total is the width of the first page."""

    capabilities: ClassVar[Capabilities] = Capabilities(requires="pages")

    def fingerprint(self) -> dict[str, Any]:
        return {"extractor": "page-width"}

    def extract(self, document: ExtractionInput) -> Extraction:
        assert document.text is None
        return Extraction(invoice=Invoice(total_amount=Decimal(document.open().pages[0].width)))


class ReceiptOfTwo(BaseModel, Extractor):
    """Finds the same receipt on every page: a date with the text it was read from, and two line items."""

    def fingerprint(self) -> dict[str, Any]:
        return {"extractor": "receipt-of-two"}

    def extract(self, document: ExtractionInput) -> Extraction:
        items = [
            LineItem(description="Tea", amount=Decimal("2.10")),
            LineItem(description="Cake", amount=Decimal("4.80")),
        ]
        printed = Evidence(page=1, text="03/04/2026", box=(0, 0, 1, 1), words=[], method="fixed", score=1)
        return Extraction(
            invoice=Invoice(invoice_date=date(2026, 3, 4), total_amount=Decimal("6.92"), line_items=items),
            evidence={"invoice_date": printed},
        )


class Hostile(BaseModel, Extractor):
    """Gives what a hostile document or model could: markup, links, escape codes, formulas, a megabyte, turned writing."""

    def fingerprint(self) -> dict[str, Any]:
        return {"extractor": "hostile"}

    def extract(self, document: ExtractionInput) -> Extraction:
        return Extraction(
            invoice=Invoice(
                supplier_name="<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>",
                supplier_address="[click](javascript:alert(1)) \x1b[31mred\x1b[0m | cell",
                receiver_name="A" * 1_000_000,
                invoice_id='=HYPERLINK("http://evil.test","1")',
                purchase_order="\u202etxt.exe\u202c </script><script>window.hacked = 3</script>",
                line_items=[LineItem(description="=cmd|' /C calc'!A0 <b onmouseover=window.hacked=4>x</b>")],
            )
        )


class Asking(FirstAmount):
    """Declares a model and cannot be asked what it would send."""

    capabilities: ClassVar[Capabilities] = Capabilities(asks=Provider.model_validate({"name": "gemini"}))


class Learning(FirstAmount):
    """Declares that it learns, and cannot be told where its model is."""

    capabilities: ClassVar[Capabilities] = Capabilities(learns=True)


class SureOfEven(BaseModel, Extractor):
    """Takes the first amount of the text for the total, and is sure of even ones only."""

    def fingerprint(self) -> dict[str, Any]:
        return {"extractor": "sure-of-even"}

    def extract(self, document: ExtractionInput) -> Extraction:
        assert document.text is not None
        word = next(word for word in document.text.words() if re.fullmatch(r"\d+\.\d\d", word.text))
        score = 0.4 if int(Decimal(word.text)) % 2 else 0.95
        place = Evidence(page=1, text=word.text, box=word.box, words=[0], method="first", score=score)
        return Extraction(
            invoice=Invoice(total_amount=Decimal(word.text)), evidence={"total_amount": place}, cost_usd=0.5
        )


class Quoting(FirstAmount):
    """Fails with the text of the document in its message, as libraries do."""

    def extract(self, document: ExtractionInput) -> Extraction:
        assert document.text is not None
        raise ValueError(" ".join(word.text for word in document.text.words()))
