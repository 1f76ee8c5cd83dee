"""The tools of one turn. A call that changes something is entered first, so that none is made twice or unseen."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from pydantic import JsonValue

from app.admission import Admission
from app.db.calls import arguments_of, digest_of, end_call, enter_call, tried_before, waiting_calls
from app.db.handovers import wish_for_person
from app.protecting import protect
from app.sites.book import SiteView
from app.sites.tools import SiteTool, title_of
from app.tool_use.asked import asked_of
from app.tool_use.http import HttpSender
from app.wiring import Services
from graph.context import Knowledge, Passage, Stemming, ToolOffer
from graph.errors import GuardDown, ToolFailed
from graph.events import Asked
from graph.guards.json_texts import with_texts
from graph.guards.pseudonyms import Pseudonyms
from tools import search_documents
from tools.api_call import ApiCall
from tools.leave_message import LeaveMessage
from tools.search_documents import SearchDocuments
from tools.tool import Call, Tool, result, wrong_in

log = logging.getLogger(__name__)


class TurnTools:
    """As `graph.context.ToolBox` asks for it."""

    def __init__(self, services: Services, site: SiteView, admission: Admission, knowledge: Knowledge) -> None:
        self._services, self._site, self._admission = services, site, admission
        self.waits = False
        """Whether the visitor was to be asked for a call."""
        self._tools = {
            tool.offer.name: tool for tool in (self._tool(declared, knowledge) for declared in site.config.tools)
        }
        self.offers: tuple[ToolOffer, ...] = tuple(tool.offer for tool in self._tools.values())

    def wrong(self, tool: str, arguments: Mapping[str, JsonValue]) -> str | None:
        """What is wrong with the arguments, with the visitor's own words back: a pseudonym fits no pattern."""
        return wrong_in(self._tools[tool].arguments, self._clear(arguments))

    async def call(self, tool: str, arguments: Stemming) -> list[Passage]:
        """Call a tool that the rule of containment lets be called."""
        found, values = self._tools[tool], _values(arguments)
        if not found.offer.changes:
            return await self._run(found, values, uuid4())
        entered = await self._enter(tool, arguments, None)
        if entered is None:  # a process that died over this answer has come here before, or another does just now
            raise ToolFailed
        return await self._make(found, values, entered)

    async def repeats(self, tool: str, arguments: Stemming) -> bool:
        """Whether the very same was tried before in this conversation."""
        async with self._services.sessions() as session:
            digest = digest_of(tool, _values(arguments))
            return await tried_before(session, self._admission.request.conversation_id, digest)

    async def ask(self, tool: str, arguments: Stemming) -> Asked:
        """Keep a call until the visitor has decided. What they are shown has pseudonyms until it leaves the turn."""
        expires_at = datetime.now(UTC) + timedelta(seconds=self._services.settings.tools.confirm_s)
        self.waits = True
        await self._enter(tool, arguments, expires_at)
        async with self._services.sessions() as session:
            waiting = (await waiting_calls(session, self._admission.request.conversation_id)).get(self._answer_id)
        if waiting is None:
            raise ToolFailed
        asked = asked_of(waiting, self._site.config.tools, Pseudonyms())
        return replace(asked, repeats=await self.repeats(tool, arguments))

    async def resume(self) -> list[Passage]:
        """Make the call that this message agrees to; of one that was made already, return what it gave."""
        call = self._admission.call
        if call is None:
            raise ToolFailed
        title = title_of(self._site.config.tools, call.tool)
        if call.state == "done":
            return [result(call.tool, title, call.result)]
        values = {name: value for name, value, _ in arguments_of(call)}
        tool = self._tools.get(call.tool)
        if tool is None or self.wrong(call.tool, values):  # the owner has changed the tools meanwhile
            await self._end(call.id, done=False, text="")
            raise ToolFailed
        return await self._make(tool, values, call.id)

    async def _make(self, tool: Tool, values: Mapping[str, JsonValue], call_id: UUID) -> list[Passage]:
        """Make a call that was entered to its end, even if nobody waits for it any more, and enter how it went."""
        task = asyncio.create_task(self._made(tool, values, call_id))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task})
            raise

    async def _made(self, tool: Tool, values: Mapping[str, JsonValue], call_id: UUID) -> list[Passage]:
        try:
            found = await self._run(tool, values, call_id)
        except ToolFailed:
            await self._end(call_id, done=False, text="")
            raise
        await self._end(call_id, done=True, text="\n".join(passage.text for passage in found))
        return found

    async def _run(self, tool: Tool, values: Mapping[str, JsonValue], number: UUID) -> list[Passage]:
        """Call a tool, and protect and screen what it gave before anything reads it."""
        try:
            found = await tool.run(Call(values, self._clear(values), str(number)))
        except ToolFailed as failed:
            log.warning("a tool failed: %s", failed, extra={"tool": tool.offer.name, "site": self._site.name})
            raise
        except Exception as error:  # noqa: BLE001 - what went out may have been done: it must be entered how it went
            told = {"tool": tool.offer.name, "site": self._site.name, "error": type(error).__name__}
            log.warning("a tool broke", extra=told)  # its text may hold what people wrote
            raise ToolFailed from None
        try:
            return [await self._safe(passage) if passage.origin == "tool" else passage for passage in found]
        except GuardDown:
            if not tool.offer.changes:
                raise ToolFailed from None
            return [result(tool.offer.name, tool.offer.title, "It was done.")]

    async def _safe(self, passage: Passage) -> Passage:
        conversation_id = self._admission.request.conversation_id
        text = await protect(
            self._services, self._site.id, conversation_id, passage.text, pseudonyms=self._admission.pseudonyms
        )
        (suspicious,) = await asyncio.to_thread(self._services.marks, [passage.text])
        return replace(passage, text=text, suspicious=suspicious)

    async def _enter(self, tool: str, arguments: Stemming, expires_at: datetime | None) -> UUID | None:
        async with self._services.sessions.begin() as session:
            return await enter_call(
                session,
                site_id=self._site.id,
                conversation_id=self._admission.request.conversation_id,
                answer_id=self._answer_id,
                tool=tool,
                arguments=[(name, value, stems) for name, (value, stems) in arguments.items()],
                state="waiting" if expires_at else "running",
                expires_at=expires_at,
            )

    async def _end(self, call_id: UUID, *, done: bool, text: str) -> None:
        async with self._services.sessions.begin() as session:
            await end_call(session, call_id, self._admission.request.conversation_id, done=done, result=text)

    @property
    def _answer_id(self) -> UUID:
        assert self._admission.answer_id is not None  # noqa: S101 - admitted
        return self._admission.answer_id

    def _clear(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        restore = self._admission.pseudonyms.restore
        return {name: with_texts(value, restore) for name, value in values.items()}

    def _tool(self, declared: SiteTool, knowledge: Knowledge) -> Tool:
        if declared.address is not None:
            return ApiCall(declared.endpoint, declared.signature, HttpSender(self._services.settings.tools))
        title = declared.shown
        if declared.name == search_documents.NAME:
            return SearchDocuments(title, knowledge, self._services.encoder, self._site.passages)
        return LeaveMessage(title, _Desk(self._services, self._site.id, self._admission.request.conversation_id))


@dataclass(frozen=True, slots=True)
class _Desk:
    """Keeps messages for staff as wishes for a person."""

    services: Services
    site_id: int
    conversation_id: UUID

    async def leave(self, message: str, contact: str) -> None:
        """Keep a message."""
        async with self.services.sessions.begin() as session:
            await wish_for_person(session, self.site_id, self.conversation_id, note=message, contact=contact)


def _values(arguments: Stemming) -> dict[str, JsonValue]:
    return {name: value for name, (value, _) in arguments.items()}
