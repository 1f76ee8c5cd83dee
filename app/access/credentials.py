"""From what a request shows to who makes it."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from app.access.principal import NOBODY, Principal
from app.access.routes import Who
from app.api.v1.tokens import service_of
from app.chat.guest_pass import TOKEN_COOKIE, bearer
from app.db.users import GUEST, user_of_site
from app.members.cookies import read_cookie
from app.members.sessions import member_of
from app.widget.tokens import TokenExpired, Visitor, read_token
from app.wiring import Services


@dataclass(frozen=True, slots=True)
class Found:
    """Who makes a request. `visitor` is the widget's; `expired`: they were somebody until a while ago."""

    principal: Principal = NOBODY
    visitor: Visitor | None = None
    expired: bool = False


class Credentials:
    """Reads the credentials that a route takes, and no others."""

    def __init__(self, services: Services, chat_secret: str) -> None:
        self._services, self._chat_secret = services, chat_secret

    async def read(self, who: Who, connection: HTTPConnection) -> Found:
        """Who makes a request to a route for `who`."""
        match who:
            case "anyone":
                return Found()
            case "page":
                return self._page(connection.cookies.get(TOKEN_COOKIE))
            case "widget":
                return await self._widget(_bearer(connection.headers), connection.headers.get("origin"))
            case "member" | "admin":
                return Found(await member_of(self._services, read_cookie(connection)) or NOBODY)
            case _:
                return Found(await service_of(self._services, _bearer(connection.headers)) or NOBODY)

    def _page(self, token: str | None) -> Found:
        identifier = bearer(self._chat_secret, token)
        if identifier is None:
            return Found()
        return Found(Principal("guest" if identifier.startswith(GUEST) else "visitor"))

    async def _widget(self, token: str, origin: str | None) -> Found:
        try:
            visitor = read_token(self._services, token)
        except TokenExpired:
            return Found(expired=True)
        if visitor is None or (origin is not None and origin != visitor.origin):
            return Found()
        async with self._services.sessions() as session:
            if not await user_of_site(session, visitor.site_id, visitor.user_id):
                return Found()  # was erased, with a token that is still good
        return Found(visitor.principal, visitor)


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
