"""What a site may still spend, and which models that leaves.

Turns that run at the same moment do not see each other's cost: a budget can be passed by what was under way.
"""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.spend import Spent, spent
from app.sites.book import SiteView
from app.sites.config import Budget
from graph.context import ModelRoute

Tier = Literal["within", "soft", "hard"]
"""Whether a site is within its budget, past the share that only small models may go on from, or at its end."""


async def tier_of(sessions: async_sessionmaker[AsyncSession], site: SiteView) -> Tier:
    """Where a site stands just now; one that has no budget is always within it."""
    budget = site.config.budget
    if budget.day_usd is None and budget.month_usd is None:
        return "within"
    async with sessions() as session:
        return tier(budget, await spent(session, site.id))


def tier(budget: Budget, so_far: Spent) -> Tier:
    """Where what was spent stands: the day or the month, whichever is worse."""
    pairs = ((budget.day_usd, so_far.day_usd), (budget.month_usd, so_far.month_usd))
    share = max((used / most for most, used in pairs if most is not None), default=None)
    if share is None or share < budget.soft:
        return "within"
    return "soft" if share < 1 else "hard"


def affordable(routes: Sequence[ModelRoute], tier: Tier) -> tuple[ModelRoute, ...]:
    """The routes that may be asked.

    Past the soft limit these are the small ones and those on the own network, or all if no hosted one is marked small;
    at the hard one only those on the own network, which cost nothing.
    """
    own = tuple(route for route in routes if route.rung == "local")
    match tier:
        case "hard":
            return own
        case "soft" if any(route.small for route in routes if route.rung == "hosted"):
            return tuple(route for route in routes if route.small or route.rung == "local")
    return tuple(routes)
