"""Errors in OpenAI's shape, which its client libraries turn into their own classes by the status."""

import logging
import math
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.db.faults import DATABASE_FAULTS
from graph.errors import OurFault, ParleyError, StorageDown

AGAIN_S = 10
"""When a program may try again while our records cannot be reached."""
log = logging.getLogger(__name__)


class ErrorDetail(BaseModel):
    """What went wrong."""

    message: str = Field(description="One sentence for a person.")
    type: str = Field(description="`invalid_request_error`, `requests` or `server_error`.")
    param: str | None = Field(description="The field of the request that is meant.")
    code: str | None = Field(description="What to tell errors apart by.")


class ErrorBody(BaseModel):
    """Every answer that is not a success."""

    error: ErrorDetail


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "The request cannot be answered as it is."},
    500: {"model": ErrorBody, "description": "The answer failed on our side."},
    503: {"model": ErrorBody, "description": "Try again after the seconds in `Retry-After`."},
}
"""What OpenAPI says of errors, for every route."""


class ApiError(ParleyError):
    """The request cannot be answered."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type_: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body = ErrorBody(error=ErrorDetail(message=message, type=type_, param=param, code=code))

    def response(self) -> JSONResponse:
        """The whole answer."""
        return JSONResponse(self.body.model_dump(), self.status, headers=self.headers)


NOT_JSON = ApiError(400, "The body of the request is not JSON; send one JSON object.", code="invalid_json")


def unsupported(param: str, sentence: str) -> ApiError:
    """A request whose meaning we cannot honour."""
    return ApiError(400, sentence, param=param, code="unsupported_value")


def invalid(param: str, sentence: str, code: str = "invalid_value") -> ApiError:
    """A request with a field that cannot be used."""
    return ApiError(400, sentence, param=param, code=code)


def too_many(sentence: str, *, wait_s: float, headers: Mapping[str, str]) -> ApiError:
    """A limit of the token is used up."""
    return ApiError(
        429,
        sentence,
        type_="requests",
        code="rate_limit_exceeded",
        headers={**headers, "Retry-After": str(math.ceil(wait_s))},
    )


def failed(sentence: str, headers: Mapping[str, str] | None = None) -> ApiError:
    """The answer failed on our side."""
    return ApiError(500, sentence, type_="server_error", code="server_error", headers=headers)


def away(sentence: str) -> ApiError:
    """Something that every answer needs cannot be reached just now."""
    headers = {"Retry-After": str(AGAIN_S)}
    return ApiError(503, sentence, type_="server_error", code="service_unavailable", headers=headers)


class V1Route(APIRoute):
    """A route whose every error has OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its errors translated."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except ApiError as error:
                return error.response()
            except RequestValidationError as error:
                return _misread(error).response()
            except HTTPException as error:  # FastAPI's for all that goes wrong while it reads a body
                if isinstance(error.__cause__, ValueError | RecursionError):
                    return NOT_JSON.response()
                raise error.__cause__ or error from None
            except DATABASE_FAULTS:
                log.exception("the database failed a request")
                return away(str(StorageDown())).response()
            except Exception:
                log.exception("a request failed")
                return failed(str(OurFault())).response()

        return handled


def _misread(error: RequestValidationError) -> ApiError:
    """The first thing that is wrong with a request's body."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return NOT_JSON
    names = [part for part in first["loc"][1:] if isinstance(part, int) or part.isidentifier()]
    param = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in names).lstrip(".")
    if first["type"] == "missing":
        what = f"The field {param} is missing." if param else "The body is missing; send one JSON object."
        return ApiError(400, what, param=param or None, code="missing_required_parameter")
    why = first["msg"][0].lower() + first["msg"][1:]
    return ApiError(400, f"The field {param} cannot be used: {why}.", param=param or None, code="invalid_type")
