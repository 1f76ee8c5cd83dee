"""`/metrics`, for Prometheus: with a bearer token or, without one in the settings, for this machine alone."""

import hmac
import logging
from http import HTTPStatus
from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers

from app.wiring import Services

FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
"""A request with one of these came through a proxy on this machine, from who knows where."""
log = logging.getLogger(__name__)


def metrics_routes(services: Services) -> APIRouter:
    """The one route."""
    router = APIRouter(include_in_schema=False)
    token = services.settings.metrics.token

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        if token is not None and not _shows(request.headers, token.get_secret_value()):
            sentence = "Show the token that metrics.token sets, as `Authorization: Bearer …`."
            return _refused(HTTPStatus.UNAUTHORIZED, sentence, {"WWW-Authenticate": "Bearer"})
        if token is None and not _from_here(request):
            return _refused(HTTPStatus.FORBIDDEN, "Metrics are for this machine only; set metrics.token for others.")
        try:
            breakers = await services.breakers.open()
        except SQLAlchemyError as error:
            log.warning("the metrics lack the breakers", extra={"error": type(error).__name__})
            breakers = None
        text = services.metrics.text(services.models, breakers)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})

    return router


def _shows(headers: Headers, token: str) -> bool:
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())


def _from_here(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _refused(status: HTTPStatus, sentence: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": sentence}, status, headers=headers)
