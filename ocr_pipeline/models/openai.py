"""Servers that speak OpenAI's chat completions, through the `openai` SDK: sends a request, returns the server's JSON."""

import base64
import copy
from typing import Any

from ocr_pipeline.models.failures import Failure, connection_failure, http_failure, no_connection, unreadable_answer
from ocr_pipeline.models.limits import Clock
from ocr_pipeline.models.provider import DEFAULT_URL, Provider
from ocr_pipeline.models.types import Finish, Media, ModelReply, ModelRequest, Token, Usage


class OpenAiClient:
    """One client per provider and process, for many threads."""

    def __init__(self, provider: Provider, key: str | None, clock: Clock) -> None:
        import openai

        from ocr_pipeline.models.transport import http_client

        self.provider = provider
        # The SDK's own retries (two) and timeout (600 s) are switched off: ours are limited and recorded.
        self._sdk = openai.OpenAI(
            api_key=key or "none",
            base_url=provider.endpoint,
            timeout=provider.timeout,
            max_retries=0,
            http_client=http_client(provider, clock),
        )

    def send(self, request: ModelRequest, timeout: float) -> str:
        """Send once and return the body of the answer. Raises Failure."""
        arguments = body_of(request, official=self.provider.endpoint == DEFAULT_URL["openai"])
        try:
            return str(self._sdk.chat.completions.with_raw_response.create(**arguments, timeout=timeout).text)
        except Exception as error:  # noqa: BLE001 - others are raised again
            raise self._failure(error, request.model) from None

    def close(self) -> None:
        self._sdk.close()

    def _failure(self, error: Exception, model: str) -> Failure:
        """The SDK's exceptions carry the request with the key: none of them leaves this class."""
        import openai

        from ocr_pipeline.models.transport import UnreadableAnswer

        if isinstance(error, openai.APIStatusError):
            return http_failure(self.provider, model, error.status_code, error.body, dict(error.response.headers))
        if isinstance(error, openai.APITimeoutError):
            return connection_failure(self.provider, "did not answer in time")
        if isinstance(error, openai.APIConnectionError):
            if isinstance(error.__cause__, UnreadableAnswer):
                return unreadable_answer(self.provider, str(error.__cause__))
            refused = type(error.__cause__).__name__ == "ConnectError"
            return (
                no_connection(self.provider) if refused else connection_failure(self.provider, "closed the connection")
            )
        raise error


def body_of(request: ModelRequest, *, official: bool) -> dict[str, Any]:
    """The arguments of `chat.completions.create`. OpenAI rejects `max_tokens`; smaller servers know only that."""
    content: list[dict[str, object]] = []
    for part in request.parts:
        if isinstance(part, Media):
            url = f"data:{part.media_type};base64,{base64.b64encode(part.content).decode()}"
            content.append({"type": "image_url", "image_url": {"url": url}})
        else:
            content.append({"type": "text", "text": part})
    messages: list[dict[str, object]] = [
        {"role": "system", "content": request.instructions},
        {"role": "user", "content": content},
    ]
    for repair in request.repairs:
        messages.append({"role": "assistant", "content": repair.reply})
        messages.append({"role": "user", "content": repair.complaint})
    schema = {"name": request.schema_name, "strict": True, "schema": strict(request.json_schema)}
    return {
        "model": request.model,
        "messages": messages,
        "response_format": {"type": "json_schema", "json_schema": schema},
        "max_completion_tokens" if official else "max_tokens": request.max_output_tokens,
        **request.options,
    }


def strict(schema: Any) -> Any:
    """A copy in which every object is closed: `strict` requires it, and Gemini rejects it."""
    schema = copy.deepcopy(schema)

    def close(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object":
                node["additionalProperties"] = False
            for value in node.values():
                close(value)
        elif isinstance(node, list):
            for value in node:
                close(value)

    close(schema)
    return schema


def parse_reply(body: Any) -> ModelReply:
    """What a body of chat/completions says. Small servers leave out `usage`, and may send no choice.

    Raises:
        ValueError: it is something else, like an error that some gateways send with status 200.
    """
    if "choices" not in body:
        raise ValueError("not a reply of chat/completions")
    choice = (body.get("choices") or [{}])[0]
    message = choice.get("message") or {}
    reason = choice.get("finish_reason")
    text = message.get("content") or None
    finish: Finish = "complete" if text else "empty"
    if reason == "content_filter" or message.get("refusal"):
        finish = "blocked"
    elif reason == "length":
        finish = "truncated"
    return ModelReply(
        text=text,
        finish=finish,
        detail=reason,
        usage=_usage(body.get("usage")),
        model_version=body.get("model"),
        tokens=tuple(
            Token(text=token["token"], logprob=token["logprob"])
            for token in (choice.get("logprobs") or {}).get("content") or []
        ),
    )


def _usage(usage: Any) -> Usage | None:
    try:
        thoughts = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
        return Usage.counted(
            input=usage["prompt_tokens"],
            cached=(usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
            output=(usage.get("completion_tokens") or 0) - thoughts,  # OpenAI counts reasoning among the completion
            thoughts=thoughts,
        )
    except (AttributeError, KeyError, TypeError):  # no usage, or another shape
        return None
