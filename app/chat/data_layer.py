"""Chainlit's data layer over our tables.

Turns write messages, and `app.chat.own_routes` writes titles and feedback; what Chainlit asks to be stored beside that
is the raw text of visitors, so the methods that would store it do nothing. A database error is never swallowed here.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from chainlit.data.base import BaseDataLayer
from chainlit.element import Element, ElementDict
from chainlit.step import StepDict
from chainlit.types import Feedback, PageInfo, PaginatedResponse, Pagination, ThreadDict, ThreadFilter
from chainlit.user import PersistedUser, User

from app.chat.opened_thread import UNTITLED, opened
from app.chat.runtime import Chat
from app.chat.steps_shown import stamp
from app.db import conversations, tables
from app.db.users import GUEST, ensure_guest, find_user
from app.storable import storable
from graph.guards.pseudonyms import Pseudonyms

LONGEST_PAGE = 100


class NotStoredHere(RuntimeError):
    """Feedback needs to know who gives it, which Chainlit does not say; `app.chat.own_routes` stores it."""


def uuid_or_none(text: str | None) -> UUID | None:
    """The id that a browser sent, or None when it is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


class ParleyDataLayer(BaseDataLayer):
    """Reads users, conversations and files of one site."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    async def get_user(self, identifier: str) -> PersistedUser | None:
        """The site's user of that identifier."""
        async with self._chat.services.sessions() as session:
            user = await find_user(session, await self._chat.site_id(), identifier)
        return _persisted(user) if user else None

    async def create_user(self, user: User) -> PersistedUser | None:
        """Make a guest's row. Other people are made by `parley user add` only: an unknown one stays unknown."""
        identifier = user.identifier
        guest = uuid_or_none(identifier.removeprefix(GUEST)) if identifier.startswith(GUEST) else None
        if guest is None or not self._chat.guests:
            return await self.get_user(identifier)
        site_id = await self._chat.site_id()
        async with self._chat.services.sessions.begin() as session:
            return _persisted(await ensure_guest(session, site_id, guest))

    async def delete_feedback(self, feedback_id: str) -> bool:
        """Refused, see `NotStoredHere`."""
        raise NotStoredHere

    async def upsert_feedback(self, feedback: Feedback) -> str:
        """Refused, see `NotStoredHere`."""
        raise NotStoredHere

    async def create_element(self, element: Element) -> None:
        """Nothing: files are stored by the turn that they came with."""

    async def get_element(self, thread_id: str, element_id: str) -> ElementDict | None:
        """A file of the conversation."""
        thread = await self.get_thread(thread_id)
        elements = (thread and thread["elements"]) or []
        return next((element for element in elements if element["id"] == element_id), None)

    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:
        """Nothing: a file goes with its message."""

    async def create_step(self, step_dict: StepDict) -> None:
        """Nothing: turns store messages, protected."""

    async def update_step(self, step_dict: StepDict) -> None:
        """Nothing: turns store messages, protected."""

    async def delete_step(self, step_id: str) -> None:
        """Nothing: a turn that replaces a message removes what came after it."""

    async def get_thread_author(self, thread_id: str) -> str:
        """Identifier of the conversation's owner; empty when there is no such conversation."""
        conversation_id = uuid_or_none(thread_id)
        if conversation_id is None:
            return ""
        async with self._chat.services.sessions() as session:
            return await conversations.owner_of(session, await self._chat.site_id(), conversation_id) or ""

    async def delete_thread(self, thread_id: str) -> None:
        """Erase a conversation. Chainlit asks for its author first."""
        if conversation_id := uuid_or_none(thread_id):
            site_id = await self._chat.site_id()
            async with self._chat.services.sessions.begin() as session:
                await conversations.delete_conversation(session, site_id, conversation_id)

    async def list_threads(self, pagination: Pagination, filters: ThreadFilter) -> PaginatedResponse[ThreadDict]:
        """Conversations of `filters.userId`, the latest used first, without their messages."""
        user_id = uuid_or_none(filters.userId)
        if user_id is None:
            return PaginatedResponse(PageInfo(False, None, None), [])
        async with self._chat.services.sessions() as session:
            page = await conversations.list_conversations(
                session,
                user_id,
                limit=min(max(pagination.first, 1), LONGEST_PAGE),
                after=_read_cursor(pagination.cursor),
                search=storable(filters.search or "") or None,
                helpful=filters.feedback,
            )
        threads = [
            ThreadDict(
                id=str(row.id),
                createdAt=stamp(row.updated_at),
                name=Pseudonyms(page.pseudonyms[row.id]).restore(row.title or UNTITLED),
                userId=filters.userId,
                userIdentifier=None,
                tags=[],
                metadata={},
                steps=[],
                elements=[],
            )
            for row in page.conversations
        ]
        cursor = _write_cursor(page.following) if page.following else None
        return PaginatedResponse(PageInfo(page.following is not None, None, cursor), threads)

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """The whole conversation, restored. Callers let nobody but its owner see it."""
        whole = await self.load(thread_id)
        return opened(whole, assistant=self._chat.settings.chat.name) if whole else None

    async def load(self, thread_id: str) -> conversations.Whole | None:
        """The conversation as it is stored."""
        conversation_id = uuid_or_none(thread_id)
        if conversation_id is None:
            return None
        site_id = await self._chat.site_id()
        async with self._chat.services.sessions.begin() as session:
            return await conversations.load_conversation(session, site_id, conversation_id)

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        """Nothing: Chainlit sends the first message as a name, unprotected, and the state of its page."""

    async def build_debug_url(self) -> str:
        """There is none."""
        return ""

    async def close(self) -> None:
        """Nothing: the services are closed by who opened them."""

    async def get_favorite_steps(self, user_id: str) -> list[StepDict]:
        """None: favourites are switched off."""
        return []


def _persisted(user: tables.User) -> PersistedUser:
    return PersistedUser(
        id=str(user.id),
        createdAt=stamp(user.created_at),
        identifier=user.identifier,
        display_name=user.display_name or user.identifier,
        metadata={},
    )


def _write_cursor(after: tuple[datetime, UUID]) -> str:
    return f"{after[0].isoformat()}/{after[1]}"


def _read_cursor(cursor: str | None) -> tuple[datetime, UUID] | None:
    moment, _, id_ = (cursor or "").partition("/")
    try:
        return datetime.fromisoformat(moment), UUID(id_)
    except ValueError:
        return None
