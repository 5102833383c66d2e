import numpy as np
import pytest

from ocr_pipeline.ocr.regions import tiles
from ocr_pipeline.ocr.tiling import read_tiles
from ocr_pipeline.schemas import Word


@pytest.mark.parametrize("across", [False, True])
def test_every_word_of_a_long_page_is_there_once_and_in_its_place(across: bool) -> None:
    """A page whose marks are 10 pixels long, every 50 pixels; the reader finds the marks of its tile, also those cut off."""
    page = np.zeros((8000, 200), np.uint8)
    for start in range(20, 7990, 50):
        page[start : start + 10, 40:160] = 1 + start // 50 % 200
    if across:
        page = page.T
    regions = tiles(page.shape[1], page.shape[0], 960)
    assert len(regions) > 3

    def read(part: "np.ndarray") -> list[Word]:
        along = part.max(axis=0 if across else 1)
        words: list[Word] = []
        for value in dict.fromkeys(along[along > 0].tolist()):
            (places,) = np.nonzero(along == value)
            start, end = places[0] / len(along), (places[-1] + 1) / len(along)
            box = (start, 0.2, end, 0.8) if across else (0.2, start, 0.8, end)
            words.append(Word(text=str(value), box=box, confidence=1, page=1, line=len(words)))
        return words

    words = read_tiles(page, regions, read)
    assert [word.text for word in words] == [str(1 + start // 50 % 200) for start in range(20, 7990, 50)]
    first, last = (0, 2) if across else (1, 3)
    assert [word.box[first] * 8000 for word in words] == pytest.approx(list(range(20, 7990, 50)), abs=0.5)
    assert all(word.box[last] * 8000 == pytest.approx(word.box[first] * 8000 + 10, abs=0.5) for word in words)
    assert len({word.line for word in words}) == len(words)
