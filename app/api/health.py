"""Whether the process lives, and whether it can answer."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text

from app.db.migrate import pending
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
        return JSONResponse({"ready": ready, **checks}, 200 if ready else 503, headers={"Cache-Control": "no-store"})

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
