"""The whole application, and everybody who may stand before it: of the site `shop`, or of another one."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from app.access.keys import new_token, token_hash
from app.api.v1.tokens import PREFIX
from app.chat.guest_pass import GUEST_COOKIE, TOKEN_COOKIE, sign_guest
from app.db.service_tokens import add_token
from app.db.sites import ensure_site
from app.db.users import ensure_guest
from app.members.cookies import session_cookie
from app.members.people import Role, add
from app.members.sessions import start
from app.server import create_app
from app.widget.tokens import Visitor, give_token
from app.wiring import Services

ORIGIN = "http://parley.test"
SITES = ("shop", "other")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with their credentials. `id` is that of `users` for visitors."""

    kind: str
    site: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    id: UUID | None = None


async def callers(services: Services) -> list[Caller]:
    """Everybody: each kind of credentials, for each site."""
    from chainlit.auth import create_jwt  # not importable before the application is made
    from chainlit.user import User

    found = [Caller("nobody", "none")]
    for name in SITES:
        async with services.sessions.begin() as session:
            site = await ensure_site(session, name)
            guest = uuid4()
            user = await ensure_guest(session, site.id, guest)
            found.append(
                Caller(
                    "page",
                    name,
                    cookies={
                        TOKEN_COOKIE: create_jwt(User(identifier=user.identifier)),
                        GUEST_COOKIE: sign_guest(services.secret, guest),
                    },
                    id=user.id,
                )
            )
            visitor = Visitor(user.id, site.id, ORIGIN, identified=False)
            found.append(
                Caller("widget", name, {"Authorization": f"Bearer {give_token(services, visitor)}"}, id=user.id)
            )
            for scope in ("chat", "embeddings"):
                token = new_token(PREFIX)
                await add_token(
                    session,
                    site_id=site.id,
                    name=scope,
                    token_hash=token_hash(token),
                    scopes=[scope],
                    per_minute=10_000,
                    per_day=10_000,
                    expires_at=None,
                )
                found.append(Caller(scope, name, {"Authorization": f"Bearer {token}"}))
            found.append(await _member(session, "staff", name))
    async with services.sessions.begin() as session:
        found.append(await _member(session, "admin", "all"))
    return found


async def _member(session: object, role: Role, site: str) -> Caller:
    sites = [site] if role == "staff" else []
    member = await add(session, f"{role}-{site}@example.com", role, role, sites)  # type: ignore[arg-type]  # a session
    token = await start(session, member, method="password", agent="", address="")  # type: ignore[arg-type]  # likewise
    return Caller(role, site, cookies={session_cookie(secure=False): token})


def application(services: Services) -> FastAPI:
    """All doors behind their gate."""
    return create_app(services)


def client(app: FastAPI, caller: Caller) -> httpx.AsyncClient:
    """How a caller reaches the application."""
    headers = {"Origin": ORIGIN, **caller.headers}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers, cookies=caller.cookies
    )
