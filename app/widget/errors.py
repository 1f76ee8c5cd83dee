"""What the widget is told when something does not work: a code for the program, a sentence for the person."""

import logging
import math
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.db.faults import DATABASE_FAULTS
from app.db.messages import Erased, NotYourConversation
from app.live.turns import Overloaded
from graph.errors import OurFault, StorageDown, TooManyRequests, VisitorError

AGAIN_S = 5
log = logging.getLogger(__name__)


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


class WidgetRoute(APIRoute):
    """Has whatever goes wrong told in the widget's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its errors translated."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except WidgetRefused as error:
                return error.response()
            except RequestValidationError as error:
                return _misread(error).response()
            except VisitorError as error:
                return _told(error).response()
            except HTTPException as error:  # the body is no JSON or no form, in an encoding that nobody knows
                return WidgetRefused(error.status_code, "bad_request", "This request cannot be read.").response()
            except DATABASE_FAULTS:
                log.exception("the database failed a request of the widget")
                return WidgetRefused(503, "busy", str(StorageDown()), retry_after_s=AGAIN_S).response()
            except Exception:
                log.exception("a request of the widget failed")
                return WidgetRefused(500, "failed", str(OurFault())).response()

        return handled


def _misread(error: RequestValidationError) -> WidgetRefused:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
    return WidgetRefused(422, "bad_request", f"{where} cannot be used: {first['msg']}.")


def _told(error: VisitorError) -> WidgetRefused:
    match error:
        case Overloaded():
            return WidgetRefused(503, "busy", str(error), retry_after_s=AGAIN_S)
        case TooManyRequests(retry_after_s=wait_s):
            return WidgetRefused(429, "too_many", str(error), retry_after_s=wait_s)
        case Erased():
            return WidgetRefused(401, "token_refused", str(error))
        case NotYourConversation():
            return not_found("conversation")
        case _:
            return WidgetRefused(400, "bad_request", str(error))
