"""Figures of a site that may leave: counts with noise, paid from a budget that runs out."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.audit import record
from app.db.figures import By, bounded_counts, spend, spent_of
from app.db.intents import intents_in_use
from app.db.messages import Door
from app.db.tables import Site
from app.noise import noisy
from graph.errors import ParleyError
from graph.intents.load import IntentSet, read_intents
from graph.intents.starter import starter_intents

OTHER = "(other)"
MOST_DAYS = 366


class BudgetSpent(ParleyError):
    """This site's privacy budget is spent; no more figures of it can leave."""


class PeriodRefused(ParleyError):
    """The period must begin before it ends, and be no longer than a year."""


async def release(
    session: AsyncSession,
    secret: bytes,
    site: Site,
    by: By,
    since: date,
    until: date,
    *,
    epsilon: Decimal,
    most: int,
    budget: Decimal,
    actor: str,
) -> dict[str, Any]:
    """Return counts with noise, and pay for them; nothing may leave before the caller has committed.

    Which counts there are does not depend on what visitors did: every intent of the site, every day, every door.

    Args:
        since: first day, in UTC.
        until: the day after the last.
        most: so many turns of one visitor count, in all counts together.
        budget: what the site may spend in all.

    Raises:
        BudgetSpent: not so much is left.
        PeriodRefused: there is no such period.
    """
    if not 0 < (until - since).days <= MOST_DAYS:
        raise PeriodRefused
    spent = await spend(session, site.id, epsilon, budget=budget)
    if spent is None:
        left = max(Decimal(0), budget - await spent_of(session, site.id))
        raise BudgetSpent(
            f"This export would take {epsilon} of the privacy budget of the site {site.name}, of which {left} is left; "
            "ask for less with --epsilon, or do without."
        )
    names = await _NAMES[by](session, site.id, since, until)
    found = await bounded_counts(session, site.id, by, since, until, most=most)
    counts = [found.pop(name, 0) for name in names]
    if by == "intent":
        names, counts = [*names, OTHER], [*counts, sum(found.values())]
    shown, within = noisy(counts, most=most, epsilon=epsilon)
    period = {"since": since.isoformat(), "until": until.isoformat()}
    paid = {"epsilon": float(epsilon), "left": float(budget - spent)}
    details = {"by": by, "most": most, **period, **paid}
    await record(session, secret, actor=actor, action="export figures", subject=f"site {site.name}", details=details)
    return {
        "site": site.name, "by": by, **period, **paid, "most": most, "within": within,
        "counts": dict(zip(names, shown, strict=True)),
    }  # fmt: skip


async def _intents(session: AsyncSession, site_id: int, *_: date) -> list[str]:
    content = await intents_in_use(session, site_id)
    known: IntentSet = read_intents(content, where="the site's intents") if content else starter_intents()
    return sorted(intent.name for intent in known.intents)


async def _days(_: AsyncSession, __: int, since: date, until: date) -> list[str]:
    return [(since + timedelta(days=day)).isoformat() for day in range((until - since).days)]


async def _doors(*_: Any) -> list[str]:
    return sorted(get_args(Door))


_NAMES: dict[By, Callable[..., Any]] = {"intent": _intents, "day": _days, "door": _doors}
