"""How sure the model was of each value while it wrote it: from the log probabilities of its tokens, where it gives them."""

import json
from collections.abc import Iterator, Sequence
from itertools import accumulate
from json.decoder import JSONDecodeError

from ocr_pipeline.models.types import Token
from ocr_pipeline.schemas import FIELD_KINDS


def value_logprobs(text: str, tokens: Sequence[Token]) -> dict[str, float]:
    """The natural logarithm of the probability of each field's value (at most 0), null included, by field.

    It is the sum over the tokens that the value is written with, its quotes included. A token that also holds a part of
    what stands beside the value counts as well: nearly always that part was certain. Empty where the tokens are not those
    of `text`, or where `text` is no JSON object.
    """
    start = "".join(token.text for token in tokens).find(text)
    if not tokens or start < 0:
        return {}
    ends = [end - start for end in accumulate(len(token.text) for token in tokens)]
    spans = list(zip([-start, *ends], ends, tokens, strict=False))
    return {
        name: sum(token.logprob for begins, ended, token in spans if begins < after and ended > first)
        for name, first, after in _members(text)
        if name in FIELD_KINDS
    }


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """Name of each member of the outer object, where its value starts, and where it has ended."""
    decoder = json.JSONDecoder()
    position = text.find("{") + 1
    try:
        while position and text[(position := _skipped(text, position, ","))] == '"':
            name, position = decoder.raw_decode(text, position)
            position = _skipped(text, position, ":")
            _, after = decoder.raw_decode(text, position)
            yield name, position, after
            position = after
    except (JSONDecodeError, RecursionError, IndexError):
        return


def _skipped(text: str, position: int, mark: str) -> int:
    while text[position].isspace() or text[position] == mark:
        position += 1
    return position
