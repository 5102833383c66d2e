"""Bounds the time of the rules: 20,000 words take about five seconds, more than any invoice of fifty pages has."""

from ocr_pipeline.schemas import OcrPage, OcrText

MAX_WORDS = 20_000


def capped(text: OcrText) -> tuple[OcrText, str | None]:
    """As many pages as the rules read, from both ends (sums stand on the last page), and what to say about the others."""
    total = sum(len(page.words) for page in text.pages)
    if total <= MAX_WORDS:
        return text, None
    room, kept = MAX_WORDS, dict[int, OcrPage]()
    ends = [page for pair in zip(text.pages, reversed(text.pages), strict=True) for page in pair]
    for page in ends:
        if page.page not in kept and room > 0:
            kept[page.page] = page.model_copy(update={"words": page.words[:room]})
            room -= len(page.words)
    pages = [kept[page.page] for page in text.pages if page.page in kept]
    return (
        text.model_copy(update={"pages": pages}),
        f"The rules read {MAX_WORDS:,} of {total:,} words, on the first and last pages: {len(pages)} of {len(text.pages)}.",
    )
