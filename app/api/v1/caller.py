"""Which program calls, for which site, and whether it may call once more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.access.principal import Principal, principal_of
from app.api.v1.errors import ApiError, too_many
from app.api.v1.tokens import service_of
from app.db.rates import count
from app.db.service_tokens import Allowance, allowance, taken
from app.wiring import Services

MINUTE_S, DAY_S = 60, 24 * 60 * 60
BEARER = HTTPBearer(
    auto_error=False, scheme_name="service token", description="A token that `parley token add` prints once."
)
NO_TOKEN = "Give a service token in the header `Authorization: Bearer …`; `parley token add` on the server makes one."  # noqa: S105 - a sentence
BAD_TOKEN = "This service token is unknown, has expired or was revoked; `parley token add` makes a new one."  # noqa: S105


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


Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
CallerOf = Callable[[Request, HTTPAuthorizationCredentials | None], Awaitable[Caller]]


def calling(services: Services, scope: str | None = None) -> CallerOf:
    """A dependency that gives the caller.

    Args:
        scope: what the token must be good for; each such call counts towards its limits. None: any token, not counted.
    """

    async def caller(request: Request, credentials: Credentials) -> Caller:
        principal = principal_of(request)
        if principal.kind == "nobody" and credentials is not None:
            principal = await service_of(services, credentials.credentials) or principal
        if principal.kind != "service" or principal.id is None:
            raise ApiError(401, BAD_TOKEN if credentials else NO_TOKEN, code="invalid_api_key")
        if scope is not None and scope not in principal.scopes:
            raise ApiError(
                403, f"This service token is not for {scope}; make one with `--scope {scope}`.", code="missing_scope"
            )
        return await _admit(services, principal, principal.id, counted=scope is not None)

    return caller


async def _admit(services: Services, principal: Principal, token_id: UUID, *, counted: bool) -> Caller:
    async with services.sessions.begin() as session:
        allowed = await allowance(session, token_id)
        if allowed is None or not principal.may_see(allowed.site_id):
            raise ApiError(401, BAD_TOKEN, code="invalid_api_key")
        if not counted:
            return _caller(token_id, allowed, {})
        minute, day = f"api-minute:{token_id}", f"api-day:{token_id}"
        for key, window, most, window_s in (
            (minute, "minute", allowed.per_minute, MINUTE_S),
            (day, "day", allowed.per_day, DAY_S),
        ):
            wait_s = await count(session, key, most=most, window_s=window_s)
            if wait_s is not None:
                left = _left(most, most, wait_s)
                sentence = (
                    f"This service token may be used {most:,} times a {window}; try again in {wait_s:.0f} seconds."
                )
                break
        else:
            return _caller(token_id, allowed, _left(allowed.per_minute, *await taken(session, minute)))
    raise too_many(sentence, wait_s=wait_s, headers=left)


def _caller(token_id: UUID, allowed: Allowance, headers: dict[str, str]) -> Caller:
    return Caller(token_id, allowed.site_id, allowed.site, allowed.site_made_at, headers)


def _left(most: int, used: int, reset_s: float) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(most),
        "x-ratelimit-remaining-requests": str(max(most - used, 0)),
        "x-ratelimit-reset-requests": f"{reset_s:.0f}s",
    }
