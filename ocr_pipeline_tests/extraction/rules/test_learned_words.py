"""Words learned from unlabelled documents in a made-up language: arithmetic tells what their amounts are."""

from pathlib import Path

import pytest

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.rules import RulesExtractor
from ocr_pipeline.extraction.rules.reading import learned_words
from ocr_pipeline.schemas import OcrText
from ocr_pipeline.training.keywords import learn, rendered
from ocr_pipeline_tests.extraction.rules.printed import extract, printed


def invoice(net: int, item: str) -> OcrText:
    """An invoice of a land whose words no lexicon has."""
    return printed(
        f"""
        Vorblax {item}
        {item}                 1      {net}.00       {net}.00
        Zunwek                                       {net}.00
        Brimtak 20%                                  {net * 20 // 100}.00
        Galdun molwet                                {net * 120 // 100}.00
        """
    )


def receipt(first: int, second: int) -> OcrText:
    total = first + second
    return printed(
        f"""
        Kweplo
        Snirf                                        {first}.35
        Dolp                                         {second}.40
        Galdun molwet                                {total}.75
        Plonk                                        {total + 5}.00
        Wirbel                                       4.25
        """
    )


TEXTS = [*(invoice(net, item) for net, item in ((100, "Snirf"), (350, "Dolp"), (75, "Okla"), (900, "Rulm")))]
RECEIPTS = [receipt(first, second) for first, second in ((3, 14), (20, 11), (7, 8))]
UNPROVEN = """
    Vorblax
    Haftu                                            77.00
    Galdun molwet                                    41.00
    Wumpe                                            63.00
    """


def written(folder: Path) -> Path:
    path = folder / "keywords.yaml"
    path.write_text(rendered(learn([*TEXTS, *RECEIPTS])), "utf-8")
    return path


def test_words_beside_proven_amounts_are_learned_with_counts() -> None:
    content = learn([*TEXTS, *RECEIPTS])
    found = {name: [(entry.phrase, entry.documents) for entry in of] for name, of in content.keywords.items()}
    assert found == {
        "cash": [("plonk", 3)],
        "change": [("wirbel", 3)],
        "grand_total": [("galdun molwet", 7)],
        "net": [("zunwek", 4)],
        "tax": [("brimtak", 4)],
    }
    assert content.documents == 7


def test_learned_words_decide_where_arithmetic_does_not(tmp_path: Path) -> None:
    assert str(extract(UNPROVEN).invoice.total_amount) == "77.00"
    with learned_words.active(learned_words.load(written(tmp_path))):
        assert str(extract(UNPROVEN).invoice.total_amount) == "41.00"


def test_two_documents_are_too_few() -> None:
    assert learn(TEXTS[:2]).keywords == {}


def test_a_word_that_stands_beside_other_amounts_as_often_is_not_learned() -> None:
    others = [
        printed(
            f"""
            Zunwek                                   {net}.00
            Okla                                     {2 * net}.00
            Brimtak 10%                              {net // 5}.00
            Galdun molwet                            {2 * net + net // 5}.00
            """
        )
        for net in (50, 150, 250)
    ]
    phrases = {entry.phrase for entry in learn([*TEXTS, *others]).keywords.get("net", [])}
    assert "zunwek" not in phrases


def test_the_file_is_sorted_and_reads_back(tmp_path: Path) -> None:
    text = written(tmp_path).read_text("utf-8")
    assert text == rendered(learn([*reversed(RECEIPTS), *reversed(TEXTS)]))
    known = learned_words.load(tmp_path / "keywords.yaml")
    assert known is not None
    assert len(known.phrases) == 5
    assert "{phrase: galdun molwet, documents: 7, " in text


def test_phrases_of_the_user_are_kept_and_ignored_ones_are_not_learned_again() -> None:
    before = learned_words.KeywordFile.model_validate(
        {"version": 1, "documents": 0, "ignore": ["Zunwek"], "keywords": {"net": [{"phrase": "okla", "weight": 0.5}]}}
    )
    content = learn(TEXTS, before)
    assert [entry.phrase for entry in content.keywords["net"]] == ["okla"]
    assert content.ignore == ["Zunwek"]


def test_the_file_is_in_the_fingerprint_only_if_it_exists(tmp_path: Path) -> None:
    extractor = RulesExtractor()
    plain = extractor.fingerprint()
    extractor.use_keywords(tmp_path / "keywords.yaml")
    assert extractor.fingerprint() == plain
    extractor.use_keywords(written(tmp_path))
    assert extractor.fingerprint() != plain


@pytest.mark.parametrize(
    "content",
    [
        "version: 2\ndocuments: 1\nkeywords: {}\n",
        "version: 1\ndocuments: 1\nkeywords: {supplier: []}\n",
        "version: 1\ndocuments: 1\nkeywords: {net: [{phrase: '12', weight: 0.5}]}\n",
        "version: 1\ndocuments: 1\nkeywords: {net: [{phrase: zunwek, weight: 2}]}\n",
    ],
)
def test_a_wrong_file_is_rejected(content: str, tmp_path: Path) -> None:
    path = tmp_path / "keywords.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=r"keywords\.yaml"):
        learned_words.load(path)
