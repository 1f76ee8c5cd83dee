"""What the widget is told when something does not work: a code for the program, a sentence for the person."""

import math

from fastapi.responses import JSONResponse
from pydantic import BaseModel


class ErrorBody(BaseModel):
    """The inside of an error."""

    code: str
    message: str


class ErrorResponse(BaseModel):
    """Every error of the widget's routes."""

    error: ErrorBody


class WidgetRefused(Exception):
    """A request of the widget that is answered with an error."""

    def __init__(self, status: int, code: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.retry_after_s = status, code, message, retry_after_s

    def response(self) -> JSONResponse:
        """As it is sent."""
        headers = {} if self.retry_after_s is None else {"Retry-After": str(max(1, math.ceil(self.retry_after_s)))}
        return JSONResponse({"error": {"code": self.code, "message": self.message}}, self.status, headers=headers)


def not_found(what: str) -> WidgetRefused:
    """Something that does not exist, or is somebody else's."""
    return WidgetRefused(404, "not_found", f"There is no such {what}.")
