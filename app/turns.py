"""One turn, the same for every door: admit, protect, run the graph, keep."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
from langchain_core.runnables import RunnableConfig
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from app.db.handovers import wish_for_person
from app.db.ledger import Priced, enter
from app.db.messages import Door, Ending, NewMessage, begin_turn, cite, finish_answer, history, save_progress
from app.db.pseudonyms import hold_pseudonyms, store_pseudonyms
from app.db.search import SiteKnowledge
from app.db.traces import TurnTrace, store_trace
from app.prices import prices
from app.sites.book import SiteView
from app.sites.hours import reachable
from app.sites.models import routes_for
from app.storable import storable
from app.wiring import Services
from graph.context import IntentGuess, Limits, PersonalSpan, TurnContext
from graph.errors import EmptyMessage, GuardDown, MessageTooLong, StorageDown, UnknownSite, VisitorError
from graph.events import Done, Event, Failed, Reset, Source, Started, Step, Token, Usage
from graph.guards.pseudonyms import Pseudonyms, Restorer
from graph.state import Answer, Attached, Earlier, TurnState

PROGRESS_S = 0.5
"""How often the text shown so far is kept while an answer streams."""
CUT = "cut"
"""A turn that is cancelled with this message was not stopped by its visitor: another process may go on with it."""

Result = TypeVar("Result")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AttachedText:
    """A text file that came with a message."""

    name: str
    media_type: str
    text: str


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What a door knows of a visitor's message. The ids are the door's to make."""

    site_id: int
    user_id: UUID
    conversation_id: UUID
    message_id: UUID
    text: str
    attachments: tuple[AttachedText, ...] = ()
    earlier: tuple[Earlier, ...] | None = None
    """What was said before, when the door knows it; otherwise it is read from the conversation. Not stored."""
    door: Door = "page"
    answer_id: UUID | None = None
    """An open answer that another process began and this one has taken over; the message is stored already."""
    once: bool = False
    """Refuse a message that is stored already, instead of replacing it: it was sent twice at the same moment."""


async def run_turn(services: Services, request: TurnRequest) -> AsyncGenerator[Event]:
    """Answer a visitor's message.

    The first event is `Started`, unless the message is refused; the last is `Done` or `Failed`. It raises nothing. The
    conversation is made if it is new. A `message_id` that exists already (an edit, a retry) replaces that message and
    all that came after it, unless the request says `once`. Closing the iterator, or cancelling its task, stops the
    turn: what was shown is kept, marked `stopped` (or `cut`, by a cancellation that says so).
    """
    turn = _Turn(services, request, answer_id=request.answer_id)
    try:
        async with aclosing(turn.events()) as events:
            async for event in events:
                yield event
    except VisitorError as error:
        await turn.end("failed", error)
        yield Failed(str(error), str(turn.trace_id))
    except (asyncio.CancelledError, GeneratorExit) as left:
        await asyncio.shield(turn.end("cut" if left.args == (CUT,) else "stopped"))
        raise
    except Exception as error:
        known = StorageDown() if isinstance(error, DBAPIError | NoConnectionFree | psycopg.Error) else None
        log.exception("turn failed", extra={"trace_id": str(turn.trace_id)})
        await turn.end("failed", error)
        apology = f"Something went wrong on our side. Please try again; if it stays, name this number: {turn.trace_id}."
        yield Failed(str(known) if known else apology, str(turn.trace_id))
    finally:
        await asyncio.shield(turn.forget())


