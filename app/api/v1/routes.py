"""The routes below `/v1`."""

from fastapi import APIRouter, Security

from app.api.v1.caller import BEARER
from app.api.v1.chat import add_chat
from app.api.v1.embeddings import add_embeddings
from app.api.v1.errors import RESPONSES, V1Route
from app.api.v1.models import add_models
from app.wiring import Services


def v1_routes(services: Services) -> APIRouter:
    """All of them, described for OpenAPI."""
    router = APIRouter(
        prefix="/v1", route_class=V1Route, responses=RESPONSES, tags=["v1"], dependencies=[Security(BEARER)]
    )
    add_chat(router, services)
    add_embeddings(router, services)
    add_models(router, services)
    return router
