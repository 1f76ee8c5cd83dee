"""The API on a real server in the test's own event loop, and tokens for it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import FastAPI
from openai import AsyncOpenAI

from app.access.credentials import Credentials
from app.access.gate import Gate
from app.access.keys import new_token, token_hash
from app.api.description import description_of
from app.api.v1.routes import v1_routes
from app.api.v1.tokens import PREFIX
from app.db.service_tokens import add_token
from app.db.sites import ensure_site
from app.wiring import Services
from tests.serving import serving

BODY_BYTES = 100_000


@asynccontextmanager
async def served(services: Services) -> AsyncIterator[str]:
    """Yield the address below which the API is served."""
    app = FastAPI(openapi_url=None)
    routes = v1_routes(services)
    app.include_router(routes)
    app.include_router(description_of(routes))
    app.add_middleware(
        Gate,
        services=services,
        credentials=Credentials(services, "secret of the chat page"),
        origins=(),
        hosts=(),
        body_bytes=BODY_BYTES,
    )
    async with serving(lambda _: app) as url:
        yield f"{url}/v1"


async def make_token(
    services: Services,
    *,
    site: str = "shop",
    scopes: Iterable[str] = ("chat", "embeddings"),
    per_minute: int = 1000,
    per_day: int = 10_000,
    lasts: timedelta | None = None,
) -> tuple[str, UUID]:
    """Make a token; return it with its id."""
    token = new_token(PREFIX)
    async with services.sessions.begin() as session:
        token_id = await add_token(
            session,
            site_id=(await ensure_site(session, site)).id,
            name="test",
            token_hash=token_hash(token),
            scopes=scopes,
            per_minute=per_minute,
            per_day=per_day,
            expires_at=datetime.now(UTC) + lasts if lasts is not None else None,
        )
    return token, token_id


def client(url: str, token: str) -> AsyncOpenAI:
    """OpenAI's own client, which tries only once."""
    return AsyncOpenAI(base_url=url, api_key=token, max_retries=0, timeout=20)
