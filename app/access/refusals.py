"""How each door says no: a sentence for people, in the shape that its clients read."""

from http import HTTPStatus
from urllib.parse import quote

from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from app.api.v1.errors import ApiError
from app.widget.errors import WidgetRefused

_CODES = {400: "bad_request", 401: "token_refused", 403: "origin_not_allowed", 404: "not_found", 413: "too_large"}
SIGN_IN = "/staff/sign-in"


def refusal(
    method: str, path: str, status: HTTPStatus, sentence: str, *, code: str | None = None, wants_page: bool = False
) -> Response:
    """The answer to a request that may not pass.

    Args:
        code: for programs; by default that of the status.
        wants_page: whether a browser navigates there, so that it is led to where one signs in.
    """
    if path == "/widget" or path.startswith("/widget/"):
        return WidgetRefused(status, code or _CODES.get(status, "failed"), sentence).response()
    if path.startswith("/v1/"):
        return ApiError(status, sentence, code=code).response()
    if path.startswith("/staff") and status == HTTPStatus.UNAUTHORIZED and wants_page and method == "GET":
        return RedirectResponse(f"{SIGN_IN}?next={quote(path)}", HTTPStatus.SEE_OTHER)
    if wants_page:
        return PlainTextResponse(sentence, status)
    return JSONResponse({"detail": sentence}, status)
