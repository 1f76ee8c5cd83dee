"""What programs may use, described by OpenAPI: the API and the widget's routes, without Chainlit's and the pages."""

from importlib.metadata import version

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse


def description_of(*routers: APIRouter) -> APIRouter:
    """The route of the description of these routers."""
    described = APIRouter(include_in_schema=False)
    routes = [route for router in routers for route in router.routes]
    document = get_openapi(title="Parley", version=version("parley"), routes=routes)

    @described.get("/openapi.json")
    async def openapi() -> JSONResponse:
        return JSONResponse(document)

    return described
