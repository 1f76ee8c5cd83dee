"""The one place where what goes wrong with a model is translated into `graph.errors.ModelFault`."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai

from graph.errors import (
    ContentRefused,
    ContextExceeded,
    KeyRefused,
    ModelFault,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    ServerFault,
    StreamCut,
    TooSlow,
    Unreachable,
)

QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
POLICY_CODES = frozenset({"content_policy_violation", "content_filter", "content_policy", "invalid_prompt"})
CONTEXT_PHRASES = ("context length", "context window", "context size", "context_length")


def translate(error: BaseException, *, streaming: bool = False) -> ModelFault:
    """Return the fault that an error of a model's library stands for.

    Messages name status and error code, never the vendor's own sentence: it may quote what people wrote.

    Args:
        error: what was raised; a `ModelFault` is returned as it is.
        streaming: whether the answer had begun, so that whatever goes wrong cuts it off.
    """
    for link in (error, error.__cause__):
        if isinstance(link, ModelFault):
            return link
    match error:
        case openai.APIStatusError():
            return _from_status(error)
        case openai.APITimeoutError() | TimeoutError():
            return TooSlow()
        case openai.APIConnectionError():
            return StreamCut() if streaming else Unreachable()
        case openai.APIError():  # an error event inside a stream
            return QuotaExhausted() if error_code(error) in QUOTA_CODES else StreamCut(_with_code(StreamCut, error))
        case ConnectionError():
            return StreamCut() if streaming else Unreachable()
    kind = type(error).__name__
    return (
        StreamCut(f"The model's answer cannot be read ({kind}).")
        if streaming
        else ModelFault(f"A model failed ({kind}).")
    )


def exceeds_context(error: openai.APIError) -> bool:
    """Whether a request was refused because it does not fit into the model's context."""
    text = f"{error_code(error)} {error.message}".lower()
    return any(phrase in text for phrase in CONTEXT_PHRASES)


def error_code(error: openai.APIError) -> str | None:
    """The vendor's short code of an error: `code`, else `type`; None if it gives neither."""
    for name in (error.code, error.type):
        if isinstance(name, str) and name:
            return name
    return None


def retry_after_s(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` header asks for: a number or an HTTP date; None if it says nothing readable."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _from_status(error: openai.APIStatusError) -> ModelFault:
    status = error.status_code
    if status == 402 or (status in {403, 429} and {error.code, error.type} & QUOTA_CODES):
        return QuotaExhausted(retry_after_s=_asked_wait_s(error))
    if status == 429:
        return RateLimited(retry_after_s=_asked_wait_s(error))
    if status in {401, 403}:
        return KeyRefused()
    if status in {408, 504}:
        return TooSlow()
    if status >= 500:
        return ServerFault(_with_code(ServerFault, error))
    if exceeds_context(error):
        return ContextExceeded()
    if {error.code, error.type} & POLICY_CODES:
        return ContentRefused()
    return RequestRefused(_with_code(RequestRefused, error))


def _asked_wait_s(error: openai.APIStatusError) -> float | None:
    milliseconds = retry_after_s(error.response.headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    return retry_after_s(error.response.headers.get("retry-after"))


def _with_code(kind: type[ModelFault], error: openai.APIError) -> str:
    status = str(error.status_code) if isinstance(error, openai.APIStatusError) else ""
    code = error_code(error) or ""
    known = " ".join(part for part in (status, code[:60] if code.replace("_", "").isalnum() else "") if part)
    sentence = str(kind())
    return f"{sentence.removesuffix('.')} ({known})." if known else sentence
