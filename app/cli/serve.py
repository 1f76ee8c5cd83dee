"""`parley serve` and `parley worker`."""

from typing import Annotated

import typer

from app.cli.run import run, settings_for
from app.guide import ingest_guide
from app.jobs.worker import run_worker
from app.settings import Settings
from app.wiring import open_services


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: server.host.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on. Default: server.port.")] = None,
) -> None:
    """Serve the chat page until it is interrupted."""
    settings = settings_for(quiet=False)
    run(_serve(settings, host or settings.server.host, port or settings.server.port))


def worker() -> None:
    """Work off background jobs until it is interrupted. On the embedded database, `serve` does this itself."""
    run(_work(settings_for(quiet=False)))


async def _serve(settings: Settings, host: str, port: int) -> None:
    from app.server import serve_app  # Chainlit takes seconds to import, and other commands do without

    async with open_services(settings, command="parley serve", exclusive=True) as services:
        if settings.knowledge.guide:
            await ingest_guide(services.sessions, services.encoder, settings)
        await serve_app(services, host, port)


async def _work(settings: Settings) -> None:
    raise NotImplementedError
