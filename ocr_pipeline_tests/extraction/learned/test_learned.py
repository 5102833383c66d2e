"""Learning from labels: what is learned, what is left to the rules, and that no model judges its own training documents."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.learned.extractor import LEXICON, LearnedExtractor
from ocr_pipeline.extraction.learned.lexicon import corrected, grow, labelled
from ocr_pipeline.extraction.learned.model import Model, load_model
from ocr_pipeline.extraction.learned.vendors import is_known, printed_lines, vendor_names
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.extraction.rules.fields import issue_dates
from ocr_pipeline.extraction.rules.reading import read as reading_of
from ocr_pipeline.schemas import Extraction, Invoice, Label
from ocr_pipeline.training.curves import MIN_LABELS_FOR_SILENCE
from ocr_pipeline.training.examples import Example, field_task, folds_of, sample_of, vendor_families
from ocr_pipeline.training.fields import how_far
from ocr_pipeline.training.models import MIN_LABELS, train_model, training_key
from ocr_pipeline.training.promotion import with_copies, worse_fields
from ocr_pipeline.training.rankers import out_of_fold
from ocr_pipeline_tests.evaluation.words import text_of
from ocr_pipeline_tests.extraction.learned.receipts import SHOPS, receipts

EXAMPLES = receipts(60)


@pytest.fixture(scope="module")
def model() -> Model:
    found = train_model(EXAMPLES, "pixel")
    assert found is not None
    return found


def extractor(model: Model, folder: Path) -> LearnedExtractor:
    model.save(folder / "model.json")
    made = LearnedExtractor()
    made.use(folder / "model.json")
    return made


def trusted(model: Model, *, known: float = 1.0, unseen: float = 1.0) -> Model:
    """The model as if cross-validation had found its rankers better than the rules."""
    update = {"trust": known, "trust_unseen": unseen}
    return model.model_copy(
        update={"fields": {name: field.model_copy(update=update) for name, field in model.fields.items()}}
    )


def read(made: LearnedExtractor, example: Example, document_id: str | None = None) -> Extraction:
    def no_pages() -> Any:
        raise AssertionError("it reads words alone")

    return made.extract(
        ExtractionInput(document_id=document_id or example.document_id, open=no_pages, text=example.text)
    )


def totals(made: LearnedExtractor, examples: list[Example], prefix: str = "") -> float:
    right = [
        read(made, one, f"{prefix}{one.document_id}").invoice.total_amount == one.label.invoice.total_amount
        for one in examples
    ]
    return sum(right) / len(right)


def test_it_learns_what_the_rules_do_not_know(model: Model, tmp_path: Path) -> None:
    others = receipts(40, seed=1)
    by_rules = sum(extract_text(one.text).invoice.total_amount == one.label.invoice.total_amount for one in others) / 40
    learned = totals(extractor(model, tmp_path), others, "new-")
    assert learned > 0.9
    assert learned >= by_rules
    assert set(model.fields) == {"supplier_name", "invoice_date", "total_amount"}
    assert (model.fields["total_amount"].report["by_document"] or 0) > 0.9


def test_values_have_evidence_and_a_confidence(model: Model, tmp_path: Path) -> None:
    result = read(extractor(trusted(model), tmp_path), receipts(1, seed=5)[0], "new")
    evidence = result.evidence["total_amount"]
    assert evidence.method.startswith("learned; ")
    assert 0.8 < evidence.score <= 1.0
    assert next(one.chosen for one in result.candidates if one.field == "total_amount")


def test_a_leaked_label_would_be_caught(tmp_path: Path) -> None:
    """Labels that nobody can learn: out of fold they are read no better than by chance. A model that has seen the very
    documents knows them by heart, and an evaluation that used it would show it."""
    examples = receipts(80, seed=2)
    shuffled = []
    for number, one in enumerate(examples):
        amounts = [word.text for word in one.text.words() if word.text.replace(".", "").isdigit() and "." in word.text]
        wrong = Decimal(amounts[number % len(amounts)])
        label = Label(invoice=one.label.invoice.model_copy(update={"total_amount": wrong}))
        shuffled.append(replace(one, label=label))
    found = train_model(shuffled, "pixel")
    assert found is not None
    honest = found.fields["total_amount"].report["by_document"]
    leaking = trusted(found).model_copy(update={"fold_of": {"document": {}, "vendor": {}}})
    leaky = totals(extractor(leaking, tmp_path), shuffled)
    judged = totals(extractor(found, tmp_path), shuffled)
    assert honest is not None
    assert honest < 0.45
    assert judged == pytest.approx(honest, abs=0.05), "what the pipeline reads is what cross-validation says"
    assert leaky > judged + 0.1


def test_copies_are_in_one_fold() -> None:
    examples = [replace(one, group=f"g{index // 2}") for index, one in enumerate(EXAMPLES)]
    found = train_model(examples, "pixel")
    assert found is not None
    for fold_of in found.fold_of.values():
        folds = [fold_of[one.document_id] for one in examples]
        assert folds[::2] == folds[1::2]
    assert len(set(found.fold_of["document"].values())) == 5


def test_read_by_what_has_not_seen_the_vendor(model: Model, tmp_path: Path) -> None:
    shops = {one.document_id: one.label.invoice.supplier_name for one in EXAMPLES}
    of_shop: dict[str | None, set[int]] = {}
    for document_id, fold in model.fold_of["vendor"].items():
        of_shop.setdefault(shops[document_id], set()).add(fold)
    assert all(len(folds) == 1 for folds in of_shop.values())
    extractor(model, tmp_path)
    made = LearnedExtractor(folds="vendor")
    made.use(tmp_path / "model.json")
    for field in ("total_amount", "supplier_name"):
        right = [getattr(read(made, one).invoice, field) == getattr(one.label.invoice, field) for one in EXAMPLES]
        assert sum(right) / len(right) == pytest.approx(model.fields[field].report["by_vendor"], abs=0.02)
    assert made.fingerprint() != extractor(model, tmp_path).fingerprint()
    with pytest.raises(ValueError, match="folds must be one of document, vendor"):
        LearnedExtractor(folds="month")  # type: ignore[arg-type]


def test_with_too_few_labels_a_field_is_left_to_the_rules(tmp_path: Path) -> None:
    assert train_model(EXAMPLES[: MIN_LABELS - 1], "pixel") is None
    some = [
        one if index < 5 else replace(one, label=Label(invoice=Invoice(total_amount=one.label.invoice.total_amount)))
        for index, one in enumerate(EXAMPLES)
    ]
    found = train_model(some, "pixel")
    assert found is not None
    assert (set(found.fields), found.too_few) == ({"total_amount"}, {"supplier_name": 5, "invoice_date": 1})
    one = EXAMPLES[0]
    given, rules = read(extractor(found, tmp_path), one), extract_text(one.text)
    assert given.invoice.supplier_name == rules.invoice.supplier_name


def test_without_a_model_it_is_the_rules(tmp_path: Path) -> None:
    made = LearnedExtractor()
    made.use(tmp_path / "nothing.json")
    assert read(made, EXAMPLES[0]) == extract_text(EXAMPLES[0].text)


def test_the_fingerprint_is_that_of_the_model(model: Model, tmp_path: Path) -> None:
    first = extractor(model, tmp_path).fingerprint()
    assert first == extractor(model, tmp_path).fingerprint()
    other = model.model_copy(update={"label_version": "another"})
    assert extractor(other, tmp_path).fingerprint() != first


def test_the_same_labels_make_the_same_model(model: Model) -> None:
    again = train_model(list(EXAMPLES), "pixel")
    assert again is not None
    assert again.model_copy(update={"trained_at": model.trained_at}) == model


def test_a_model_of_another_schema_or_a_damaged_one_is_none(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    model.model_copy(update={"model_schema": 0}).save(path)
    assert load_model(path) == (None, None)
    path.write_text('{"engine": ')
    assert load_model(path) == (None, None)


def test_labels_of_one_vendor_or_of_copies_break_nothing() -> None:
    def of_alpha(one: Example) -> Example:
        return replace(one, label=Label(invoice=one.label.invoice.model_copy(update={"supplier_name": "ALPHA"})))

    found = train_model([of_alpha(one) for one in EXAMPLES], "pixel")
    assert found is not None
    assert found.fields["total_amount"].report["by_vendor"] is None
    assert train_model([replace(one, group="copies") for one in EXAMPLES], "pixel") is None


def test_copies_without_a_label_are_read_without_their_fold(model: Model, tmp_path: Path) -> None:
    groups = {"r000": "g", "copy": "g", "x": "h", "y": "h"}
    folds = with_copies(model.fold_of, groups)
    assert {by: folds[by]["copy"] for by in folds} == {by: of["r000"] for by, of in model.fold_of.items()}
    assert not {"x", "y"} & folds["document"].keys()
    made = extractor(model.model_copy(update={"fold_of": folds}), tmp_path)
    assert made.input_of("copy", "k") == made.input_of("r000", "k") != made.input_of("x", "k")


def test_confidence_and_threshold_have_not_seen_the_fold(model: Model) -> None:
    field = model.fields["total_amount"].splits["document"]
    assert (field.thresholds, len(field.curves[""])) == ({}, 6)
    field = field.model_copy(update={"thresholds": {"MY": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)}})
    assert (field.threshold(1, "MY"), field.threshold(None, "MY"), field.threshold(1, "DE")) == (0.2, 0.6, None)
    assert {field.confidence(score, None, "MY") for score in (0.0, 1.0)} <= {*field.curves[""][5][1]}


def test_what_a_score_is_worth_is_learned_by_country() -> None:
    """One field, two countries: in one the same scores are right, in the other they are not."""
    examples = receipts(2 * MIN_LABELS_FOR_SILENCE, seed=4)
    abroad = []
    for number, one in enumerate(examples):
        country = "MALAYSIA" if number % 2 else "DEUTSCHLAND MWST RECHNUNG SUMME UST GMBH"
        lines: dict[int, list[str]] = {}
        for word in one.text.words():
            lines.setdefault(word.line, []).append(word.text)
        shown = [" ".join(words) for words in lines.values()]
        wrong = number % 2 and number % 4 == 1
        label = one.label.invoice.model_copy(update={"total_amount": Decimal("0.01")}) if wrong else one.label.invoice
        abroad.append(replace(one, text=text_of(*shown, country), label=Label(invoice=label)))
    found = train_model(abroad, "pixel")
    assert found is not None
    field = found.fields["total_amount"].splits["document"]
    assert set(field.curves) == {"", "MY", "DE"}
    assert set(field.thresholds) == {"MY", "DE"}
    assert field.confidence(0.9, None, "DE") > field.confidence(0.9, None, "MY") + 0.2


def test_with_few_labels_the_rules_decide_where_no_value_is_given(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60 labels are too few for a threshold: one that was chosen on so few would be luck."""
    assert len(EXAMPLES) < MIN_LABELS_FOR_SILENCE
    assert model.fields["total_amount"].splits["document"].threshold(None, "") is None
    made = extractor(model, tmp_path)
    lines = text_of("ALPHA TRADING", "Due date 04.07.2018")
    monkeypatch.setattr(issue_dates, "INVOICE_DATE_AT_LEAST", 99.0)  # a date that the rules do not take
    rules = extract_text(lines)
    assert "2018-07-04" in [one.value for one in rules.candidates if one.field == "invoice_date"]
    assert rules.invoice.invoice_date is None
    assert read(made, replace(EXAMPLES[0], text=lines), "new").invoice.invoice_date is None


