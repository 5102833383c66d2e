"""Requests and replies: what they show of a document, and what a server need not say."""

from typing import Any

import pytest

from ocr_pipeline.models.types import Media, ModelReply, Repair, Token, Usage
from ocr_pipeline_tests.models.asking import request

CONTENT = "Bäcker Süß"


@pytest.mark.parametrize(
    "value",
    [
        Media(CONTENT.encode(), "image/png"),
        Repair(reply=CONTENT, complaint=""),
        request(CONTENT, json_schema={"description": CONTENT}),
        Token(text=CONTENT, logprob=-1),
        ModelReply(
            text=CONTENT,
            finish="complete",
            detail=None,
            usage=None,
            model_version=None,
            tokens=(Token(text=CONTENT, logprob=-1),),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_content_of_a_document_is_shown_where_a_value_is_logged(value: Any) -> None:
    shown = repr(value)
    assert type(value).__name__ in shown
    assert CONTENT not in shown
    assert repr(CONTENT.encode()) not in shown


def test_tokens_that_a_server_does_not_count_are_none() -> None:
    usage = Usage(input=3, output=2)
    assert (usage.cached, usage.thoughts) == (0, 0)
