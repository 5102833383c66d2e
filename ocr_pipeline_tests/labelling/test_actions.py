"""What labelling costs: clicks, drags and keys over ten real receipts, until their labels equal the published ones."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rapidfuzz.distance import Levenshtein

from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.importers import import_sroie
from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.evaluation.scoring.document import score_document
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.labelling.session import Session
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, Invoice, Label, Word
from ocr_pipeline.study.words import text_of_lines
from ocr_pipeline.values.names import normalise_name
from ocr_pipeline_tests.labelling.conftest import Served, serving
from ocr_pipeline_tests.labelling.shop import Shop, empty_shop, store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DATA = Path(__file__).parents[3] / "shared" / "data"
RECEIPTS = 10
MAX_ACTIONS = 6.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA / "sroie").is_dir(), reason="../shared/data/sroie is not there"),
]


def is_right(field: str, value: str, truth: Label) -> bool:
    """By the project's own comparison."""
    found = Extraction(invoice=Invoice.model_validate({field: value}))
    return next(score for score in score_document(truth, found) if score.field == field).outcome == "correct"


@dataclass
class Person:
    """Does what a person would do on the page, and counts it: a click, a drag and a key are one action each."""

    page: "Page"
    words: Sequence[Word]
    actions: int = 0

    def key(self, name: str) -> None:
        self.page.keyboard.press(name)
        self.actions += 1

    def value(self, field: str) -> str:
        return self.page.locator(f"#f-{field}").input_value()

    def correct(self, field: str, truth: Label) -> None:
        """Choose the field by its key, drag over the words that come closest, and type what is still wrong."""
        from playwright.sync_api import expect

        wanted = str(getattr(truth.invoice, field))
        row = self.page.locator(f"[data-field={field}]")
        self.key(row.get_attribute("data-shortcut") or "")
        first, last = self._closest(field, wanted)
        before = self.value(field)
        closest = " ".join(word.text for word in self.words[first : last + 1])
        if normalise_name(closest) != normalise_name(before):
            self._drag([word.box for word in self.words[first : last + 1]])
            expect(self.page.locator(f"#f-{field}")).not_to_have_value(before)
        if not is_right(field, self.value(field), truth):
            self._retype(field, wanted)

    def _closest(self, field: str, wanted: str) -> tuple[int, int]:
        """The run of words whose letters and digits are the most alike."""
        target = normalise_name(wanted) or ""
        runs = [
            (first, last) for first in range(len(self.words)) for last in range(first, min(first + 24, len(self.words)))
        ]

        def distance(run: tuple[int, int]) -> int:
            text = normalise_name(" ".join(word.text for word in self.words[run[0] : run[1] + 1])) or ""
            return Levenshtein.distance(text, target)

        if FIELD_KINDS[field] == "money":
            return next(
                (run for run in runs if run[0] == run[1] and wanted in self.words[run[0]].text), min(runs, key=distance)
            )
        return min(runs, key=distance)

    def _drag(self, boxes: Sequence[Sequence[float]]) -> None:
        image = self.page.locator("figure.page svg").bounding_box()
        assert image is not None
        left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
        right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
        place = self.page.locator("figure.page svg")
        self.page.locator("#pages").evaluate(
            "(pages, y) => { pages.scrollTop = y; }", max(0, top * image["height"] - 100)
        )
        image = place.bounding_box()
        assert image is not None
        at: Callable[[float, float], tuple[float, float]] = lambda x, y: (  # noqa: E731
            image["x"] + x * image["width"],
            image["y"] + y * image["height"],
        )
        self.page.mouse.move(*at(max(0.0, left - 0.005), max(0.0, top - 0.002)))
        self.page.mouse.down()
        self.page.mouse.move(*at(min(1.0, right + 0.005), min(1.0, bottom + 0.002)), steps=2)
        self.page.mouse.up()
        self.actions += 1

    def _retype(self, field: str, wanted: str) -> None:
        """Place the caret with a click at each run of wrong characters, delete them and type the right ones."""
        given = self.value(field)
        box = self.page.locator(f"#f-{field}")
        for edit in reversed(list(Levenshtein.opcodes(given.casefold(), wanted.casefold()))):
            start, end, to, until = edit.src_start, edit.src_end, edit.dest_start, edit.dest_end
            same = (normalise_name(given[start:end]) or "") == (normalise_name(wanted[to:until]) or "")
            if edit.tag == "equal" or same:
                continue
            box.evaluate("(input, at) => { input.focus(); input.setSelectionRange(at, at); }", end)
            self.actions += 1
            for _ in range(end - start):
                self.key("Backspace")
            for character in wanted[to:until]:
                self.page.keyboard.insert_text(character)
                self.actions += 1
        self.key("Enter")  # the form has the focus again


