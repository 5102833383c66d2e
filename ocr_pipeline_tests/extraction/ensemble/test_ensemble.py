"""Votes of several backends: which value wins, and that no document is judged by weights trained on it."""

import random
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, MemberResults
from ocr_pipeline.extraction.ensemble import EnsembleExtractor
from ocr_pipeline.extraction.ensemble.votes import groups_of
from ocr_pipeline.extraction.ensemble.weights import Weights
from ocr_pipeline.schemas import Evidence, Extraction, Invoice, Label, LineItem
from ocr_pipeline.training.votes import MIN_DOCUMENTS, Voted, learn_weights

MEMBERS = ("good", "poor", "shadow")


def gave(total: str | None, score: float = 0.9, **more: Any) -> Extraction:
    invoice = Invoice(total_amount=Decimal(total) if total else None, **more)
    place = Evidence(page=1, text=total or "", box=(0.1, 0.1, 0.2, 0.2), words=[3], method="keyword", score=score)
    return Extraction(invoice=invoice, evidence={"total_amount": place} if total else {}, cost_usd=0.0)


def read(ensemble: EnsembleExtractor, given: Mapping[str, Extraction], document_id: str = "new") -> Extraction:
    def no_pages() -> Any:
        raise AssertionError("it reads results alone")

    results = MemberResults(given, seconds=1.5, cost_usd=0.25)
    return ensemble.extract(ExtractionInput(document_id=document_id, open=no_pages, text=None, members=results))


