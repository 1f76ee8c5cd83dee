"""The web server: our own routes, Chainlit behind them, and the gate before both."""

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from app.access.address import own_address, own_names
from app.access.credentials import Credentials
from app.access.gate import Gate
from app.access.keys import derived_key
from app.api.description import description_of
from app.api.health import health_routes
from app.api.metrics import metrics_routes
from app.api.v1.routes import v1_routes
from app.attachments import MOST
from app.chat import runtime
from app.chat.prepared_home import prepare
from app.live.turns import LiveTurns
from app.members.links import first_link
from app.members.visitors import Passwords
from app.staff.routes import staff_routes
from app.turns import run_turn as answer_turn
from app.widget.assets import widget_assets
from app.widget.routes import widget_routes
from app.wiring import Services
from graph.errors import ConfigError

ENTRY = Path(__file__).parent / "chat" / "entry.py"
log = logging.getLogger(__name__)
STOP_S = 10
"""How long answers that are being written may take to be kept when the server stops."""


class PortTaken(ConfigError):
    """The port is used by another program; choose one with --port."""


def create_app(services: Services, *, hosts: Iterable[str] = (), run_turn: runtime.RunTurn = answer_turn) -> FastAPI:
    """Put the web application together.

    Chainlit keeps its configuration in modules: one application in a process.

    Args:
        hosts: names that the server answers to; none: any.
        run_turn: answers the messages; tests of the page bring their own.
    """
    # The cookies of guests and Chainlit's tokens are signed by different keys of one secret.
    token_secret = derived_key(services.secret, "chat token").hex()
    prepare(services.settings, token_secret)
    chat = runtime.Chat(services, run_turn, Passwords(services.sessions))
    runtime.bind(chat)

    from chainlit.utils import mount_chainlit  # reads its configuration while it is imported

    from app.chat.own_routes import chat_routes

    live = LiveTurns(services, run_turn)
    app = FastAPI(openapi_url=None, lifespan=_lifespan(services, live))
    described = (v1_routes(services), widget_routes(services, live))
    ours = (health_routes(services), metrics_routes(services), widget_assets(), staff_routes(services))
    for router in (*described, *ours, description_of(*described)):
        app.include_router(router)
    mount_chainlit(app, str(ENTRY), path="/")
    mounted = app.router.routes.pop()
    app.include_router(chat_routes(chat, token_secret))
    app.router.routes.append(mounted)
    settings = services.settings
    app.add_middleware(
        Gate,
        services=services,
        credentials=Credentials(services, token_secret),
        origins=settings.server.origins,
        hosts=hosts,
        body_bytes=max(1_000_000, MOST * settings.turn.attachment_bytes + 100_000),
    )
    return app


def _lifespan(services: Services, live: LiveTurns) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        """Hear other processes while this one serves; let answers end before it does."""
        listening = asyncio.create_task(services.listener.run())
        try:
            yield
        finally:
            await live.close()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    return lifespan


async def serve_app(services: Services, host: str, port: int) -> None:
    """Serve until the process is told to stop; answers that are being written are kept.

    Raises:
        PortTaken: another program listens there.
        ConfigError: the address is not one of this machine's.
    """
    settings = services.settings.server
    listening = _listen(host, port)
    config = uvicorn.Config(
        create_app(services, hosts=own_names(settings, host)),
        log_config=None,
        access_log=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
        ws_max_size=2_000_000,
    )
    address = own_address(settings, host, port)
    log.info("Parley is at %s and stops with Ctrl+C.", address)
    async with services.sessions.begin() as session:
        link = await first_link(session)
    if link is not None:
        print(f"There is no admin yet. Whoever opens {address}{link} first, within 24 hours, becomes one.", flush=True)
    await uvicorn.Server(config).serve(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except PermissionError:
        raise ConfigError(
            f"Port {port} needs the rights of an administrator; choose one above 1023 with --port."
        ) from None
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"Port {port} of {host} is used by another program; choose another with --port.") from None
        raise ConfigError(
            f"The address {host} cannot be listened on ({error.strerror}); choose one with --host."
        ) from None
    return listening
