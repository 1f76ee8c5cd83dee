"""What the chat page's callbacks work with.

Chainlit calls its callbacks as bare functions of one module and offers nowhere to hand them anything, so this is the
one place where the process keeps its services in a module. `app.server.create_app` puts them here.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from app.db.sites import ensure_site
from app.members.visitors import Passwords
from app.settings import Settings
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.events import Event

RunTurn = Callable[[Services, TurnRequest], AsyncGenerator[Event]]


@dataclass(slots=True)
class Chat:
    """The services, the site that the page belongs to, and what answers a message."""

    services: Services
    run_turn: RunTurn
    passwords: Passwords
    last_requests: "WeakKeyDictionary[object, TurnRequest]" = field(default_factory=WeakKeyDictionary)
    """What each open page asked last: for another try where the message could not even be stored."""
    _site_id: int | None = field(default=None)

    @property
    def settings(self) -> Settings:
        """The process's settings."""
        return self.services.settings

    @property
    def guests(self) -> bool:
        """Whether visitors may chat without signing in."""
        return self.settings.embedded if self.settings.chat.guests is None else self.settings.chat.guests

    async def site_id(self) -> int:
        """The id of the page's site, which is made when it is new."""
        if self._site_id is None:
            async with self.services.sessions.begin() as session:
                self._site_id = (await ensure_site(session, self.settings.chat.site)).id
        return self._site_id


_chat: Chat | None = None


def bind(chat: Chat) -> None:
    """Give the callbacks what they work with."""
    global _chat
    _chat = chat


def current() -> Chat:
    """What `bind` was given."""
    if _chat is None:
        raise RuntimeError("the chat page was used before create_app")
    return _chat