def voted(count: int, seed: int = 0, *, labels_are_luck: bool = False) -> list[Voted]:
    """`good` is right in nine of ten documents, `poor` in four, and `shadow` says what `poor` says, right or wrong."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        truth = f"{number}.00"
        good = truth if chance.random() < 0.9 else "7.77"
        poor = truth if chance.random() < 0.4 else "8.88"
        given = {"good": gave(good), "poor": gave(poor), "shadow": gave(poor)}
        label = chance.choice([good, poor]) if labels_are_luck else truth
        found.append(
            Voted(f"d{number:03}", f"g{number:03}", given, Label(invoice=Invoice(total_amount=Decimal(label))))
        )
    return found


def taught(weights: Weights, folder: Path) -> EnsembleExtractor:
    path = folder / "weights.json"
    path.write_text(weights.model_dump_json())
    made = EnsembleExtractor(of=list(MEMBERS))
    made.use(path)
    return made


@pytest.fixture
def ensemble(tmp_path: Path) -> EnsembleExtractor:
    return taught(learn_weights(voted(120), MEMBERS, "t"), tmp_path)


def test_without_weights_the_most_votes_win_and_the_first_member_breaks_a_tie() -> None:
    made = EnsembleExtractor(of=list(MEMBERS))
    assert read(made, {"good": gave("1.00"), "poor": gave("2.00"), "shadow": gave("2.0")}).invoice.total_amount == 2
    assert read(made, {"good": gave("1.00"), "poor": gave("2.00")}).invoice.total_amount == 1
    assert read(made, {"good": gave(None), "poor": gave("2.00")}).invoice.total_amount == 2
    assert read(made, {"good": gave(None)}).invoice.total_amount is None


def test_two_that_make_the_same_mistakes_do_not_outvote_a_better_one(ensemble: EnsembleExtractor) -> None:
    result = read(ensemble, {"good": gave("1.00"), "poor": gave("2.00"), "shadow": gave("2.00")})
    assert result.invoice.total_amount == 1
    assert result.evidence["total_amount"].method == "good: keyword"
    assert 0.5 < result.evidence["total_amount"].score < 1
    assert result.evidence["total_amount"].words == [], "they are words of an engine that an ensemble has not"
    both = read(ensemble, {"good": gave("1.00"), "poor": gave("1.00"), "shadow": gave("1.00")})
    assert both.evidence["total_amount"].score > result.evidence["total_amount"].score, "agreement makes it surer"


def test_lists_are_those_of_one_member() -> None:
    item = LineItem(description="Tea", amount=Decimal("1.00"))
    given = {
        "good": gave("1.00"),
        "poor": gave("1.00", line_items=[item]),
        "shadow": gave("1.00", line_items=[item, item]),
    }
    result = read(EnsembleExtractor(of=list(MEMBERS)), given)
    assert result.invoice.line_items == [item]
    assert result.cost_usd == 0.25


def test_it_is_no_better_on_paper_than_out_of_fold(tmp_path: Path) -> None:
    """Labels that follow one member or the other by luck: nothing can be learned, and the folds say so."""
    documents = voted(200, seed=1, labels_are_luck=True)
    weights = learn_weights(documents, MEMBERS, "t")
    made = taught(weights, tmp_path)
    right = sum(
        read(made, one.extractions, one.document_id).invoice.total_amount == one.label.invoice.total_amount
        for one in documents
    )
    assert right == weights.report["total_amount"]["right"]
    possible = sum(
        any(
            group.key == str(one.label.invoice.total_amount.normalize())
            for group in groups_of("total_amount", one.extractions)
        )
        for one in documents
        if one.label.invoice.total_amount is not None
    )
    assert possible == len(documents)
    assert right < 0.8 * possible


def test_a_document_is_read_by_the_weights_of_its_fold(tmp_path: Path) -> None:
    """Weights that believe `good`, but for those of one fold, which believe `poor`."""
    weights = learn_weights(voted(120), MEMBERS, "t")
    others = weights.fields["total_amount"]
    poor = others[0].model_copy(update={"weights": {**others[0].weights, "good": (0.0, 0.0), "poor": (5.0, 5.0)}})
    fold = weights.fold_of["d000"]
    changed = [poor if index == fold else one for index, one in enumerate(others)]
    made = taught(weights.model_copy(update={"fields": {"total_amount": tuple(changed)}}), tmp_path)
    given = {"good": gave("1.00"), "poor": gave("2.00")}
    assert read(made, given, "d000").invoice.total_amount == 2
    assert read(made, given, "new").invoice.total_amount == 1


def test_copies_share_a_fold() -> None:
    documents = [
        Voted(one.document_id, f"g{number // 2}", one.extractions, one.label) for number, one in enumerate(voted(60))
    ]
    folds = learn_weights(documents, MEMBERS, "t").fold_of
    assert all(folds[f"d{number:03}"] == folds[f"d{number + 1:03}"] for number in range(0, 60, 2))


def test_documents_of_a_vendor_share_a_fold() -> None:
    documents = [
        Voted(
            one.document_id,
            one.group,
            one.extractions,
            Label(
                invoice=one.label.invoice.model_copy(update={"supplier_name": f"{'ABCDEFGHIJ'[number // 6] * 5} Ltd"})
            ),
        )
        for number, one in enumerate(voted(60))
    ]
    folds = learn_weights(documents, MEMBERS, "t").fold_of
    assert all(len({folds[one.document_id] for one in documents[start : start + 6]}) == 1 for start in range(0, 60, 6))


def test_with_few_labels_each_member_has_a_vote() -> None:
    assert learn_weights(voted(MIN_DOCUMENTS - 1), MEMBERS, "t").fields == {}
    assert set(learn_weights(voted(MIN_DOCUMENTS), MEMBERS, "t").fields) == {"total_amount"}


def test_the_fingerprint_and_the_key_follow_the_weights(ensemble: EnsembleExtractor, tmp_path: Path) -> None:
    bare = EnsembleExtractor(of=list(MEMBERS))
    assert bare.fingerprint() != ensemble.fingerprint()
    assert bare.input_of("d000", "k") == "k"
    assert ensemble.input_of("d000", "k") != ensemble.input_of("new", "k") == "k:fold=None"
    other = EnsembleExtractor(of=["poor", "good"])
    other.use(tmp_path / "weights.json")
    assert other.fingerprint()["weights"] is None, "weights of other members"
    (tmp_path / "damaged.json").write_text("{")
    other.use(tmp_path / "damaged.json")
    assert other.fingerprint()["weights"] is None


def test_what_it_cannot_work_on() -> None:
    made = EnsembleExtractor(of=["a", "b"])
    with pytest.raises(DocumentError, match="No member"):
        read(made, {})
    with pytest.raises(ConfigurationError, match="results of its members"):
        made.extract(ExtractionInput(document_id="d", open=lambda: 1 / 0, text=None))  # type: ignore[arg-type, return-value]
    for wrong in (["a"], [], ["a", "a"], "ab"):
        with pytest.raises(ValueError, match="two backends or more"):
            EnsembleExtractor(of=wrong)


def test_spellings_of_one_tax_id_are_one_vote() -> None:
    spellings = {"good": "CHE-107.787.577 MWST", "poor": "CHE107787577", "shadow": "CHE-107.787.578"}
    groups = groups_of("supplier_tax_id", {name: gave(None, supplier_tax_id=text) for name, text in spellings.items()})
    assert [[vote.member for vote in group.votes] for group in groups] == [["good", "poor"], ["shadow"]]
