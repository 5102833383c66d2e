"""Gemini through google-genai: sends a request, returns the server's JSON, and parses it."""

import logging
from typing import Any

from ocr_pipeline.models.failures import Failure, connection_failure, http_failure, no_connection, unreadable_answer
from ocr_pipeline.models.limits import Clock
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.types import Finish, Media, ModelReply, ModelRequest, Token, Usage

logger = logging.getLogger(__name__)

BLOCKED = {
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "LANGUAGE",
    "IMAGE_SAFETY",
    "MODEL_ARMOR",
    "ESCALATION",
}


class GeminiClient:
    """One client per provider and process, for many threads."""

    def __init__(self, provider: Provider, key: str | None, clock: Clock) -> None:
        from google import genai

        from ocr_pipeline.models.transport import http_client

        self.provider = provider
        # Everything is explicit: the SDK prefers GOOGLE_API_KEY to GEMINI_API_KEY and has no timeout by default.
        self._sdk = genai.Client(
            api_key=key or "none",
            enterprise=False,
            http_options=genai.types.HttpOptions(
                base_url=provider.endpoint,
                timeout=_milliseconds(provider.timeout),
                httpx_client=http_client(provider, clock),
            ),
        )

    def send(self, request: ModelRequest, timeout: float) -> str:
        """Send once and return the body of the answer. Raises Failure."""
        from google.genai import types

        config = generation_config(request)
        config.http_options = types.HttpOptions(timeout=_milliseconds(timeout))
        config.should_return_http_response = True  # the raw body: it is stored before it is parsed
        with _failures(self.provider, request.model):
            response = self._sdk.models.generate_content(model=request.model, contents=contents(request), config=config)
        http = response.sdk_http_response
        return (http.body if http else None) or ""

    def submit_batch(self, title: str, model: str, requests: dict[str, ModelRequest]) -> str:
        """Start a batch job over requests by key and return its name. Raises Failure."""
        from google.genai import types

        source = [
            types.InlinedRequest(
                model=request.model,
                contents=contents(request),
                metadata={"key": key},
                config=generation_config(request),
            )
            for key, request in requests.items()
        ]
        with _failures(self.provider, model):
            job = self._sdk.batches.create(
                model=model, src=source, config=types.CreateBatchJobConfig(display_name=title)
            )
        return job.name or ""

    def find_batch(self, title: str) -> str | None:
        """The name of the job with this title, or None. Raises Failure."""
        with _failures(self.provider, "batches"):
            return next((job.name for job in self._sdk.batches.list() if job.display_name == title), None)

    def collect_batch(self, name: str) -> dict[str, str] | None:
        """The answers of a finished job by key, as JSON; None if it is not finished.

        Failed requests are left out: all of them if the job failed, was cancelled, expired or was deleted. Raises Failure.
        """
        from google.genai import errors

        job, state = None, "forgotten"
        with _failures(self.provider, "batches"):
            try:
                job = self._sdk.batches.get(name=name)
            except errors.ClientError as error:
                if error.code != 404:
                    raise
        if job is not None:
            if not job.done:
                return None
            state = job.state.value if job.state else "?"
        if job is None or state not in ("JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED"):
            logger.warning("The batch job %s of %s ended as %s.", name, self.provider.name, state)
            return {}
        answers = {}
        for item in (job.dest.inlined_responses if job.dest else None) or []:
            key = (item.metadata or {}).get("key")
            if key and item.response:
                answers[key] = item.response.model_dump_json(by_alias=True, exclude_none=True)
        return answers

    def close(self) -> None:
        self._sdk.close()


def contents(request: ModelRequest) -> Any:
    """The turns of the conversation for the SDK."""
    from google.genai import types

    parts = [
        types.Part.from_bytes(data=part.content, mime_type=part.media_type)
        if isinstance(part, Media)
        else types.Part.from_text(text=part)
        for part in request.parts
    ]
    turns = [types.Content(role="user", parts=parts)]
    for repair in request.repairs:
        turns.append(types.Content(role="model", parts=[types.Part.from_text(text=repair.reply)]))
        turns.append(types.Content(role="user", parts=[types.Part.from_text(text=repair.complaint)]))
    return turns


def generation_config(request: ModelRequest) -> Any:
    """The settings of a request. No temperature unless configured: Gemini 3 deprecates it."""
    from google.genai import types

    options = dict(request.options)
    level = options.pop("thinking_level", None)
    return types.GenerateContentConfig(
        system_instruction=request.instructions,
        response_mime_type="application/json",
        response_json_schema=dict(request.json_schema),
        max_output_tokens=request.max_output_tokens,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(thinking_level=level) if level else None,
        **options,
    )


def parse_reply(body: Any) -> ModelReply:
    """Parse a body of generateContent; none of its parts is required. Raises ValueError if it is something else."""
    if not {"candidates", "promptFeedback", "usageMetadata"} & body.keys():
        raise ValueError("not a reply of generateContent")
    candidate = (body.get("candidates") or [{}])[0]
    blocked = (body.get("promptFeedback") or {}).get("blockReason")
    reason = blocked or candidate.get("finishReason")
    parts = (candidate.get("content") or {}).get("parts") or []
    text = "".join(part.get("text") or "" for part in parts if not part.get("thought")) or None
    return ModelReply(
        text=text,
        finish=_finish(text, reason, blocked=bool(blocked)),
        detail=reason,
        usage=_usage(body.get("usageMetadata")),
        model_version=body.get("modelVersion"),
        tokens=tuple(
            Token(text=token.get("token") or "", logprob=token.get("logProbability") or 0.0)
            for token in (candidate.get("logprobsResult") or {}).get("chosenCandidates") or []
        ),
    )


def _finish(text: str | None, reason: str | None, *, blocked: bool) -> Finish:
    if blocked or reason in BLOCKED:
        return "blocked"
    if reason == "MAX_TOKENS":
        return "truncated"
    return "complete" if text else "empty"


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    return Usage.counted(
        input=usage.get("promptTokenCount"),
        cached=usage.get("cachedContentTokenCount") or 0,
        output=usage.get("candidatesTokenCount") or 0,
        thoughts=usage.get("thoughtsTokenCount") or 0,
    )


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


class _failures:
    """Turns the SDK's exceptions into ours. The SDK's carry the request with the key: none of them leaves this block."""

    def __init__(self, provider: Provider, model: str) -> None:
        self._provider, self._model = provider, model

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> Failure:
        import httpx2
        from google.genai import errors

        from ocr_pipeline.models.transport import UnreadableAnswer

        if isinstance(error, errors.APIError):
            headers = dict(getattr(error.response, "headers", None) or {})
            return http_failure(self._provider, self._model, error.code, error.details, headers)
        if isinstance(error, httpx2.TimeoutException):
            return connection_failure(self._provider, "did not answer in time")
        if isinstance(error, httpx2.ConnectError):
            return no_connection(self._provider)
        if isinstance(error, UnreadableAnswer):
            return unreadable_answer(self._provider, str(error))
        if isinstance(error, httpx2.TransportError):
            return connection_failure(self._provider, "closed the connection")
        if isinstance(error, ValueError):  # json.JSONDecodeError among them
            return unreadable_answer(self._provider, "sent an invalid answer")
        raise error
