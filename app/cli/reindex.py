"""`parley reindex`: let the installed encoder see passages that only another one has seen."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.cli.run import run, settings_for
from app.db.engine import open_database
from app.db.migrate import migrate
from app.db.sites import list_sites
from app.db.vectors import forget_others
from app.embedders import show_installed
from app.loading import load_encoder, open_embedders
from app.settings import Settings
from graph.errors import UnknownSite


def reindex(
    site: Annotated[str | None, typer.Option(help="Only the passages of this site. Default: of all sites.")] = None,
    forget: Annotated[
        bool,
        typer.Option(
            "--forget-others",
            help="Then remove the vectors of encoders that the settings do not name: once no server uses them.",
        ),
    ] = False,
) -> None:
    """Encode all passages with the encoder of the settings, beside the vectors by which running servers search."""
    shown = run(_reindex(settings_for(), site, forget=forget))
    print(f"{shown} passages encoded.")


async def _reindex(settings: Settings, name: str | None, *, forget: bool) -> int:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    async with open_database(settings, command="parley reindex", exclusive=False) as engine:
        if settings.embedded:
            await migrate(engine)
        encoder = await asyncio.to_thread(load_encoder, settings)
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        async with sessions() as session:
            sites = [site for site in await list_sites(session) if name in (None, site.name)]
        if not sites and name is not None:
            raise UnknownSite(f"There is no site {name}; `parley site list` shows those there are.")
        console = Console(stderr=True)
        count = 0
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Encoding …", total=None)
            for site in sites:

                def show(passages: int, site: str = site.name) -> None:
                    bar.update(task, description=f"{site}: {passages} passages")

                count += await show_installed(sessions, encoder, site.id, show)
        if forget:
            async with open_embedders(settings) as hosted, sessions.begin() as session:
                for site in sites:
                    await forget_others(session, site.id, [encoder.name, *(each.stored_as for each in hosted)])
        return count