@dataclass(slots=True)
class _Turn:
    """The state of one turn. `shown` is the protected text that the visitor sees at this moment."""

    services: Services
    request: TurnRequest
    site: SiteView | None = None
    trace_id: UUID = field(default_factory=uuid4)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.perf_counter)
    answer_id: UUID | None = None
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)
    shown: str = ""
    withdrawn: int = 0
    kept_at: float = field(default_factory=time.perf_counter)
    steps: list[tuple[datetime, Step]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    intent: IntentGuess | None = None
    details: dict[str, Any] = field(default_factory=dict)
    tries: tuple[Usage, ...] = ()
    answer: Answer | None = None
    ended: bool = False

    async def events(self) -> AsyncGenerator[Event]:
        state = await self._admit()
        yield Started(str(self.answer_id), str(self.trace_id))
        restorer = Restorer(self.pseudonyms)
        config: RunnableConfig = {"configurable": {"thread_id": str(self.trace_id)}}
        stream: Any = self.services.graph.astream(  # a generator, though its type says iterator
            state, config, context=await self._context(), stream_mode=["custom", "updates"], durability="exit"
        )
        async with aclosing(stream) as parts:
            async for mode, part in parts:
                if mode == "updates":
                    self._learn(part)
                    continue
                match part:
                    case Token(text=text):
                        self.shown += text
                        if restored := restorer.feed(text):
                            yield Token(restored)
                        await self._keep_progress()
                        continue
                    case Reset():
                        self.shown, restorer = "", Restorer(self.pseudonyms)
                        self.withdrawn += 1
                        await self._keep_progress(at_once=True)
                    case Step():
                        self.steps.append((datetime.now(UTC), part))
                    case Source():
                        self.sources.append(part)
                        part = self._restored(part)
                yield part
        if rest := restorer.flush():
            yield Token(rest)
        if self.answer is None:
            raise RuntimeError("the graph ended without an answer")
        await self.end("done")
        yield self._done(self.answer)

    async def end(self, status: Ending, error: BaseException | None = None) -> None:
        """Close the answer and keep the trace, in one transaction.

        Does nothing for a turn that was never stored, or that has ended: whoever leaves after `Done` stops nothing.
        """
        if self.answer_id is None or self.ended:
            return
        answer = self.answer if status == "done" else None
        trace = TurnTrace(
            id=self.trace_id,
            site_id=self.request.site_id,
            conversation_id=self.request.conversation_id,
            message_id=self.answer_id,
            started_at=self.started_at,
            duration_ms=(time.perf_counter() - self.began) * 1000,
            outcome=status,
            intent=self.intent,
            details=self.details | ({"error": type(error).__name__} if error else {}),
            steps=self.steps,
        )
        try:
            async with self.services.sessions.begin() as session:
                ours = await finish_answer(
                    session,
                    self.answer_id,
                    owner=self.services.owner,
                    status=status,
                    text=answer.text if answer else self.shown,
                    answered_by=answer.answered_by if answer else None,
                    rung=answer.rung if answer else None,
                    notice=answer.notice if answer else None,
                )
                if ours:  # neither replaced by the same question asked again, nor taken over by another process
                    await cite(session, self.answer_id, self.request.site_id, self.sources if answer else ())
                    await store_trace(session, trace)
                    price = prices(self.services.settings)
                    tries = [Priced(used, price(used)) for used in self.tries]
                    await enter(session, self.request.site_id, self.trace_id, tries)
                    if answer and self.intent and self.intent.route == "handover":
                        await wish_for_person(session, self.request.site_id, self.request.conversation_id)
            self.ended = True
        except Exception:
            if status == "done":
                raise
            # The answer stays open; it is marked as cut when this process is gone.
            log.exception("turn could not be stored", extra={"trace_id": str(self.trace_id)})

    async def forget(self) -> None:
        """Remove what the graph saved of this turn. What cannot be removed now, upkeep removes after a day."""
        if self.answer_id is None:
            return
        try:
            await self.services.forget_checkpoints(str(self.trace_id))
        except Exception:
            log.exception("checkpoints could not be removed", extra={"trace_id": str(self.trace_id)})

    async def _admit(self) -> TurnState:
        """Refuse what cannot be a turn, protect the rest, and store it before anything else reads it."""
        request, settings = self.request, self.services.settings.turn
        text = storable(request.text).strip()
        if not text:
            raise EmptyMessage
        if len(text) > settings.message_chars:
            raise MessageTooLong(
                f"Your message has {len(text):,} characters; at most {settings.message_chars:,} can be read. "
                "Please shorten it."
            )
        self.site = await self.services.sites.numbered(request.site_id)
        if self.site is None:
            raise UnknownSite
        names = [storable(file.name) for file in request.attachments]
        given = self._given()
        texts = [*names, *(file.text for file in request.attachments), *(said.text for said in given or ())]
        spans = await self._find([text, *texts])
        message, earlier = await _to_its_end(self._begin(text, spans, given))
        return {
            "question": message.text,
            "history": earlier,
            "attached": [Attached(name, text) for name, _, text in message.attachments],
        }

    def _given(self) -> list[Earlier] | None:
        """The last of what the door says was said before; None when it leaves that to the conversation."""
        earlier, limit = self.request.earlier, self.services.settings.turn.history_messages
        if earlier is None:
            return None
        return [Earlier(said.role, storable(said.text)) for said in (earlier[-limit:] if limit else ())]

    async def _begin(
        self, text: str, spans: list[list[PersonalSpan]], given: list[Earlier] | None
    ) -> tuple[NewMessage, list[Earlier]]:
        """Store the message protected, its new pseudonyms and an open answer; return it with what was said before."""
        request = self.request
        async with self.services.sessions.begin() as session:
            known = await hold_pseudonyms(session, request.conversation_id)
            self.pseudonyms = Pseudonyms(known)
            protected = self.pseudonyms.protect(text, spans[0])
            protect, files = self.pseudonyms.protect, request.attachments
            in_names, in_texts = spans[1 : len(files) + 1], spans[len(files) + 1 : 2 * len(files) + 1]
            protected_files = [
                (protect(storable(file.name), in_name), file.media_type, protect(file.text, in_text))
                for file, in_name, in_text in zip(files, in_names, in_texts, strict=True)
            ]
            in_given = spans[2 * len(files) + 1 :]
            earlier = [
                Earlier(said.role, protect(said.text, found)) for said, found in zip(given or (), in_given, strict=True)
            ]
            message = NewMessage(
                request.message_id,
                request.site_id,
                request.user_id,
                request.conversation_id,
                protected,
                protected_files,
                request.door,
            )
            new = {token: value for token, value in self.pseudonyms.values.items() if token not in known}
            answer_id = request.answer_id or await begin_turn(
                session, message, owner=self.services.owner, once=request.once
            )
            await store_pseudonyms(session, message.conversation_id, message.site_id, new)
            limit = self.services.settings.turn.history_messages
            if given is None:
                kept = await history(session, message.conversation_id, before=message.id, limit=limit)
                earlier = [
                    Earlier("visitor" if m.role == "visitor" else "assistant", m.text, judged=True) for m in kept
                ]
        self.answer_id = answer_id
        return message, earlier

    async def _find(self, texts: list[str]) -> list[list[PersonalSpan]]:
        """Find the personal data in each text."""
        find = self.services.personal_data.find
        try:
            return await asyncio.to_thread(lambda: [find(text) for text in texts])
        except Exception as error:
            raise GuardDown from error

    async def _context(self) -> TurnContext:
        services, settings, site = self.services, self.services.settings, self.site
        assert site is not None  # noqa: S101 - admitted
        return TurnContext(
            assistant=site.assistant,
            subject=site.subject,
            encoder=services.encoder,
            injection=services.injection,
            intents=await services.sites.intents(site, services.encoder, services.intents),
            knowledge=SiteKnowledge(services.sessions, site.id, services.encoder.name),
            models=routes_for(site.config.model, services.models),
            limits=Limits(
                passages=site.passages,
                answer_tokens=settings.turn.answer_tokens,
                history_messages=settings.turn.history_messages,
                turn_s=settings.turn.turn_s,
                waits_s=settings.turn.waits_s,
                min_similarity=site.min_similarity,
                by_difficulty=settings.turn.by_difficulty,
            ),
            breakers=services.breakers,
            people=reachable(site.config.hours, datetime.now(UTC)).text,
        )

    def _learn(self, updates: dict[str, TurnState]) -> None:
        """Take what the trace and the answer need out of the nodes' updates."""
        for update in updates.values():
            if "injection" in update:
                finding = update["injection"]
                self.details["injection"] = {"score": round(finding.score, 4), "reason": finding.reason}
            if "intent" in update:
                self.intent = update["intent"]
                self.details["runner_up"] = self.intent.runner_up
            if "passages" in update:
                self.details["passages"] = [
                    {"chunk": p.chunk_id, "similarity": round(p.similarity, 4), "score": round(p.score, 5)}
                    for p in update["passages"]
                ]
            if "draft" in update:  # kept even if the turn fails afterwards: its tries are on the bill
                self.tries = update["draft"].usage
            if "answer" in update:
                self.answer = update["answer"]

    async def _keep_progress(self, *, at_once: bool = False) -> None:
        now = time.perf_counter()
        if self.answer_id is None or not (at_once or now - self.kept_at >= PROGRESS_S):
            return
        self.kept_at = now
        async with self.services.sessions.begin() as session:
            await save_progress(session, self.answer_id, self.shown, self.withdrawn, owner=self.services.owner)

    def _restored(self, source: Source) -> Source:
        """A source as its visitor may see it: a passage of an attached file has its own words back."""
        if source.chunk_id is not None:
            return source
        restore = self.pseudonyms.restore
        return replace(
            source, document=restore(source.document), title=restore(source.title), text=restore(source.text)
        )

    def _done(self, answer: Answer) -> Done:
        return Done(
            message_id=str(self.answer_id),
            text=self.pseudonyms.restore(answer.text),
            answered_by=answer.answered_by,
            rung=answer.rung,
            intent=self.intent.name if self.intent else "blocked",
            sources=tuple(map(self._restored, self.sources)),
            usage=answer.usage,
            trace_id=str(self.trace_id),
            notice=answer.notice,
            shortened=answer.shortened,
        )


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
