"""Turns that go on while their readers come and go, and answers that other processes make or have left."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from app.db.answers import StoredAnswer, answer_to, stop_answer, stored_answer, take_over
from app.db.calls import waiting_calls
from app.db.listen import tell
from app.db.messages import ANSWERS
from app.db.pseudonyms import load_pseudonyms
from app.live.answer import LiveAnswer
from app.live.following import Broken, End, Position, Snapshot, Stopped, Update, Whole, updates
from app.protecting import restored
from app.stored_request import stored_request
from app.tool_use.asked import asked_of
from app.turn_request import TurnRequest
from app.turns import CUT, run_turn
from app.wiring import Services
from graph.errors import OurFault, VisitorError
from graph.events import Asked, Event, Failed, Rung
from graph.guards.pseudonyms import Pseudonyms
from graph.guards.restoring import Restorer, restored_answer

STOPS = "parley_stops"
"""Channel on which the id of an answer is told that its visitor wants stopped."""
LOOK_S = 1.0
"""How often an answer of another process is looked at when nothing is told of it."""
LEAVE_S = 8.0
"""How long turns may take to end when the process does."""
MOST_AT_ONCE = 200

Result = TypeVar("Result")
RunTurn = Callable[[Services, TurnRequest], AsyncGenerator[Event]]
Following = AsyncGenerator[tuple[Position, Update]]
log = logging.getLogger(__name__)


class Overloaded(VisitorError):
    """Many people are asking just now. Please try again in a moment."""


class LiveTurns:
    """Runs turns beside the requests that asked for them."""

    def __init__(self, services: Services, run: RunTurn = run_turn) -> None:
        self._services, self._run = services, run
        self._answers: dict[UUID, tuple[LiveAnswer, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiting: dict[UUID, set[asyncio.Event]] = {}
        self._leaving = False
        services.listener.on(ANSWERS, self._told)
        services.listener.on(STOPS, self._stop_here)

    async def ask(self, request: TurnRequest) -> LiveAnswer:
        """Begin a turn; return its answer as soon as the message is stored or refused.

        Raises:
            Overloaded: this process has as many turns as it can take.
        """
        if self._full:
            raise Overloaded
        return await self._begin(request, attempt=1)

    async def _begin(self, request: TurnRequest, *, attempt: int) -> LiveAnswer:
        answer = LiveAnswer(request.user_id, attempt)
        task = self._beside(self._work(request, answer))
        await answer.begun()
        if answer.answer_id and not task.done():
            answer_id = UUID(answer.answer_id)
            self._answers[answer_id] = answer, task
            task.add_done_callback(lambda _: self._answers.pop(answer_id, None))
        return answer

    async def answer_to(self, user_id: UUID, message_id: UUID) -> UUID | None:
        """The answer to a message that is stored already."""
        async with self._services.sessions() as session:
            return await answer_to(session, user_id, message_id)

    async def follow(self, user_id: UUID, answer_id: UUID, seen: Position) -> Following:
        """What a reader of an answer does not know yet, until its end, whichever process makes it.

        An answer whose process has died is begun anew by this one. Nothing comes when the answer is not this user's.
        """
        idle = 0
        while True:
            if (live := self._answers.get(answer_id)) and live[0].user_id == user_id:
                async for told_here in live[0].follow(seen):
                    yield told_here
                return
            told = self._expect(answer_id)
            try:
                stored, snapshot = await self._stored(user_id, answer_id)
                if stored is None:
                    return
                if snapshot is not None and (snapshot.end is None or not stored.may_be_taken_up):
                    idle += 1
                    for position, update in updates(seen, snapshot):
                        idle, seen = 0, position
                        yield position, update
                        if isinstance(update, End):
                            return
                # Shielded: a reader who leaves now does not leave an answer of ours behind that nobody makes.
                if (stored.may_be_taken_up or idle) and await asyncio.shield(
                    self._beside(self._take_over(user_id, stored))
                ):
                    continue
                await _wait(told, LOOK_S)
            finally:
                self._forget(answer_id, told)

    async def stop(self, user_id: UUID, answer_id: UUID) -> bool:
        """Stop an answer, wherever it is made; False when there is no such answer of this user's."""
        async with self._services.sessions.begin() as session:
            if await stored_answer(session, user_id, answer_id) is None:
                return False
            await stop_answer(session, answer_id)
            await tell(session, STOPS, str(answer_id))
        self._stop_here(str(answer_id))
        return True

    async def close(self) -> None:
        """Let turns end; those that take too long are cut, so that another process can take them over."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LEAVE_S)
        self._leaving = True
        for task in self._tasks:
            task.cancel(CUT)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def _full(self) -> bool:
        return len(self._tasks) >= MOST_AT_ONCE or self._leaving

    def _beside(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Do something that the request which asks for it may leave before it ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _work(self, request: TurnRequest, answer: LiveAnswer) -> None:
        try:
            async with aclosing(self._run(self._services, request)) as events:
                async for event in events:
                    answer.take(event)
        except asyncio.CancelledError:  # the turn has stored how it ended
            if self._leaving:
                answer.left()
        except Exception:
            log.exception("a turn broke")
            answer.take(Failed(str(OurFault()), ""))
        finally:
            answer.stopped()

    async def _stored(self, user_id: UUID, answer_id: UUID) -> tuple[StoredAnswer | None, Snapshot | None]:
        async with self._services.sessions() as session:
            stored = await stored_answer(session, user_id, answer_id)
            if stored is None:
                return None, None
            message = stored.message
            pseudonyms = Pseudonyms(await load_pseudonyms(session, message.conversation_id))
            done = message.status == "done"
            waiting = (await waiting_calls(session, message.conversation_id)).get(message.id) if done else None
        asked = None
        if waiting and (site := await self._services.sites.numbered(message.site_id)):
            asked = asked_of(waiting, site.config.tools, pseudonyms)
        return stored, _snapshot(stored, pseudonyms, asked)

    async def _take_over(self, user_id: UUID, stored: StoredAnswer) -> bool:
        """Begin an answer anew whose process is gone; False when it lives, or another was quicker."""
        message = stored.message
        if self._full or message.reply_to is None:
            return False
        request = await stored_request(self._services, user_id, message.reply_to)
        if request is None:
            return False
        async with self._services.sessions.begin() as session:
            attempt = await take_over(session, message.id, dead=message.owner, owner=self._services.owner)
        if attempt is None:
            return False
        log.info("an answer of a process that is gone is begun anew", extra={"answer": str(message.id)})
        await self._begin(replace(request, door="widget", answer_id=message.id), attempt=attempt)
        return True

    def _expect(self, answer_id: UUID) -> asyncio.Event:
        told = asyncio.Event()
        self._waiting.setdefault(answer_id, set()).add(told)
        return told

    def _forget(self, answer_id: UUID, told: asyncio.Event) -> None:
        waiting = self._waiting.get(answer_id, set())
        waiting.discard(told)
        if not waiting:
            self._waiting.pop(answer_id, None)

    def _told(self, payload: str) -> None:
        for told in self._waiting.get(UUID(payload), ()):
            told.set()

    def _stop_here(self, payload: str) -> None:
        if live := self._answers.get(UUID(payload)):
            live[1].cancel()


async def _wait(told: asyncio.Event, longest_s: float) -> None:
    try:
        async with asyncio.timeout(longest_s):
            await told.wait()
    except TimeoutError:
        pass


def _snapshot(stored: StoredAnswer, pseudonyms: Pseudonyms, asked: Asked | None) -> Snapshot:
    """How a stored answer stands, restored as it was streamed: the beginning of a token is held back."""
    message = stored.message
    if message.status == "open":
        return Snapshot(message.attempt, message.withdrawn, Restorer(pseudonyms).feed(message.text))
    text = restored_answer(message.text, pseudonyms)
    return Snapshot(message.attempt, message.withdrawn, text, _end(stored, text, pseudonyms, asked))


def _end(stored: StoredAnswer, text: str, pseudonyms: Pseudonyms, asked: Asked | None) -> End:
    match stored.message.status:
        case "done":
            sources = tuple(restored(citation, pseudonyms) for citation in stored.citations)
            rung: Rung = stored.message.rung or "fixed"  # type: ignore[assignment]  # only rungs are stored
            return Whole(text, sources, stored.message.notice, rung, asked)
        case "stopped":
            return Stopped(text)
        case "cut":
            return Broken("This answer was cut off.")
        case _:
            return Broken(str(OurFault()))
