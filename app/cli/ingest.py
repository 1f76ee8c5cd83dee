"""`parley ingest`: bring a site's documents up to date."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.cli.run import labels_given, run, settings_for, used_wrongly
from app.db.engine import open_database
from app.db.migrate import migrate
from app.db.sites import site_by_name
from app.db.vectors import forget_others
from app.embedders import show_unseen
from app.ingest import ingest
from app.ingest.report import IngestReport
from app.ingest.report import Progress as Step
from app.ingest.watch import watch
from app.loading import load_encoder, marks_for, open_embedders
from app.settings import Settings
from app.sites.config import read_config
from graph.encoder.hosted import HostedEncoder
from graph.errors import ModelFault

SHOWN = 20
"""Documents that could not be read and are named; the rest is counted."""


def ingest_command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders: Markdown, HTML, PDF, .docx, .csv, text; .zip of these; .jsonl."),
    ] = None,
    jsonl: Annotated[
        str | None, typer.Option(help="Records {id, title, text, url?} as JSON Lines; `-` reads standard input.")
    ] = None,
    site: Annotated[str, typer.Option(help="Site that they belong to; made if it is new.")] = "default",
    audience: Annotated[
        str | None, typer.Option(help="Who may read them: labels with commas between, of which a reader needs one.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Address below which visitors can read the files, for links to them.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Pattern of paths below a folder to pass over, such as `drafts`.")
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--watch", help="Go on, and ingest what changes in files and folders, until interrupted."),
    ] = False,
) -> None:
    """Read documents, cut and encode them, and store what is new or changed."""
    if not paths and jsonl is None:
        used_wrongly("Name the files or folders to ingest, or records with --jsonl FILE.")
    if url is not None and not url.startswith(("http://", "https://")):
        used_wrongly("An address begins with http:// or https://, such as --url https://www.example.org/help.")
    if follow and (jsonl is not None or not all(path.exists() for path in paths or [])):
        used_wrongly("Only files and folders that are there can be watched.")
    settings = settings_for()
    labels = None if audience is None else labels_given(audience)
    report = run(_ingest(settings, paths or [], jsonl, site, exclude or [], labels, url, follow=follow))
    _tell(report, site)
    if report.failed:
        raise typer.Exit(1)


async def _ingest(
    settings: Settings,
    paths: list[Path],
    jsonl: str | None,
    site: str,
    exclude: list[str],
    audience: frozenset[str] | None,
    url: str | None,
    *,
    follow: bool,
) -> IngestReport:
    """Ingest once; with `follow`, again after each change until this is cancelled."""
    records = [] if jsonl is None else [sys.stdin.buffer if jsonl == "-" else Path(jsonl)]
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    async with open_database(settings, command="parley ingest", exclusive=False) as engine:
        if settings.embedded:
            await migrate(engine)
        encoder = load_encoder(settings)
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Reading …", total=None)

            def show(step: Step) -> None:
                bar.update(task, description=f"{step.documents} documents, {step.chunks} passages · {step.path[-60:]}")

            sessions = async_sessionmaker(engine, expire_on_commit=False)

            async def once() -> IngestReport:
                report = await ingest(
                    sessions,
                    encoder,
                    settings.knowledge,
                    site=site,
                    paths=paths,
                    records=records,
                    exclude=exclude,
                    audience=audience,
                    base_url=url,
                    screen=marks_for(encoder),
                    progress=show,
                )
                async with open_embedders(settings) as encoders:
                    await _show_encoders(sessions, encoders, site, settings, report)
                    if not report.failed:
                        await _forget_others(sessions, site, [encoder.name, *(each.stored_as for each in encoders)])
                return report

            async def again() -> None:
                report = await once()
                if report.chunks or report.removed or report.failed:
                    _tell(report, site)

            report = await once()
            if follow:
                _tell(report, site)
                bar.update(task, description="Watching …")
                await watch(paths, again)
            return report


async def _show_encoders(
    sessions: async_sessionmaker[AsyncSession],
    encoders: Sequence[HostedEncoder],
    site: str,
    settings: Settings,
    report: IngestReport,
) -> None:
    """Show the hosted encoders of the site's chain what is new. What one has not seen, the worker shows it later."""
    async with sessions() as session:
        found = await site_by_name(session, site)
    if found is None:
        return
    names = read_config(found.config).models.embeddings
    for encoder in encoders:
        if names and encoder.name not in names:
            continue
        try:
            await show_unseen(sessions, encoder, found.id, settings)
        except ModelFault as fault:
            report.failed.append((f"encoder {encoder.name}", f"{fault} The worker tries again every minute."))


async def _forget_others(sessions: async_sessionmaker[AsyncSession], site: str, kept: Sequence[str]) -> None:
    """Remove the vectors of encoders that the settings do not name any more."""
    async with sessions.begin() as session:
        found = await site_by_name(session, site)
        if found is not None:
            await forget_others(session, found.id, kept)


def _tell(report: IngestReport, site: str) -> None:
    """Say what an ingestion did."""
    print(
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, {report.removed} removed; "
        f"{report.chunks} passages written to site {site}.",
        flush=True,
    )
    _name("skipped", report.skipped)
    _name("marked", report.marked)
    _name("failed", report.failed)


def _name(what: str, documents: list[tuple[str, str]]) -> None:
    for path, reason in documents[:SHOWN]:
        print(f"{what}: {path}: {reason}", file=sys.stderr)
    if len(documents) > SHOWN:
        print(f"{what}: and {len(documents) - SHOWN} more.", file=sys.stderr)
