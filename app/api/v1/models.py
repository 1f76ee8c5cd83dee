"""`GET /v1/models`: the site that a token is for, as the one model there is."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from app.api.v1.caller import Caller, calling
from app.wiring import Services


class ModelOut(BaseModel):
    """A site."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["parley"] = "parley"


class Models(BaseModel):
    """The sites that the token is for."""

    object: Literal["list"] = "list"
    data: list[ModelOut]


def add_models(router: APIRouter, services: Services) -> None:
    """Add the routes."""

    @router.get("/models")
    async def list_models(caller: Annotated[Caller, Depends(calling(services, counted=False))]) -> Models:
        """List the models: one, the token's site."""
        return Models(data=[_model(caller)])

    @router.get("/models/{model}")
    async def retrieve_model(
        model: str, caller: Annotated[Caller, Depends(calling(services, counted=False))]
    ) -> ModelOut:
        """Describe the model."""
        caller.must_be(model)
        return _model(caller)


def _model(caller: Caller) -> ModelOut:
    return ModelOut(id=caller.site, created=int(caller.site_made_at.timestamp()))
