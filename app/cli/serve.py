"""`parley serve` and `parley worker`."""

import asyncio
import logging
import signal
from pathlib import Path
from typing import Annotated

import typer

from app.cli.run import run, settings_for
from app.db.engine import open_database
from app.db.messages import mark_cut
from app.db.migrate import migrate
from app.guide import ingest_guide
from app.jobs.worker import run_worker
from app.loading import load_encoder, open_embedders
from app.settings import Settings
from app.tls import check_certificate
from app.wiring import open_services

log = logging.getLogger(__name__)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: server.host.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on. Default: server.port.")] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM file with the certificate chain, to serve https. Default: server.tls_cert.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="PEM file with its key, if not in the same. Default: server.tls_key.")
    ] = None,
) -> None:
    """Serve the chat page until it is interrupted."""
    settings = settings_for(quiet=False)
    given = {"host": host, "port": port, "tls_cert": tls_cert, "tls_key": tls_key}
    changes = {name: value for name, value in given.items() if value is not None}
    server = settings.server.model_copy(update=changes)
    check_certificate(server)
    run(_serve(settings.model_copy(update={"server": server})))


def worker() -> None:
    """Work off background jobs until it is interrupted. On the embedded database, `serve` does this itself."""
    run(_work(settings_for(quiet=False)))


async def _serve(settings: Settings) -> None:
    from app.server import serve_app  # Chainlit takes seconds to import: not for a worker

    log.info("starting: database, models, guide")
    async with open_services(settings, command="parley serve", exclusive=True) as services:
        async with services.sessions.begin() as session:
            cut = await mark_cut(session)
        if cut:
            log.info("answers of an earlier run were cut", extra={"answers": cut})
        if settings.knowledge.guide:
            await ingest_guide(services.sessions, services.encoder, settings)
        for site in await services.stand_in.unfinished():
            log.warning("site %s: %s", site.site, site.told(services.encoder.name))
        stop = asyncio.Event()
        jobs = None
        if settings.embedded:
            embedders = services.embedders.of(())
            jobs = asyncio.create_task(
                run_worker(services.engine, settings, stop, encoder=services.encoder, embedders=embedders)
            )
        try:
            await serve_app(services, settings.server.host, settings.server.port)
        finally:
            stop.set()
            if jobs is not None:
                await jobs


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_database(settings, command="parley worker") as engine, open_embedders(settings) as embedders:
        if settings.embedded:
            await migrate(engine)
        encoder = await asyncio.to_thread(load_encoder, settings)
        await run_worker(engine, settings, stop, encoder=encoder, embedders=embedders)