def test_the_report_has_a_curve_and_whether_confidences_hold(model: Model) -> None:
    report = model.fields["total_amount"].report
    assert [point["labels"] for point in report["curve"]] == [20]
    assert 0 < report["curve"][0]["right"] <= report["curve"][0]["n"] <= 30
    assert sum(one["n"] for one in report["calibration"]) == len(EXAMPLES)
    confidences = [one["confidence"] for one in report["calibration"]]
    assert confidences == sorted(confidences)
    accepted = report["accepted"]
    assert accepted["n"] == len(EXAMPLES)
    assert 0 < accepted["accepted"] <= accepted["n"]
    assert accepted["wrong"] <= 2


def test_training_is_due_when_a_label_or_a_text_changes() -> None:
    labels = {one.document_id: one.label for one in EXAMPLES}
    keys = {one.document_id: one.key for one in EXAMPLES}
    before = training_key(keys, labels, {})
    assert training_key(dict(reversed(list(keys.items()))), labels, {}) == before
    assert training_key({**keys, "r000": "another text"}, labels, {}) != before
    assert training_key(keys, {**labels, "r000": Label(invoice=Invoice(total_amount=Decimal(1)))}, {}) != before
    assert training_key(keys, labels, {"r000": "copies"}) != before
    assert training_key(keys, labels, {"r000": "g", "new": "g"}) != training_key(keys, labels, {"r000": "g"})


