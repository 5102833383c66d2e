import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.values.names import normalise_name
from ocr_pipeline_tests.evaluation.strategies import texts


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("LIDL  GmbH & Co. KG", "lidlgmbhcokg"),
        ("Lidl GmbH&Co.KG", "lidlgmbhcokg"),
        ("S.H.H. MOTOR (SUNGAI RENGIT) SDN. BHD.", "shhmotorsungairengitsdnbhd"),
        ("Groß- und Außenhandel", "grossundaussenhandel"),
        ("CAFÉ\nMÜLLER", "cafémüller"),
        ("CAFE\u0301 MU\u0308LLER", "cafémüller"),  # combining accents
        ("\uff21\uff22\uff23 \ufb01ne", "abcfine"),  # full-width letters, ligature
        ("M\u00fcller\u00b4s", "müllers"),  # an acute accent for an apostrophe
        ("Wasser\u00adwerk", "wasserwerk"),  # soft hyphen
        ("\u0130\u05c1", "i\u05c1\u0307"),  # casefolding leaves two marks in the wrong order
        ("...", ""),
        ("", ""),
    ],
)
def test_name(text: str, name: str) -> None:
    assert normalise_name(text) == name


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("DE 123-456.789", "de123456789"),
        ("de123456789", "de123456789"),
        ("INV/2018/0042", "inv20180042"),
        ("#A_1", "a1"),
        ("\uff11\uff12\uff13", "123"),
        ("-", ""),
    ],
)
def test_identifier(text: str, identifier: str) -> None:
    assert normalise_name(text) == identifier


@given(texts(20))
def test_normalising_is_idempotent(text: str) -> None:
    assert normalise_name(normalise_name(text)) == normalise_name(text)


WORDS = st.lists(st.text("abcXYZ019äßé", min_size=1, max_size=6), min_size=1, max_size=5)


@given(words=WORDS, joint=st.sampled_from(["  ", ", ", " - ", "\n", ".", "\xa0", " & "]))
def test_formatting_of_a_name_is_ignored(words: list[str], joint: str) -> None:
    assert normalise_name(f" {joint.join(words).upper()}. ") == normalise_name(" ".join(words))
    assert normalise_name(joint.join(words).upper()) == normalise_name("".join(words))
