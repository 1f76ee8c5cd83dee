"""`parley figures …`: figures of a site that may leave."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.keys import operator
from app.cli.run import CommandFailed, on_database, run, settings_for
from app.db.figures import By
from app.db.sites import site_by_name
from app.figures import release
from app.secret import secret_of

DAYS = 30

figures = typer.Typer(help="Figures of a site that may leave, with noise.", no_args_is_help=True)


@figures.callback()
def _group() -> None:
    """Keep `export` a command of its own while it is the only one."""


@figures.command("export")
def export(
    by: Annotated[By, typer.Option(help="What turns are counted by.")],
    site: Annotated[str, typer.Option(help="Site whose turns are counted.")] = "default",
    epsilon: Annotated[float, typer.Option(min=0.001, max=10, help="What it takes of the privacy budget.")] = 0.5,
    most: Annotated[int, typer.Option(min=1, max=100, help="So many turns of one visitor count.")] = 5,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day, in UTC; 30 days before the end unless given."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after the last; today unless given.")
    ] = None,
) -> None:
    """Print counts of a site's turns as JSON, with noise that hides each visitor. Each export takes from a budget."""
    settings = settings_for()
    end = (until or datetime.now(UTC)).date()
    begin = since.date() if since else end - timedelta(days=DAYS)

    async def work(session: AsyncSession) -> dict[str, Any]:
        found = await site_by_name(session, site)
        if found is None:
            raise CommandFailed(f"There is no site {site}; `parley site list` shows them.")
        return await release(
            session, secret_of(settings), found, by, begin, end, epsilon=Decimal(str(epsilon)), most=most,
            budget=settings.figures.epsilon, actor=operator(),
        )  # fmt: skip

    print(json.dumps(run(on_database(settings, "parley figures export", work)), indent=2))