@pytest.fixture
def receipts(tmp_path: Path) -> tuple[Shop, dict[str, Label]]:
    """Every twelfth of the 120 receipts, without labels, with RapidOCR's words and what the rules read; and their labels."""
    chosen = sorted((DATA / "sroie" / "img").iterdir())[::12][:RECEIPTS]
    for folder, suffix in (("img", ".jpg"), ("key", ".json")):
        (tmp_path / "sroie" / folder).mkdir(parents=True)
        for path in chosen:
            shutil.copy(DATA / "sroie" / folder / f"{path.stem}{suffix}", tmp_path / "sroie" / folder)
    shop, truth = empty_shop(tmp_path / "project"), {}
    documents = shop.project.data / "documents"
    assert import_sroie(tmp_path / "sroie", documents).labelled == RECEIPTS
    for path in chosen:
        key = next(found.document_id for found in find_documents(shop.project.data) if found.path.stem == path.stem)
        [file] = (documents / "sroie").glob(f"{path.stem}*.json")
        truth[key], _ = load_label(file)
        file.unlink()
        text = text_of_lines(
            json.loads((DATA / "sroie-train-words" / "words" / f"{path.stem}.json").read_text("utf-8"))
        )
        store(shop, key, text, [extract_text(text)])
    return shop, truth


def test_ten_receipts_cost_at_most_six_actions_each(
    receipts: tuple[Shop, dict[str, Label]], browser: "Browser", record_property: Callable[[str, object], None]
) -> None:
    shop, truth = receipts
    fields = tuple(next(iter(truth.values())).labelled_fields)
    serving_it = serving(Session(shop.project, shop.warehouse, fields=fields), browser)
    served: Served = next(serving_it)
    page = served.window()
    page.goto(f"{served.url}/next")
    costs: dict[str, int] = {}
    for _ in truth:
        key = page.url.rpartition("/")[2]
        words = json.loads(page.locator("#data").text_content() or "")["engines"]["pdf-text"]
        boxed = [Word(text=word[5], box=tuple(word[1:5]), confidence=word[6], page=1, line=0) for word in words]
        person = Person(page, boxed)
        for field in truth[key].labelled_fields:
            if not is_right(field, person.value(field), truth[key]):
                person.correct(field, truth[key])
        person.key("Enter")
        page.wait_for_url(lambda url, key=key: not url.endswith(key))  # type: ignore[misc]
        costs[key] = person.actions
    next(serving_it, None)
    for key, label in truth.items():
        image = next(found.path for found in find_documents(shop.project.data) if found.document_id == key)
        [file] = image.parent.glob(f"{image.stem}*.json")
        saved = load_label(file)[0]
        assert saved.labelled_fields == label.labelled_fields
        assert {score.outcome for score in score_document(label, Extraction(invoice=saved.invoice))} == {"correct"}
    mean = sum(costs.values()) / len(costs)
    record_property("actions", costs)
    print(f"{mean:.1f} actions per receipt: {costs}")
    assert mean <= MAX_ACTIONS
    assert 1 in costs.values(), "what was read right is confirmed with one key"
