"""Letting a message in: refused, or counted, protected and stored before anything else reads it."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.calls import decided_by, running_tool, take_call
from app.db.messages import NewMessage, begin_turn, history
from app.db.pseudonyms import hold_pseudonyms, store_pseudonyms
from app.db.tables import ToolCall
from app.protecting import find
from app.quotas import admit_request
from app.sites.book import SiteView
from app.sites.tools import title_of
from app.storable import storable
from app.turn_request import AttachedText, TurnRequest
from app.wiring import Services
from graph.context import PersonalSpan
from graph.errors import EmptyMessage, MessageTooLong, UnknownSite, VisitorError
from graph.guards.language import language_of
from graph.guards.name_forms import learn_forms, shown_names
from graph.guards.pseudonyms import Pseudonyms
from graph.replies import FALLBACK
from graph.state import Attached, Decided, Earlier, Outcome, TurnState

Result = TypeVar("Result")
log = logging.getLogger(__name__)


class OutOfRegion(VisitorError):
    """This assistant cannot answer here just now. Nothing of your message was kept or sent on."""


class Admission:
    """One message at the door. What is known of it stays readable when it is refused or left half-way."""

    def __init__(self, services: Services, request: TurnRequest) -> None:
        self._services, self.request = services, request
        self.site: SiteView | None = None
        self.pseudonyms = Pseudonyms()
        self.answer_id: UUID | None = request.answer_id
        """The open answer; None until the message is stored."""
        self.keeps_any = False
        """Whether the message holds personal data in clear, as its site wants it."""
        self.call: ToolCall | None = None
        """The call that this message agrees to."""

    async def admit(self) -> TurnState:
        """Refuse what cannot be a turn, protect the rest, and store it before anything else reads it.

        Returns:
            What the graph begins with.

        Raises:
            VisitorError: the message is refused; nothing of it is stored.
        """
        request, settings = self.request, self._services.settings.turn
        text = storable(request.text).strip()
        if not text:
            raise EmptyMessage
        if len(text) > settings.message_chars:
            raise MessageTooLong(
                f"Your message has {len(text):,} characters; at most {settings.message_chars:,} can be read. "
                "Please shorten it."
            )
        self.site = await self._services.sites.numbered(request.site_id)
        if self.site is None:
            raise UnknownSite
        if self.site.config.region not in (None, self._services.settings.database.region):
            log.error("a site is pinned to a region that this process is not in", extra={"site": self.site.name})
            raise OutOfRegion
        if request.counted and request.answer_id is None:  # what another process began was counted there
            await admit_request(self._services.sessions, self.site, request)
        policy = self.site.config.policy
        files = [replace(file, name=storable(file.name)) for file in request.attachments]
        given = self._given()
        in_files = chain.from_iterable((file.name, file.text) for file in files)
        found = await find(self._services, [text, *in_files, *(said.text for said in given or ())])
        policy.admit(_own(given or [], found), language_of(text, *(said.text for said in given or ())) or FALLBACK)
        self.keeps_any = policy.keeps_any(found[0])
        replaced = map(policy.replaced, found)
        message, earlier, decided = await _to_its_end(self._begin(text, files, given, replaced))
        return {
            "question": message.text,
            "history": earlier,
            "attached": [Attached(name, text) for name, _, text in message.attachments],
            "decided": decided,
        }

    def _given(self) -> list[Earlier] | None:
        """The last of what the door says was said before; None when it leaves that to the conversation."""
        earlier, limit = self.request.earlier, self._services.settings.turn.history_messages
        if earlier is None:
            return None
        return [Earlier(said.role, storable(said.text)) for said in (earlier[-limit:] if limit else ())]

    async def _begin(
        self,
        text: str,
        files: list[AttachedText],
        given: list[Earlier] | None,
        found: Iterator[list[PersonalSpan]],
    ) -> tuple[NewMessage, list[Earlier], Decided | None]:
        """Store the message protected, its new pseudonyms and an open answer, and take the call that it decides.

        Returns:
            The message, what was said before, and the decision.

        Args:
            found: what is replaced of the text, of each file's name and text, and of what was given, in this order.
        """
        request = self.request
        async with self._services.sessions.begin() as session:
            known = await hold_pseudonyms(session, request.conversation_id)
            self.pseudonyms = Pseudonyms(known)
            protect = self.pseudonyms.protect
            protected = protect(text, next(found))
            protected_files = [
                (protect(file.name, next(found)), file.media_type, protect(file.text, next(found))) for file in files
            ]
            earlier = [replace(said, text=protect(said.text, next(found))) for said in given or ()]
            if shown_names(self._services.models):
                learn_forms(self.pseudonyms)
            message = NewMessage(
                request.message_id,
                request.site_id,
                request.user_id,
                request.conversation_id,
                protected,
                protected_files,
                request.door,
                request.labels,
            )
            new = {token: value for token, value in self.pseudonyms.values.items() if token not in known}
            answer_id = request.answer_id or await begin_turn(
                session, message, owner=self._services.owner, once=request.once
            )
            await store_pseudonyms(session, message.conversation_id, message.site_id, new)
            decided = await self._decide(session)
            limit = self._services.settings.turn.history_messages
            if given is None:
                kept = await history(session, message.conversation_id, before=message.id, limit=limit)
                earlier = [
                    Earlier("visitor" if m.role == "visitor" else "assistant", m.text, judged=True) for m in kept
                ]
        self.answer_id = answer_id
        return message, earlier, decided

    async def _decide(self, session: AsyncSession) -> Decided | None:
        """What becomes of the call that this message decides, in the transaction that stores the message."""
        request, decision, under_way = self.request, self.request.decision, None
        if decision is None:
            return None
        outcome: Outcome
        if request.answer_id is not None:  # the process that took the call is gone
            call = await decided_by(session, request.message_id)
            outcome = _found_again(call)
        else:
            call = await take_call(
                session,
                request.conversation_id,
                decision.call_id,
                decision.digest,
                agreed=decision.agreed,
                decided_by=request.message_id,
            )
            outcome = "agreed" if decision.agreed else "declined"
            if call is None:
                under_way = await running_tool(session, request.conversation_id, decision.call_id, decision.digest)
                outcome = "uncertain" if under_way else "gone"
        self.call = call
        assert self.site is not None  # noqa: S101 - admitted
        tool = call.tool if call else under_way
        return Decided(outcome, title_of(self.site.config.tools, tool) if tool else "")


def _own(given: list[Earlier], found: list[list[PersonalSpan]]) -> list[list[PersonalSpan]]:
    """The findings in what the visitor wrote: what the assistant said before was taken from documents and tools."""
    message = found[: len(found) - len(given)]
    earlier = found[len(message) :]
    return message + [spans for said, spans in zip(given, earlier, strict=True) if said.role == "visitor"]


def _found_again(call: ToolCall | None) -> Outcome:
    """What is known of a call that another process took before it died."""
    match call.state if call else None:
        case None:
            return "gone"
        case "declined":
            return "declined"
        case "done":
            return "agreed"
    return "uncertain"


async def _to_its_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Await what must not be left half-way: a cancellation is heard when it has ended.

    A turn that is stopped while it is committed would leave an open answer that nobody closes.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
