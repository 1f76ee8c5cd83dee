"""What the ledger says: tries, answers, tokens and money by day, site and model."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

from sqlalchemy import Date, Label, RowMapping, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.tables import Site, Usage
from graph.events import ANSWERED

Column = Literal["day", "site", "model"]
COLUMNS: tuple[Column, ...] = get_args(Column)


@dataclass(frozen=True, slots=True)
class Taken:
    """What some tries took.

    Attributes:
        answers: tries that gave an answer.
        estimated: tries whose tokens the provider did not count.
        unpriced: tries whose price nobody knows; `cost_usd` is that of the others.
    """

    tries: int = 0
    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: int = 0
    unpriced: int = 0
    cost_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What was taken on a day (of UTC), by a site, of a model; None for what was not asked apart."""

    day: date | None
    site: str | None
    model: str | None
    taken: Taken


def total(rows: Sequence[UsageRow]) -> Taken:
    """The sum of rows, exact to the last digit of the ledger."""
    fields = ("tries", "answers", "input_tokens", "output_tokens", "estimated", "unpriced")
    counts = {name: sum(getattr(row.taken, name) for row in rows) for name in fields}
    return Taken(**counts, cost_usd=sum((row.taken.cost_usd for row in rows), Decimal(0)))


async def usage_by(
    session: AsyncSession, columns: Collection[Column], *, site_id: int | None = None, days: int = 30
) -> list[UsageRow]:
    """What was taken by each of some columns, in their order.

    Args:
        columns: what is told apart; none: nothing, in one row.
        site_id: of this site only.
        days: of this many days of UTC, of which today is the last.
    """
    found: dict[Column, Label[Any]] = {
        "day": cast(func.timezone("UTC", Usage.created_at), Date).label("day"),
        "site": Site.name.label("site"),
        "model": Usage.route.label("model"),  # its name in the settings
    }
    by = [found[column] for column in COLUMNS if column in columns]
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    statement = (
        select(
            *by,
            func.count().label("tries"),
            func.count().filter(Usage.outcome == ANSWERED).label("answers"),
            func.coalesce(func.sum(Usage.input_tokens), 0).label("input_tokens"),
            func.coalesce(func.sum(Usage.output_tokens), 0).label("output_tokens"),
            func.count().filter(Usage.estimated).label("estimated"),
            func.count().filter(Usage.cost_usd.is_(None)).label("unpriced"),
            func.coalesce(func.sum(Usage.cost_usd), 0).label("cost_usd"),
        )
        .join(Site, Site.id == Usage.site_id)
        .where(Usage.created_at >= today - timedelta(days=days - 1))
        .group_by(*by)
        .order_by(*by)
    )
    if site_id is not None:
        statement = statement.where(Usage.site_id == site_id)
    return [_row(line) for line in (await session.execute(statement)).mappings()]


def _row(line: RowMapping) -> UsageRow:
    values: dict[str, Any] = {**line}
    keys = {column: values.pop(column, None) for column in COLUMNS}
    counts = {name: int(value) for name, value in values.items() if name != "cost_usd"}
    return UsageRow(**keys, taken=Taken(**counts, cost_usd=values["cost_usd"]))
