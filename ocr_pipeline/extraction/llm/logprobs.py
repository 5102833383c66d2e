"""The log probability of each value from those of its tokens, if the model returns them."""

import json
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from json.decoder import JSONDecodeError

from ocr_pipeline.models.types import Token
from ocr_pipeline.schemas import FIELD_KINDS


def value_logprobs(text: str, tokens: Sequence[Token], fields: Collection[str] = FIELD_KINDS) -> dict[str, float]:
    """The natural logarithm of the probability of each field's value (at most 0), null included, by field.

    The sum over the tokens of the value, its quotes included. Tokens that also hold neighbouring characters count as well:
    these are almost always certain. Empty if the tokens are not those of `text` or `text` is not a JSON object.
    """
    start = "".join(token.text for token in tokens).find(text)
    if not tokens or start < 0:
        return {}
    ends = [end - start for end in accumulate(len(token.text) for token in tokens)]
    spans = list(zip([-start, *ends], ends, tokens, strict=False))
    return {
        name: sum(token.logprob for begins, ended, token in spans if begins < after and ended > first)
        for name, first, after in _members(text)
        if name in fields
    }


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """The name of each member of the outer object, and the start and end of its value."""
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
