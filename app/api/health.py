"""Whether the process lives, and whether it can answer."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text

from app.db.faults import DATABASE_FAULTS
from app.db.migrate import pending
from app.loading import offload_of
from app.wiring import Services

CHECK_S = 3.0


def health_routes(services: Services) -> APIRouter:
    """`/healthz` for who restarts the process, `/readyz` for who sends visitors to it."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> JSONResponse:
        return JSONResponse({"alive": True})

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        checks = await readiness(services)
        ready = all(well for name, well in checks.items() if name != "model")
        models = await model_states(services, reachable=checks["database"])
        encoder = await encoder_state(services, reachable=ready)
        body = {"ready": ready, **checks, "models": models, "encoder": encoder}
        return JSONResponse(body, 200 if ready else 503, headers={"Cache-Control": "no-store"})

    return router


async def readiness(services: Services) -> dict[str, bool]:
    """What is well. Without a model the documents are still quoted, so `model` alone does not make it unready."""
    try:
        async with asyncio.timeout(CHECK_S):
            async with services.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
            reachable, migrated = True, not await pending(services.engine)
    except Exception:  # noqa: BLE001 - whatever it is, the database cannot be used
        reachable, migrated = False, False
    return {"database": reachable, "migrations": migrated, "model": bool(services.models)}


async def model_states(services: Services, *, reachable: bool) -> list[dict[str, object]]:
    """Each model of the chain, then each encoder: why it is not asked, if it is not, and how much is on a GPU.

    A model that is not asked does not make the process unready: the next one answers, or the documents do.
    """
    try:
        closed = await services.breakers.open() if reachable else {}
    except DATABASE_FAULTS:
        closed = {}
    states: list[dict[str, object]] = []
    for route in services.models:
        state = _state(route.name, closed)
        if (offload := offload_of(route)) is not None:
            state["gpu_layers"], state["layers"] = offload.layers, offload.of
        states.append(state)
    return states + [_state(encoder.route, closed) for encoder in services.embedders.of(())]


async def encoder_state(services: Services, *, reachable: bool) -> dict[str, object]:
    """What the installed encoder has not seen: so many passages, searched by others until then, or not found at all.

    It does not make the process unready: others would not find more.
    """
    state: dict[str, object] = {"name": services.encoder.name}
    if not reachable:
        return state
    try:
        async with asyncio.timeout(CHECK_S):
            sites = await services.stand_in.unfinished()
    except (TimeoutError, *DATABASE_FAULTS):
        return state
    return state | {
        "unseen": sum(site.unseen for site in sites),
        "not_found": sum(site.not_found for site in sites),
        "searched_by": sorted({site.by for site in sites if site.by}),
    }


def _state(route: str, closed: Mapping[str, str]) -> dict[str, object]:
    why = {"reason": closed[route]} if route in closed else {}
    return {"name": route, "asked": not why, **why}
