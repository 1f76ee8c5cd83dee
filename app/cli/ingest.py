"""`parley ingest`: bring a site's documents up to date."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.cli.run import labels_given, run, settings_for, used_wrongly
from app.db.engine import open_database
from app.db.migrate import migrate
from app.db.sites import site_by_name
from app.embedders import show_unseen
from app.ingest import ingest
from app.ingest.report import IngestReport
from app.ingest.report import Progress as Step
from app.ingest.sitemap import read_addresses
from app.ingest.watch import watch
from app.ingest.web import Pages, is_address
from app.loading import load_encoder, marks_for, open_embedders
from app.settings import Settings
from app.sites.config import read_config
from app.sites.models import confined
from graph.encoder.hosted import HostedEncoder
from graph.errors import ModelFault

SHOWN = 20
"""Documents that could not be read and are named; the rest is counted."""


def ingest_command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files and folders: Markdown, HTML, PDF, .docx, .csv, text; .zip of these; .jsonl. "
            "Addresses of web pages and of sitemaps."
        ),
    ] = None,
    jsonl: Annotated[
        str | None, typer.Option(help="Records {id, title, text, url?} as JSON Lines; `-` reads standard input.")
    ] = None,
    addresses: Annotated[
        Path | None, typer.Option(help="Text file with addresses of web pages and sitemaps, one a line.")
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
    if not paths and jsonl is None and addresses is None:
        used_wrongly("Name the files, folders or web pages to ingest, or records with --jsonl FILE.")
    if url is not None and not is_address(url):
        used_wrongly("An address begins with http:// or https://, such as --url https://www.example.org/help.")
    wanted = _Wanted(
        site=site,
        paths=[Path(each) for each in paths or [] if not is_address(each)],
        records=[] if jsonl is None else [sys.stdin.buffer if jsonl == "-" else Path(jsonl)],
        pages=[Pages(each, (each,)) for each in paths or [] if is_address(each)] + _listed(addresses),
        exclude=exclude or [],
        audience=None if audience is None else labels_given(audience),
        base_url=url,
    )
    if follow and (wanted.records or wanted.pages or not all(path.exists() for path in wanted.paths)):
        used_wrongly("Only files and folders that are there can be watched.")
    report = run(_ingest(settings_for(), wanted, follow=follow))
    _tell(report, site)
    if report.failed:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be ingested, and how."""

    site: str
    paths: list[Path]
    records: list[Path | BinaryIO]
    pages: list[Pages]
    exclude: list[str]
    audience: frozenset[str] | None
    base_url: str | None


def _listed(file: Path | None) -> list[Pages]:
    """The source that a list of addresses is."""
    if file is None:
        return []
    try:
        found = read_addresses(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        used_wrongly(f"The list {file} cannot be read; it is a text file with an address a line.")
    if not found:
        used_wrongly(f"The list {file} names no address.")
    return [Pages(str(file.resolve()), found)]


async def _ingest(settings: Settings, wanted: _Wanted, *, follow: bool) -> IngestReport:
    """Ingest once; with `follow`, again after each change until this is cancelled."""
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
                    site=wanted.site,
                    paths=wanted.paths,
                    records=wanted.records,
                    pages=wanted.pages,
                    exclude=wanted.exclude,
                    audience=wanted.audience,
                    base_url=wanted.base_url,
                    screen=marks_for(encoder),
                    progress=show,
                )
                async with open_embedders(settings) as encoders:
                    await _show_encoders(sessions, encoders, wanted.site, settings, report)
                return report

            async def again() -> None:
                report = await once()
                if report.chunks or report.removed or report.failed or report.encoded:
                    _tell(report, wanted.site)

            report = await once()
            if follow:
                _tell(report, wanted.site)
                bar.update(task, description="Watching …")
                await watch(wanted.paths, again)
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
    names = confined(read_config(found.config), settings).models.embeddings
    for encoder in encoders:
        if names and encoder.name not in names:
            continue
        try:
            await show_unseen(sessions, encoder, found.id, settings)
        except ModelFault as fault:
            report.failed.append((f"encoder {encoder.name}", f"{fault} The worker tries again every minute."))


def _tell(report: IngestReport, site: str) -> None:
    """Say what an ingestion did."""
    print(
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, {report.removed} removed; "
        f"{report.chunks} passages written to site {site}.",
        flush=True,
    )
    if report.encoded:
        print(f"{report.encoded} passages that the encoder had not seen were encoded.", flush=True)
    _name("skipped", report.skipped)
    _name("marked", report.marked)
    _name("failed", report.failed)


def _name(what: str, documents: list[tuple[str, str]]) -> None:
    for path, reason in documents[:SHOWN]:
        print(f"{what}: {path}: {reason}", file=sys.stderr)
    if len(documents) > SHOWN:
        print(f"{what}: and {len(documents) - SHOWN} more.", file=sys.stderr)