def test_a_worse_model_is_told_from_luck(model: Model) -> None:
    keys = list(model.right["total_amount"])

    def with_lost(count: int) -> Model:
        lost = {key: index >= count for index, key in enumerate(keys)}
        return model.model_copy(update={"right": {**model.right, "total_amount": lost}})

    good = with_lost(0)
    assert worse_fields(good, with_lost(3)) == []
    assert worse_fields(good, with_lost(15)) == ["total_amount"]
    assert worse_fields(with_lost(15), good) == []
    without = {field: flags for field, flags in model.right.items() if field != "supplier_name"}
    assert worse_fields(model, model.model_copy(update={"right": without})) == ["supplier_name"]


class TestLexicon:
    def test_names_that_were_labelled_twice(self) -> None:
        names = ["ALPHA TRADING", "Alpha Trading", "ALPHA TRADING", "BRAVO TRADING", "SHOP", "SHOP"]
        assert grow("supplier_name", labelled(names)) == {"alphatrading": "ALPHA TRADING"}

    def test_a_slip_becomes_the_name(self) -> None:
        lexicon = grow("supplier_name", labelled(["ALPHA TRADING"] * 2))
        assert corrected("supplier_name", "ALPHA TRAD1NG", lexicon) == "ALPHA TRADING"
        assert corrected("supplier_name", "ALPHA TRADING", lexicon) is None
        assert corrected("supplier_name", "OMEGA STORES", lexicon) is None
        assert corrected("supplier_name", "anything at all", {}) is None

    def test_an_address_must_be_more_alike(self) -> None:
        lexicon = grow("supplier_address", labelled(["12 JALAN TAMPOI 7/4, 81200 JOHOR BAHRU"] * 2))
        assert corrected("supplier_address", "12 JALAN TAMP0I 7/4 81200 JOHOR BAHRU", lexicon) is not None
        assert corrected("supplier_address", "14 JALAN TAMPOI 9/4, 81200 JOHOR BAHRU", lexicon) is None

    @pytest.mark.parametrize(
        ("printed", "expected"),
        [
            ("NO.12 JLN TAMPOI 7/4 KAW 81200 J0HOR BAHRU", False),  # another number
            ("12 JLN TAMPO 7/4, 81200 JOHOR BHRU", True),
            ("14 JALAN TAMPOI 9/4, 81200 JOHOR BAHRU", False),
            ("12 LORONG SELASIH 7/4, 81200 MERSING", False),  # the same numbers by chance
        ],
    )
    def test_an_address_with_the_same_numbers_needs_one_label(self, printed: str, expected: bool) -> None:
        lexicon = grow("supplier_address", labelled(["12 JALAN TAMPOI 7/4, 81200 JOHOR BAHRU"]))
        assert (corrected("supplier_address", printed, lexicon) is not None) == expected

    def test_it_is_used_and_says_so(self, model: Model, tmp_path: Path) -> None:
        one = receipts(1, seed=9)[0]
        shop = one.label.invoice.supplier_name
        assert shop in SHOPS
        lines: dict[int, list[str]] = {}
        for word in one.text.words():
            lines.setdefault(word.line, []).append(word.text)
        blurred = [" ".join(words) for words in lines.values()]
        blurred[0] = shop.replace("TRADING", "TRADLNG")
        result = read(extractor(model, tmp_path), replace(one, text=text_of(*blurred)), "new")
        assert result.invoice.supplier_name == shop
        assert result.evidence["supplier_name"].correction == LEXICON


