"""Every error that Parley raises on purpose. A docstring is the default message: one sentence that says what to do."""

from inspect import cleandoc


class ParleyError(Exception):
    """Something in Parley failed; its log names the trace."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or cleandoc(type(self).__doc__ or ""))


class ConfigError(ParleyError):
    """The configuration cannot be used; correct the key that is named."""


class VisitorError(ParleyError):
    """That did not work. Please try again."""

    retry_after_s: float | None = None
    """When it may be tried again, if that is known."""
    again = True
    """Whether the same message may be taken at another time."""


class EmptyMessage(VisitorError):
    """Your message is empty. Please write a question."""

    again = False


class MessageTooLong(VisitorError):
    """Your message is too long. Please shorten it."""

    again = False


class AttachmentRefused(VisitorError):
    """That file cannot be read here."""


class TooManyRequests(VisitorError):
    """You have asked as much as you may for now. Please try again later."""

    def __init__(self, message: str | None = None, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnknownSite(VisitorError):
    """There is no such site; `parley ingest --site NAME` makes one."""


class OurFault(VisitorError):
    """Something went wrong on our side. Please try again."""


class StorageDown(VisitorError):
    """Our records cannot be reached just now. Please try again in a minute."""


class GuardDown(VisitorError):
    """A safety check could not run, so your message was not processed. Please try again in a minute."""


class ModelFault(ParleyError):
    """A model did not give a whole answer. Vendor errors are translated into these once, where they arise."""

    #: What the visitor's notice and the trace call it.
    label = "failed"


class ToolFailed(ParleyError):
    """The tool gave no result."""


class QuotaExhausted(ModelFault):
    """The account of the hosted model is over its quota."""

    label = "over quota"

    def __init__(self, message: str | None = None, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RateLimited(ModelFault):
    """The hosted model asks to wait."""

    label = "busy"

    def __init__(self, message: str | None = None, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Busy(ModelFault):
    """The local model has as many requests as it takes."""

    label = "busy"


class Unreachable(ModelFault):
    """The model's server cannot be reached."""

    label = "out of reach"


class ServerFault(ModelFault):
    """The model's server failed."""

    label = "failing"


class KeyRefused(ModelFault):
    """The model's server refused the key; check OPENAI_API_KEY."""

    label = "not accepting our key"


class TooSlow(ModelFault):
    """The model did not answer in time."""

    label = "too slow"


class StreamCut(ModelFault):
    """The model's answer broke off."""

    label = "cut off"


class RequestRefused(ModelFault):
    """The model's server refused the request."""

    label = "refusing the request"


class ContextExceeded(RequestRefused):
    """The conversation is too long for the model."""

    label = "too small for this conversation"


class ContentRefused(ModelFault):
    """The model's server refused the content by its policy. No other model is asked to say it all the same."""

    label = "declining the content"
