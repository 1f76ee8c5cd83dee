"""One turn, the same for every door: admit, protect, run the graph, keep."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from langchain_core.runnables import RunnableConfig
from sqlalchemy.ext.asyncio import AsyncSession

from app.admission import Admission
from app.db.alerts import note_alerts
from app.db.cache import SiteCache, used_again
from app.db.calls import drop_waiting
from app.db.faults import DATABASE_FAULTS
from app.db.handovers import wish_for_person
from app.db.ledger import enter
from app.db.messages import Ending, cite, finish_answer, save_progress
from app.db.traces import TurnTrace, store_trace
from app.metrics import Billed
from app.prices import priced
from app.protecting import restored_source
from app.quotas import count_tokens
from app.said_out import SaidOut
from app.tool_use.asked import restored_asked
from app.tool_use.box import TurnTools
from app.turn_context import context_of
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.context import IntentGuess, TurnContext
from graph.errors import StorageDown, VisitorError
from graph.events import Done, Event, Failed, Reset, Source, Started, Step, Token, Usage
from graph.guards.language import language_of
from graph.guards.links import Hosts
from graph.guards.outgoing import cleaned
from graph.guards.restoring import restored_answer
from graph.nodes.recall import worth_keeping
from graph.replies import FALLBACK, said
from graph.state import Answer, TurnState

PROGRESS_S = 0.5
"""How often the text shown so far is kept while an answer streams."""
CUT = "cut"
"""A turn that is cancelled with this message was not stopped by its visitor: another process may go on with it."""

log = logging.getLogger(__name__)


async def run_turn(services: Services, request: TurnRequest) -> AsyncGenerator[Event]:
    """Answer a visitor's message.

    The first event is `Started`, unless the message is refused; the last is `Done` or `Failed`. It raises nothing. The
    conversation is made if it is new. A `message_id` that exists already (an edit, a retry) replaces that message and
    all that came after it, unless the request says `once`. Closing the iterator, or cancelling its task, stops the
    turn: what was shown is kept, marked `stopped` (or `cut`, by a cancellation that says so).
    """
    turn = _Turn(services, request, Admission(services, request))
    try:
        async with aclosing(turn.events()) as events:
            async for event in events:
                yield event
    except VisitorError as error:
        await turn.end("failed", error)
        yield Failed(str(error), str(turn.trace_id), error.retry_after_s, error.again)
    except (asyncio.CancelledError, GeneratorExit) as left:
        await asyncio.shield(turn.end("cut" if left.args == (CUT,) else "stopped"))
        raise
    except Exception as error:
        known = StorageDown() if isinstance(error, DATABASE_FAULTS) else None
        log.exception("turn failed", extra={"trace_id": str(turn.trace_id)})
        await turn.end("failed", error)
        apology = said("apology", language_of(request.text) or FALLBACK, number=str(turn.trace_id))
        yield Failed(str(known) if known else apology, str(turn.trace_id))
    finally:
        await asyncio.shield(turn.forget())


@dataclass(slots=True)
class _Turn:
    """The state of one turn. `shown` is the protected text that the visitor sees at this moment."""

    services: Services
    request: TurnRequest
    admission: Admission
    trace_id: UUID = field(default_factory=uuid4)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.perf_counter)
    shown: str = ""
    withdrawn: int = 0
    kept_at: float = field(default_factory=time.perf_counter)
    steps: list[tuple[datetime, Step]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    intent: IntentGuess | None = None
    details: dict[str, Any] = field(default_factory=dict)
    tries: list[Usage] = field(default_factory=list)
    answer: Answer | None = None
    cache: SiteCache | None = None
    tools: TurnTools | None = None
    ended: bool = False
    hosts: Hosts = field(default_factory=Hosts)

    @property
    def answer_id(self) -> UUID | None:
        """The open answer; None until the message is stored."""
        return self.admission.answer_id

    async def events(self) -> AsyncGenerator[Event]:
        state = await self.admission.admit()
        yield Started(str(self.answer_id), str(self.trace_id))
        site = self.admission.site
        assert site is not None  # noqa: S101 - admitted
        self.hosts = await self.services.sites.hosts(site)
        knows = await context_of(self.services, self.admission, site, self.tries)
        context, self.cache, self.tools = knows.context, knows.cache, knows.tools
        if knows.tier != "within":
            self.details["budget"] = knows.tier
        said_out = self._said(context)
        # The conversation's id is stored with each checkpoint, so that erasing finds what a dead process left.
        ids = {"thread_id": str(self.trace_id), "conversation_id": str(self.request.conversation_id)}
        config: RunnableConfig = {"configurable": ids}
        stream: Any = self.services.graph.astream(  # a generator, though its type says iterator
            state, config, context=context, stream_mode=["custom", "updates"], durability="exit"
        )
        async with aclosing(stream) as parts:
            async for mode, part in parts:
                if mode == "updates":
                    self._learn(part)
                    continue
                match part:
                    case Token(text=text):
                        if said_out.leaks(text):
                            break
                        restored = said_out.feed(text)
                        self.shown = said_out.shown
                        if restored:
                            yield Token(restored)
                        await self._keep_progress()
                        continue
                    case Reset():
                        self.shown, said_out = "", self._said(context)
                        self.withdrawn += 1
                        await self._keep_progress(at_once=True)
                    case Step():
                        self.steps.append((datetime.now(UTC), part))
                    case Source():
                        self.sources.append(part)
                        part = restored_source(part, self.admission.pseudonyms)
                yield part
        if said_out.leaked:
            self.answer = self._refusal()
            yield Reset("kept to itself")
            yield Token(self.shown)
        elif rest := said_out.flush():
            self.shown = said_out.shown
            yield Token(rest)
        if self.answer is None:
            raise RuntimeError("the graph ended without an answer")
        await self.end("done")
        yield self._done(self.answer)

    def _said(self, context: TurnContext) -> SaidOut:
        return SaidOut(self.admission.pseudonyms, self.hosts, context.canary)

    def _refusal(self) -> Answer:
        """What stands in place of an answer that repeats the instructions."""
        assert self.admission.site is not None  # noqa: S101 - admitted
        language = language_of(self.request.text) or FALLBACK
        self.shown = said("refused", language, subject=self.admission.site.subject)
        self.details["attention"] = "leak"
        self.withdrawn += 1
        self.sources.clear()
        return Answer(self.shown, answered_by="parley", rung="fixed", usage=tuple(self.tries))

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
        billed: Billed | None = None
        try:
            async with self.services.sessions.begin() as session:
                ours = await finish_answer(
                    session,
                    self.request.conversation_id,
                    self.answer_id,
                    owner=self.services.owner,
                    status=status,
                    text=answer.text if answer else self.shown,
                    answered_by=answer.answered_by if answer else None,
                    rung=answer.rung if answer else None,
                    notice=answer.notice if answer else None,
                )
                if ours:  # neither replaced by the same question asked again, nor taken over by another process
                    sources = self.sources if answer else ()
                    await cite(session, self.request.conversation_id, self.answer_id, self.request.site_id, sources)
                    await store_trace(session, trace)
                    if self.tools and self.tools.waits and not (answer and answer.asked):  # what nobody is shown
                        await drop_waiting(session, self.answer_id)
                    await self._keep_answer(session)
                    billed = await self._bill(session)
                    if answer and self.intent and self.intent.route == "handover":
                        await wish_for_person(session, self.request.site_id, self.request.conversation_id)
            self.ended = True
            self.services.metrics.turn(status, answer.rung if answer else None, trace.duration_ms / 1000, billed)
            if billed and self.cache and self.cache.place:
                self.services.metrics.looked_up(billed.site, answer.recalled if answer else None)
        except Exception:
            if status == "done":
                raise
            # The answer stays open; it is marked as cut when this process is gone.
            log.exception("turn could not be stored", extra={"trace_id": str(self.trace_id)})

    async def _keep_answer(self, session: AsyncSession) -> None:
        """Keep the answer for the next who asks the same, or note that a kept one was given."""
        answer = self.answer
        if answer is None or self.answer_id is None:
            return
        if answer.recalled:
            await used_again(session, answer.recalled.entry)
        elif self.cache and "budget" not in self.details and worth_keeping(answer):  # by all the site's models
            await self.cache.keep(session, self.request.conversation_id, self.answer_id, answer, self.sources)

    async def _bill(self, session: AsyncSession) -> Billed | None:
        """Enter what the models took into the ledger, and count it towards the limits and the budget's alerts."""
        settings, site = self.services.settings, self.admission.site
        if site is None:  # never admitted: no model was asked
            return None
        tries = [priced(used, settings) for used in self.tries]
        await enter(session, site.id, self.trace_id, tries)
        tokens = sum(used.input_tokens + used.output_tokens for used in self.tries)
        await count_tokens(session, site, self.request, tokens)
        return Billed(site.name, tries, await note_alerts(session, site.id, site.config.budget))

    async def forget(self) -> None:
        """Remove what the graph saved of this turn. What cannot be removed now, upkeep removes after a day."""
        if self.answer_id is None:
            return
        try:
            await self.services.forget_checkpoints(str(self.trace_id))
        except Exception:
            log.exception("checkpoints could not be removed", extra={"trace_id": str(self.trace_id)})

    def _learn(self, updates: dict[str, TurnState]) -> None:
        """Take what the trace and the answer need out of the nodes' updates."""
        for update in updates.values():
            if "injection" in update:
                finding = update["injection"]
                self.details["injection"] = {"score": round(finding.score, 6), "reason": finding.reason}
                if finding.blocked or finding.only_noted:
                    self.details["attention"] = "blocked" if finding.blocked else "only_noted"
            if "intent" in update:
                self.intent = update["intent"]
                self.details["runner_up"] = self.intent.runner_up
            if "passages" in update:
                self.details["passages"] = [
                    {"chunk": p.chunk_id, "similarity": round(p.similarity, 4), "score": round(p.score, 5)}
                    for p in update["passages"]
                ]
                if any(p.suspicious and p.origin == "attachment" for p in update["passages"]):
                    self.details.setdefault("attention", "file")
            if "answer" in update:
                answer = update["answer"]
                self.answer = replace(answer, text=cleaned(answer.text, self.hosts))
                if recalled := self.answer.recalled:
                    self.details["recalled"] = asdict(recalled)
                if self.cache and self.cache.place:
                    self.details["looked_up"] = self.cache.place
                if answer.called:
                    self.details["called"] = list(answer.called)
                if answer.contained:
                    self.details["attention"] = "contained"

    async def _keep_progress(self, *, at_once: bool = False) -> None:
        now = time.perf_counter()
        if self.answer_id is None or not (at_once or now - self.kept_at >= PROGRESS_S):
            return
        self.kept_at = now
        async with self.services.sessions.begin() as session:
            await save_progress(
                session,
                self.request.conversation_id,
                self.answer_id,
                self.shown,
                self.withdrawn,
                owner=self.services.owner,
            )

    def _done(self, answer: Answer) -> Done:
        pseudonyms = self.admission.pseudonyms
        return Done(
            message_id=str(self.answer_id),
            text=restored_answer(answer.text, pseudonyms),
            answered_by=answer.answered_by,
            rung=answer.rung,
            intent=self.intent.name if self.intent else "decided" if self.request.decision else "blocked",
            sources=tuple(restored_source(source, pseudonyms) for source in self.sources),
            usage=answer.usage,
            trace_id=str(self.trace_id),
            notice=answer.notice,
            shortened=answer.shortened,
            asked=restored_asked(answer.asked, pseudonyms) if answer.asked else None,
        )
