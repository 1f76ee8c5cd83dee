"""The ledger: a line and a span for every try of a model, and what each site has spent by day and month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.spend import add_spent
from app.db.tables import Span, Usage
from graph.events import Usage as Used


@dataclass(frozen=True, slots=True)
class Priced:
    """A try and its price in US dollars; None when nobody knows it."""

    used: Used
    cost_usd: Decimal | None


async def enter(session: AsyncSession, site_id: int, trace_id: UUID | None, tries: Sequence[Priced]) -> None:
    """Write a turn's tries into the ledger, add them to what the site has spent, and store a span for each.

    A route that was passed over gets a line and a span, too; it took nothing. The caller commits, together with the
    trace, which must be stored before.

    Args:
        trace_id: None for what belongs to no turn. It gets no spans.
    """
    if not tries:
        return
    await session.execute(insert(Usage), [_line(site_id, trace_id, priced) for priced in tries])
    if trace_id is not None:
        await session.execute(insert(Span), [_span(site_id, trace_id, priced.used) for priced in tries])
    cost = sum((priced.cost_usd for priced in tries if priced.cost_usd is not None), Decimal(0))
    tokens = sum(priced.used.input_tokens + priced.used.output_tokens for priced in tries)
    if cost or tokens:
        await add_spent(session, site_id, cost, tokens)


def _line(site_id: int, trace_id: UUID | None, priced: Priced) -> dict[str, object]:
    used = priced.used
    return {
        "site_id": site_id,
        "trace_id": trace_id,
        "route": used.route or used.model,
        "outcome": used.outcome,
        "model": used.model,
        "rung": used.rung,
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "estimated": used.estimated,
        "cost_usd": priced.cost_usd,
    }


def _span(site_id: int, trace_id: UUID, used: Used) -> dict[str, object]:
    tokens = used.input_tokens + used.output_tokens
    return {
        "site_id": site_id,
        "trace_id": trace_id,
        "name": "model",
        "detail": f"{used.route or used.model} · {used.outcome} · {tokens} tokens",
        "started_at": used.began_at or datetime.now(UTC),
        "duration_ms": used.duration_ms,
    }
