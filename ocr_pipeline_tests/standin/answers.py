"""What the stand-in answers: one function per scenario and protocol. An answer is (status, headers, body)."""

import json
import random
import re
from typing import Any

Answer = tuple[int, dict[str, str], str]

INVOICE: dict[str, Any] = {
    "document_type": "receipt",
    "supplier_name": "Stand-In Supplies",
    "supplier_address": None,
    "supplier_tax_id": None,
    "receiver_name": None,
    "receiver_tax_id": None,
    "invoice_id": None,
    "invoice_date": "2026-03-04",
    "due_date": None,
    "purchase_order": None,
    "currency": "EUR",
    "net_amount": None,
    "total_tax_amount": None,
    "total_amount": "1.00",
    "amount_due": None,
    "tax_lines": [],
    "line_items": [],
}

PLACES = [
    {"field": "total_amount", "page": 1, "box_2d": [800, 600, 820, 800]},
    {"field": "invoice_date", "page": 2, "box_2d": [100, 100, 120, 300]},
    {"field": "supplier_name", "page": 1, "box_2d": [100, 900, 120, 300]},
    {"field": "due_date", "page": 1, "box_2d": [100, 100, 120, 300]},
    {"field": "nonsense", "page": "x", "box_2d": None},
]
"""Two places of values, one that is inside out, one of a value that is not given, and nonsense."""

HTML = "<html><body>502 Bad Gateway</body></html>"
VERSION = "stand-in-001"
PROMPT_TOKENS = 1000
"""Of every call of Gemini."""


def invoice_for(text: str) -> dict[str, Any]:
    """An invoice whose total is the first amount in the request, so that a test can tell whose answer it is."""
    amount = re.search(r"\b\d+\.\d\d\b", text)
    return {**INVOICE, "total_amount": amount[0] if amount else "1.00"}


def varied(scenario: str, text: str) -> str:
    """An answer to the same question that depends on the scenario, `varied-SEED-NUMBER`: half of them have another total."""
    invoice = invoice_for(text)
    if random.Random(f"{scenario} {text}").random() < 0.5:
        invoice["total_amount"] = f"9{invoice['total_amount']}"
    return json.dumps(invoice)


def content_for(schema: dict[str, Any] | None, text: str) -> dict[str, Any]:
    """What is asked for: an invoice, or values for another response schema: texts that name their property, the first option,
    true, a date, and the first amount in the request; one row for each list."""
    properties = (schema or {}).get("properties", {})
    if not properties or "tax_lines" in properties:
        return invoice_for(text)
    amount = re.search(r"\b\d+\.\d\d\b", text)
    return {name: _value(name, part, amount[0] if amount else "1.00") for name, part in properties.items()}


def _value(name: str, part: dict[str, Any], amount: str) -> Any:
    types = {part.get("type")} if isinstance(part.get("type"), str) else set(part.get("type", []))
    if "array" in types:
        return [{column: _value(column, entry, amount) for column, entry in part["items"]["properties"].items()}]
    if "anyOf" in part:
        return part["anyOf"][0]["enum"][0]
    if "boolean" in types:
        return True
    if "YYYY-MM-DD" in part.get("description", ""):
        return "2026-03-04"
    is_number = any(word in name for word in ("amount", "quantity", "weight", "value", "fee", "freight", "total"))
    return amount if is_number else f"stand-in {name}"


def reply_text(scenario: str, text: str, content: dict[str, Any] | None = None) -> str | None:
    """What the model writes. `content`: the values, default those of an invoice."""
    if scenario.startswith("varied-"):
        return varied(scenario, text)
    good = json.dumps(content or invoice_for(text))
    return {
        "broken_reply": good[: len(good) // 2],
        "schema_breaking": json.dumps({**(content or invoice_for(text)), **_broken(content)}),
        "ok_true": '{"ok": true}',
        "boxed": json.dumps({**invoice_for(text), "places": PLACES}),
        "prose": "I am sorry, I cannot read this SECRET.",
        "fenced": f"```json\n{good}\n```",
        "thoughts_only": None,
        "empty": None,
        "truncated": good[:40],
        "safety": None,
        "recitation": None,
        "worse": json.dumps({**INVOICE, "total_amount": "9999.99"}),
        "key_repeated": json.dumps(
            {**invoice_for(text), "supplier_name": "CANARY-KEY", "invoice_id": "Q0FOQVJZLUtFWQ=="}
        ),
        "surrogate": '{"supplier_name": "\ud83d"}',
    }.get(scenario, good)


def _broken(content: dict[str, Any] | None) -> dict[str, Any]:
    """Values that no schema allows, for every property of another one than that of invoices."""
    if content is None or "tax_lines" in content:
        return {"total_amount": "RM 12 SECRET", "tax_lines": "none"}
    return {name: {"SECRET": 1} for name in content}


def gemini(scenario: str, text: str, content: dict[str, Any] | None = None) -> Answer:
    """An answer of generateContent."""
    body: dict[str, Any] = gemini_body(scenario, text, content)
    match scenario:
        case "rate_limited":
            info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.3s"}
            return _google_error(429, "RESOURCE_EXHAUSTED", info)
        case "quota_of_the_day":
            quota = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}
            details = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [quota]}
            info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "45.8s"}
            return _google_error(429, "RESOURCE_EXHAUSTED", details, info)
        case "wrong_key":
            info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
            return _google_error(400, "INVALID_ARGUMENT", info)
        case "unauthorized":
            return _google_error(401, "UNAUTHENTICATED")
        case "missing_key":
            return _google_error(403, "PERMISSION_DENIED")
        case "unknown_model":
            return _google_error(404, "NOT_FOUND")
        case "wrong_place":
            return _google_error(400, "FAILED_PRECONDITION")
        case "refused":
            return _google_error(400, "INVALID_ARGUMENT")
        case "error_500":
            return _google_error(500, "INTERNAL")
        case "unavailable_503":
            return _google_error(503, "UNAVAILABLE")
    return _transport(scenario) or (200, {}, json.dumps(body))


