import pytest

from ocr_pipeline.untrusted import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Café 1 234,50 €", "Café 1 234,50 €"),
        ("two\nlines", "two\nlines"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("\u202egpj.exe", "⟨U+202E⟩gpj.exe"),
        ("tab\there", "tab⟨U+0009⟩here"),
        ("half \ud83d", "half ⟨U+D83D⟩"),
        ("مرحبا", "مرحبا"),
    ],
)
def test_active_characters_are_shown_as_codes(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_long_texts_are_truncated_with_a_note() -> None:
    assert visible("a" * 1_000_000, longest=3) == "aaa… (999,997 more characters)"
    assert visible("abc", longest=3) == "abc"
    assert visible("a" * 5_000, longest=None) == "a" * 5_000
