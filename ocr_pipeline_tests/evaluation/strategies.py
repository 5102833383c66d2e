"""Text for property tests. `st.text()` spends seconds on its table of Unicode before the first example."""

from hypothesis import strategies as st

_TRICKY = (
    "aA zZ09.,'-()/€$%İıßſŉǰΐﬁ½²\u00b4¨\u0301\u0308\u0338\u00ad\u200b\u202f\xa0\u2019\u2212\uff11٣\u066bनमस्ते漢字가"
)

CHARACTERS = st.one_of(
    st.sampled_from(_TRICKY), st.integers(0, 0x33FF).map(chr), st.integers(0xE000, 0x10FFFF).map(chr)
)


def texts(max_size: int) -> st.SearchStrategy[str]:
    return st.lists(CHARACTERS, max_size=max_size).map("".join)