def gemini_body(scenario: str, text: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON of a GenerateContentResponse."""
    usage = {
        "promptTokenCount": PROMPT_TOKENS,
        "cachedContentTokenCount": 200,
        "candidatesTokenCount": 300,
        "thoughtsTokenCount": 50,
        "totalTokenCount": PROMPT_TOKENS + 350,
    }
    body: dict[str, Any] = {"usageMetadata": usage, "modelVersion": VERSION, "responseId": "r1"}
    if scenario == "prompt_block":
        body["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
        return body
    reason = {
        "truncated": "MAX_TOKENS",
        "thoughts_only": "MAX_TOKENS",
        "safety": "SAFETY",
        "recitation": "RECITATION",
    }.get(scenario, "STOP")
    written = reply_text(scenario, text, content)
    parts = [{"text": "Let me think.", "thought": True}]
    parts += [{"text": written}] if written is not None else []
    candidate: dict[str, Any] = {"finishReason": reason, "index": 0}
    if scenario not in ("safety", "recitation", "empty"):
        candidate["content"] = {"role": "model", "parts": parts}
    body["candidates"] = [candidate]
    if scenario == "no_usage":
        del body["usageMetadata"]
    return body


def openai(scenario: str, text: str, content: dict[str, Any] | None = None) -> Answer:
    """An answer of chat/completions."""
    reason = {"truncated": "length", "thoughts_only": "length", "safety": "content_filter"}.get(scenario, "stop")
    message = {"role": "assistant", "content": reply_text(scenario, text, content), "refusal": None}
    body: dict[str, Any] = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": VERSION,
        "choices": [{"index": 0, "finish_reason": reason, "message": message}],
        "usage": {
            "prompt_tokens": 1000,
            "completion_tokens": 350,
            "total_tokens": 1350,
            "prompt_tokens_details": {"cached_tokens": 200},
            "completion_tokens_details": {"reasoning_tokens": 50},
        },
    }
    match scenario:
        case "rate_limited":
            return _openai_error(429, "rate_limit_exceeded", {"retry-after": "0.3"})
        case "quota_of_the_day":
            return _openai_error(429, "insufficient_quota")
        case "wrong_key" | "missing_key":
            return _openai_error(401, "invalid_api_key")
        case "unknown_model":
            return _openai_error(404, "model_not_found")
        case "prompt_block":
            return _openai_error(400, "content_filter")
        case "refused":
            return _openai_error(400, "invalid_request_error")
        case "error_500":
            return _openai_error(500, "server_error")
        case "unavailable_503":
            return _openai_error(503, "overloaded")
        case "no_usage":
            body["usage"] = None
        case "empty":
            body["choices"] = []
    return _transport(scenario) or (200, {}, json.dumps(body))


def tokens(text: str) -> list[str]:
    """A text as a model's tokens: words, numbers, marks."""
    return re.findall(r"\w+|\s+|.", text)


def with_logprobs(body: dict[str, Any]) -> dict[str, Any]:
    """A body with the log probabilities of its tokens: of numbers -0.25, of everything else 0."""
    if "candidates" in body:
        text = body["candidates"][0]["content"]["parts"][-1]["text"]
        chosen = [{"token": one, "logProbability": -0.25 if one.isdigit() else 0.0} for one in tokens(text)]
        body["candidates"][0]["logprobsResult"] = {"chosenCandidates": chosen}
    else:
        text = body["choices"][0]["message"]["content"]
        content = [{"token": one, "logprob": -0.25 if one.isdigit() else 0.0} for one in tokens(text)]
        body["choices"][0]["logprobs"] = {"content": content}
    return body


def _transport(scenario: str) -> Answer | None:
    if scenario == "html_502":
        return 502, {"content-type": "text/html"}, HTML
    if scenario == "broken_json":
        return 200, {}, '{"candidates": [{"content'
    if scenario == "array":
        return 200, {}, "[]"
    if scenario == "html_200":
        return 200, {"content-type": "text/html"}, HTML
    if scenario == "error_200":
        return 200, {}, json.dumps({"error": {"message": "SECRET upstream error", "code": 503}})
    if scenario == "odd_shape":
        return 200, {}, json.dumps({"candidates": ["SECRET"], "choices": ["SECRET"]})
    return None


def _google_error(status: int, name: str, *details: dict[str, Any]) -> Answer:
    # Servers do repeat what they got: none of it may come out anywhere.
    message = "Your key CANARY-KEY and your document SECRET are not to my liking."
    error = {"code": status, "status": name, "message": message, "details": list(details)}
    return status, {}, json.dumps({"error": error})


def _openai_error(status: int, code: str, headers: dict[str, str] | None = None) -> Answer:
    message = "Incorrect API key provided: CANARY-KEY, for SECRET."
    return status, headers or {}, json.dumps({"error": {"message": message, "type": code, "code": code}})
