"""What programs may use, described by OpenAPI: the API and the widget's routes, without Chainlit's and the pages."""

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

DESCRIBED = ("/v1/", "/widget/")


def description_of(app: FastAPI) -> APIRouter:
    """The route of the description. It is made when it is first asked for, when all routes are there."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def openapi() -> JSONResponse:
        if app.openapi_schema is None:
            routes = [route for route in app.routes if getattr(route, "path", "").startswith(DESCRIBED)]
            app.openapi_schema = get_openapi(title=app.title, version=app.version, routes=routes)
        return JSONResponse(app.openapi_schema)

    return router