class TestBackingOff:
    """On countries and vendors without labels the extractor is never worse than the rules."""

    def test_a_country_without_labels_is_left_to_the_rules(self, model: Model, tmp_path: Path) -> None:
        text = text_of(
            "Noordkade Techniek B.V.", "Molenstraat 12", "1071 DL Amsterdam", "BTW NL810433941B01", "Factuur 2024-0173",
            "Factuurdatum 14-03-2024", "Subtotaal 100,00", "BTW 21% 21,00", "Totaal EUR 121,00",
        )  # fmt: skip
        one = replace(EXAMPLES[0], text=text)
        assert read(extractor(model, tmp_path), one, "new") == extract_text(text)

    def test_a_vendor_without_labels_is_left_to_the_rules_unless_validation_speaks_for_the_model(
        self, model: Model, tmp_path: Path
    ) -> None:
        one = receipts(1, seed=9)[0]
        shop = one.label.invoice.supplier_name
        assert shop is not None
        lines: dict[int, list[str]] = {}
        for word in one.text.words():
            lines.setdefault(word.line, []).append(word.text)
        printed = [" ".join(words) for words in lines.values()]
        text = text_of(*(line.replace(shop, "UNHEARD STORES SDN BHD") for line in printed))
        unheard = replace(one, text=text)

        def trusting(trust: float, example: Example = unheard) -> Extraction:
            return read(extractor(trusted(model, unseen=trust), tmp_path), example, "new")

        assert trusting(0.0) == extract_text(text)
        assert trusting(1.0).evidence["total_amount"].method.startswith("learned; ")
        assert trusting(0.0, one).evidence["total_amount"].method.startswith("learned; ")

    @pytest.mark.parametrize(
        ("lines", "known"),
        [
            (("ALPHA TRADING",), True),
            (("ALPHA TRAD1NG (123456-X)",), True),
            (("ALPHA", "TRADING"), True),
            (("ALPHA TRADING SDN BHD",), True),
            (("OMEGA STORES",), False),
            ((), False),
        ],
    )
    def test_known_vendors(self, lines: tuple[str, ...], known: bool) -> None:
        found = printed_lines(reading_of(text_of(*lines, "TOTAL 5.00")))
        assert is_known(found, vendor_names(["Alpha Trading", None, "AB"])) == known

    def test_rankers_are_trusted_on_new_vendors_only_if_they_are_better_than_the_rules(self) -> None:
        """The same rankers, rules that are right and rules that are not."""
        samples = [sample_of(one) for one in EXAMPLES]
        task = field_task("total_amount", samples)
        folds = folds_of(vendor_families(samples))
        parts = out_of_fold(task, folds)
        right = {index: next(iter(truth)) for index, truth in task.truths.items()}
        for chosen, trusted in ((right, False), (dict.fromkeys(right), True)):
            judged = [replace(s, chosen={task.field: chosen[i]}) for i, s in enumerate(samples)]
            trust = how_far(replace(task, samples=judged), folds, parts, list(right), 3)
            assert (trust > 0) == trusted


def test_a_fixed_model_is_used_as_it_is_and_never_trained_here(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "made-elsewhere.json")
    made = LearnedExtractor(model=str(tmp_path / "made-elsewhere.json"))
    made.use(tmp_path / "of-this-project.json")
    own = extractor(model, tmp_path)
    assert read(made, EXAMPLES[0], "new") == read(own, EXAMPLES[0], "new")
    assert (made.capabilities.learns, own.capabilities.learns) == (False, True)
    assert made.unavailable() is None
    (tmp_path / "made-elsewhere.json").write_text("{}")
    made.use(tmp_path / "of-this-project.json")
    assert made.unavailable() == "its model file made-elsewhere.json was made by another version: train it again"
    with pytest.raises(ValueError, match="model: there is no file"):
        LearnedExtractor(model=str(tmp_path / "gone.json"))
