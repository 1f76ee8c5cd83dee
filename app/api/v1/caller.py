"""Which program calls, for which site, and whether it may call once more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import principal_of
from app.api.v1.errors import ApiError, too_many
from app.db.rates import count
from app.db.service_tokens import Allowance, allowance, taken
from app.wiring import Services

MINUTE_S, DAY_S = 60, 24 * 60 * 60
BEARER = HTTPBearer(
    auto_error=False, scheme_name="service token", description="A token that `parley token add` prints once."
)
"""For OpenAPI. The gate has read the token before."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A program. `headers` say what is left of its limits."""

    token_id: UUID
    site_id: int
    site: str
    site_made_at: datetime
    headers: dict[str, str]

    def must_be(self, model: str) -> None:
        """Refuse any model but the token's own site."""
        if model != self.site:
            raise ApiError(
                404,
                f"The model `{model[:80]}` does not exist or this token may not use it; "
                f"the model is the name of the token's site: `{self.site}`.",
                param="model",
                code="model_not_found",
            )


def calling(services: Services, *, counted: bool) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency that gives the caller, whom the gate has let through; `counted` calls count towards its limits."""

    async def caller(request: Request) -> Caller:
        token_id = principal_of(request).id
        assert token_id is not None  # noqa: S101 - routes below /v1 are for service tokens only
        async with services.sessions.begin() as session:
            allowed = await allowance(session, token_id)
            if allowed is None:
                raise ApiError(401, "This service token is gone.", code="invalid_api_key")
            headers = await _count(session, token_id, allowed) if counted else {}
        return Caller(token_id, allowed.site_id, allowed.site, allowed.site_made_at, headers)

    return caller


async def _count(session: AsyncSession, token_id: UUID, allowed: Allowance) -> dict[str, str]:
    """Count a call, and say what is left.

    Raises:
        ApiError: the token may not be used again just now.
    """
    minute, day = f"api-minute:{token_id}", f"api-day:{token_id}"
    for key, window, most, window_s in (
        (minute, "minute", allowed.per_minute, MINUTE_S),
        (day, "day", allowed.per_day, DAY_S),
    ):
        wait_s = await count(session, key, most=most, window_s=window_s)
        if wait_s is not None:
            sentence = f"This service token may be used {most:,} times a {window}; try again in {wait_s:.0f} seconds."
            raise too_many(sentence, wait_s=wait_s, headers=_left(most, most, wait_s))
    return _left(allowed.per_minute, *await taken(session, minute))


def _left(most: int, used: int, reset_s: float) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(most),
        "x-ratelimit-remaining-requests": str(max(most - used, 0)),
        "x-ratelimit-reset-requests": f"{reset_s:.0f}s",
    }
