"""The confidence of whole documents, what is accepted, and why the rest is to be looked at."""

from collections.abc import Sequence

import numpy as np
import pytest

from ocr_pipeline.evaluation.diagnosis.confidence import Value
from ocr_pipeline.evaluation.diagnosis.document_confidence import DocumentValues, document_confidences, folds_by_family
from ocr_pipeline.evaluation.diagnosis.foreign import Home, Sheet
from ocr_pipeline.evaluation.diagnosis.review import ALL, DOCUMENT, is_sampled, review

KINDS = {"holder": "name", "weight": "quantity"}


def document(number: int, quality: float, right: Sequence[bool] | None, family: str | None = None) -> DocumentValues:
    """Two fields whose evidence is as good as `quality` says."""
    name = f"d{number:04}"
    return DocumentValues(
        document_id=name,
        family=family or name,
        values={
            field: Value(
                document_id=name,
                group=name,
                field=field,
                prediction="x",
                correct=None if right is None else right[index],
                features={"score": quality, "agree_value": float(quality > 0.35), "margin": quality},
            )
            for index, field in enumerate(KINDS)
        },
    )


def documents(count: int, seed: int = 1) -> list[DocumentValues]:
    """The better the evidence, the more are right; above 0.35 nearly all are."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        quality = float(random.random())
        chance = 0.999 if quality > 0.35 else 0.4 + quality
        made.append(document(number, quality, [bool(random.random() < chance), bool(random.random() < chance)]))
    return made


def test_families_are_never_split_and_folds_are_of_like_size() -> None:
    families = [f"v{number % 37 if number < 300 else 99}" for number in range(400)]
    folds = folds_by_family(families, seed=4)
    assert all(
        len({fold for fold, name in zip(folds, families, strict=True) if name == wanted}) == 1 for wanted in families
    )
    assert np.bincount(folds).tolist()[0] == 100  # the large family alone
    assert max(np.bincount(folds)[1:]) - min(np.bincount(folds)[1:]) <= 10


def test_no_document_is_judged_by_a_model_that_saw_its_family() -> None:
    """Evidence that names the vendor, and vendors that are all right or all wrong: known vendors would be told perfectly."""
    random = np.random.default_rng(2)
    made = []
    for vendor in range(40):
        right = bool(random.random() < 0.5)
        for copy in range(5):
            found = document(5 * vendor + copy, 0.5, [right, True], family=f"v{vendor}")
            found.values["holder"].features[f"vendor {vendor}"] = 1.0  # type: ignore[index]
            made.append(found)
    scored = document_confidences(made, KINDS)
    flags = np.array([bool(entry.right) for entry in made])
    assert abs(scored.fields[flags, 0].mean() - scored.fields[~flags, 0].mean()) < 0.1
    assert set(scored.fold) == set(range(5))


def test_confident_documents_are_right_and_unlabelled_ones_are_judged_alike() -> None:
    new = [document(5000, 0.95, None), document(5001, 0.05, None)]
    scored = document_confidences([*documents(300), *new], KINDS)
    assert scored.documents[-2] > 0.95
    assert scored.documents[-1] < 0.6
    assert scored.fold[-2:].tolist() == [-1, -1]
    assert scored.fields.shape == (302, 2)


def test_a_limit_of_a_value_holds_for_its_document() -> None:
    made = documents(200)
    made[0].values["weight"].features["limit"] = 0.5  # type: ignore[index]
    scored = document_confidences(made, KINDS)
    assert scored.documents[0] <= 0.5
    assert scored.fields[0, 1] <= 0.5


def test_what_is_accepted_and_why_the_rest_is_not() -> None:
    new = [document(5000, 0.95, None), document(5001, 0.05, None), document(5002, 0.95, None)]
    result = review(
        [*documents(400), *new], KINDS, {"d5002": ["country SE: 0 labelled documents, 20 needed"]}, target=0.05
    )
    sure, unsure, foreign = result.decisions[-3:]
    assert result.proof.threshold is not None
    assert (sure.status, sure.fields, sure.reasons) == ("accepted", [], {})
    assert (unsure.status, sorted(unsure.fields)) == ("check", ["holder", "weight"])
    assert unsure.reasons["weight"].startswith("backends disagree (confidence 0.")
    assert foreign.status == "check"
    assert foreign.reasons[DOCUMENT] == "country SE: 0 labelled documents, 20 needed"
    wanted = [(of.field, of.proof.target) for of in result.proofs]
    assert wanted[:3] == [(ALL, 0.05), ("holder", 0.05), ("weight", 0.05)]
    assert {target for _, target in wanted} == {0.05, 0.03, 0.01}
    accepted = [entry for entry in result.decisions if entry.labelled and entry.status == "accepted"]
    assert len(accepted) == result.proof.accepted


def test_nothing_is_accepted_of_few_labels() -> None:
    result = review([*documents(25), document(5000, 0.99, None)], KINDS, {}, target=0.05)
    assert {entry.status for entry in result.decisions} == {"check"}
    assert result.decisions[-1].reasons[DOCUMENT] == "too few labels to accept anything"
    assert (result.proof.labelled, result.proof.needed) == (25, 59)


def test_all_may_be_right() -> None:
    made = [document(number, 0.9, [True, True]) for number in range(99)]
    result = review([*made, document(5000, 0.9, None)], KINDS, {}, target=0.03)
    assert result.decisions[-1].status == "accepted"


def test_a_sample_stays_the_same_and_is_as_large_as_asked() -> None:
    names = [f"d{number}" for number in range(4000)]
    drawn = {name for name in names if is_sampled(name, 0.05)}
    assert len(drawn) == pytest.approx(200, abs=45)
    assert drawn <= {name for name in names if is_sampled(name, 0.1)}
    assert [is_sampled("d1", share) for share in (0.0, 1.0)] == [False, True]


def sheet(number: int, text: str = "total amount cash change", country: str | None = "MY", **known: str) -> Sheet:
    name = f"d{number}"
    return Sheet(document_id=name, group=name, family=known.pop("family", name), text=text, country=country, **known)


@pytest.fixture(scope="module")
def home() -> Home:
    return Home(
        [sheet(number, vendor="acme", labelled_vendor="acme" if number < 2 else "beta") for number in range(60)]
    )


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (sheet(100), None),
        (sheet(100, country="SE"), "country SE: 0 labelled documents, 20 needed"),
        (sheet(100, country=None), "country unknown: 0 labelled documents, 20 needed"),
        (sheet(100, "итого сумма наличные"), "script Cyrillic: 0 labelled documents, 20 needed"),
        (sheet(100, "summa att betala total"), "75 % of its words are unknown (at most 0 % in labelled documents)"),
    ],
)
def test_foreign_documents(home: Home, new: Sheet, reason: str | None) -> None:
    found = home.foreign(new)
    assert (reason in found) if reason else (found == [])


def test_words_and_vendors_of_the_own_family_do_not_make_a_document_known() -> None:
    alone = Home([sheet(1, "unique words", family="f", labelled_vendor="acme"), sheet(2, "unique", family="f")])
    assert alone.unknown_words(sheet(1, "unique words", family="f")) == 1.0
    assert alone.unknown_words(sheet(3, "unique words", family="g")) == 0.0
    assert (
        alone.unknown_words(sheet(3, "unique words", family="g", vendor="acme")) == 1.0
    )  # as it was for labelled ones
    assert alone.features(sheet(1, vendor="acme"))["new_vendor"] == 1.0
    assert alone.features(sheet(3, vendor="acme"))["new_vendor"] == 0.0


def test_nearly_the_same_name_makes_a_vendor_doubtful() -> None:
    names = ["glhandicraft", "glhandicraft", "giihandicraft", "oldtown"]
    home = Home([sheet(number, labelled_vendor=name) for number, name in enumerate(names)])
    found = home.features(sheet(9, vendor="glhandicraft"))
    assert (found["new_vendor"], found["vendor_share"]) == (0.0, 2 / 4)
    assert home.features(sheet(9, vendor="oldtown"))["near_vendor"] == 0.0
