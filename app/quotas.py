"""How much may be asked: requests and tokens of a visitor, of a site and in all, within a minute and a day."""

import math
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.quotas import Full, Quota, add, take
from app.settings_limits import Bound
from app.sites.book import SiteView
from app.turn_request import TurnRequest
from graph.errors import TooManyRequests

WINDOWS = {"minute": 60, "day": 24 * 3600}
VISITOR = "visitor"


async def admit_request(sessions: async_sessionmaker[AsyncSession], site: SiteView, request: TurnRequest) -> None:
    """Count a message against all limits that it falls under.

    Raises:
        TooManyRequests: one of them is used up; then it counts against none.
    """
    quotas = _quotas(site, request, "requests", step=1) + _quotas(site, request, "tokens", step=0)
    if not quotas:
        return
    async with sessions() as session:
        full = await take(session, quotas)
        await session.commit()
    if full is not None:
        raise TooManyRequests(_sentence(full), retry_after_s=full.wait_s)


async def count_tokens(session: AsyncSession, site: SiteView, request: TurnRequest, tokens: int) -> None:
    """Count what a turn's models took in the end. The caller commits."""
    if request.counted:
        await add(session, _quotas(site, request, "tokens", step=0), tokens)


def _quotas(site: SiteView, request: TurnRequest, what: str, *, step: int) -> list[Quota]:
    """A program's token has limits of its own, in place of a visitor's."""
    bounds: dict[str, Bound] = {f"site:{site.id}": site.limits.site, "all": site.limits.all}
    if request.door != "api":
        bounds[_visitor(request.user_id)] = site.limits.visitor
    return [
        Quota(f"{what}:{window}:{whose}", most, window_s, step)
        for whose, bound in bounds.items()
        for window, window_s in WINDOWS.items()
        if (most := getattr(bound, f"{what}_{window}"))
    ]


def _visitor(user_id: UUID) -> str:
    return f"{VISITOR}:{user_id}"


def _sentence(full: Full) -> str:
    """What a visitor reads who must wait."""
    _, window, whose, *_ = full.quota.key.split(":")
    day = window == "day"
    if whose == VISITOR:
        why = "You have asked as much as one visitor may in a day." if day else "You are asking very quickly."
    else:
        why = "No more questions can be answered today." if day else "Many people are asking just now."
    return f"{why} Please try again in {_waiting(full.wait_s)}."


def _waiting(wait_s: float) -> str:
    """A length of time as a person says it, rounded up."""
    for unit, unit_s, longest in (("second", 1, 90), ("minute", 60, 90), ("hour", 3600, 24)):
        number = math.ceil(wait_s / unit_s)
        if number <= longest:
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "a day"
