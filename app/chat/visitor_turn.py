"""One turn on the page: what `run_turn` tells, as a visitor sees it happen."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime

from chainlit.action import Action
from chainlit.emitter import BaseChainlitEmitter
from chainlit.session import WebsocketSession

from app.chat.answer_text import ENDINGS, shown_answer
from app.chat.runtime import Chat
from app.chat.steps_shown import answer_step, now, run_id, run_step, trail_step
from app.turn_request import TurnRequest
from graph.events import Asked, Done, Failed, Notice, Reset, Source, Started, Step, Token
from graph.guards.language import language_of
from graph.replies import FALLBACK, said

RETRY = "retry"
DECIDE = "decide"


def retry_action(message_id: str, answer_id: str) -> Action:
    """The button under an answer that did not become whole."""
    return Action(
        name=RETRY,
        label="Try again",
        icon="rotate-ccw",
        tooltip="Ask the same question again",
        payload={"message_id": message_id, "answer_id": answer_id},
        forId=answer_id,
    )


def decide_actions(answer_id: str, asked: Asked, language: str) -> list[Action]:
    """The two buttons under an answer that asks for the visitor's word."""
    payload = {"answer_id": answer_id, "call": asked.call_id, "digest": asked.digest}
    return [
        Action(
            name=DECIDE,
            id=f"{DECIDE}-{asked.call_id}-{word}",
            label=said(f"confirm.{word}", language),
            icon=icon,
            tooltip=asked.title,
            payload={**payload, "agreed": word == "yes", "text": said(f"confirm.{word}", language)},
            forId=answer_id,
        )
        for word, icon in (("yes", "check"), ("no", "x"))
    ]


class TurnOnPage:
    """Shows one turn. The answer's text exists once, in `text`; the page is only told what changed."""

    def __init__(
        self, chat: Chat, session: WebsocketSession, emitter: BaseChainlitEmitter, request: TurnRequest
    ) -> None:
        self._chat, self._session, self._emitter, self._request = chat, session, emitter, request
        self._thread = str(request.conversation_id)
        self._message = str(request.message_id)
        self._author = chat.settings.chat.name
        self._began: datetime = now()
        self._answer: str | None = None
        self._text = ""
        self._streaming = False
        self._steps: list[Step] = []
        self._sources: list[Source] = []

    async def run(self) -> None:
        """Run the turn to its end. Cancelling it stops the turn and keeps the text that is shown."""
        await self._emitter.emit("task_start", {})
        try:
            async with aclosing(self._chat.run_turn(self._chat.services, self._request)) as events:
                async for event in events:
                    await self._show(event)
        except asyncio.CancelledError:
            await asyncio.shield(self._end("stopped"))
            raise
        finally:
            await self._emitter.emit("task_end", {})

    async def _show(self, event: object) -> None:
        match event:
            case Started(message_id=answer_id):
                self._answer = answer_id
                await self._open()
            case Token(text=text):
                await self._stream(text)
            case Reset():
                self._text = ""
                self._sources.clear()
                if self._streaming:
                    await self._emitter.send_token(id=self._id, token="", is_sequence=True)
            case Step():
                if not self._steps and self._streaming:
                    return  # it would stand below the answer that it led to
                self._steps.append(event)
                await self._trail(ended=False)
            case Source():
                self._sources.append(event)
            case Notice():
                pass  # Done carries it, too, and it stands below the whole answer
            case Done():
                self._text = event.text
                if event.asked:
                    await self._ask(event.asked)
                await self._close(event.sources, notice=event.notice)
            case Failed(text=text, again=again):
                await self._end("failed", text, again=again)

    @property
    def _id(self) -> str:
        return self._answer or f"refused-{self._message}"

    async def _open(self) -> None:
        """The message is stored: from here on the conversation exists, and the page may list it."""
        if not self._session.has_first_interaction:
            self._session.has_first_interaction = True
            await self._emitter.emit(
                "first_interaction", {"interaction": self._request.text[:200], "thread_id": self._thread}
            )
        await self._emitter.send_step(run_step(self._id, self._thread, self._message, self._began, None))

    async def _trail(self, *, ended: bool) -> None:
        step = trail_step(self._id, self._thread, self._author, self._steps, self._began, now() if ended else None)
        await (self._emitter.update_step(step) if len(self._steps) > 1 or ended else self._emitter.send_step(step))

    async def _stream(self, text: str) -> None:
        self._text += text
        if self._streaming:
            await self._emitter.send_token(id=self._id, token=text)
            return
        self._streaming = True
        step = answer_step(self._id, self._thread, self._author, self._text, now())
        step["streaming"] = True
        await self._emitter.stream_start(step)

    async def _close(
        self,
        sources: Sequence[Source] = (),
        *,
        notice: str | None = None,
        ending: str | None = None,
        error: bool = False,
    ) -> None:
        """Show the answer as it stays."""
        shown = shown_answer(self._id, self._text, sources, notice=notice, ending=ending)
        stored = self._answer is not None
        step = answer_step(
            self._id, self._thread, self._author, shown, now(), error=error, parent="run" if stored else None
        )
        await (self._emitter.update_step(step) if self._streaming else self._emitter.send_step(step))
        self._streaming = False
        if self._steps:
            await self._trail(ended=True)
        if stored:
            await self._emitter.update_step(run_step(self._id, self._thread, self._message, self._began, now()))

    async def _ask(self, asked: Asked) -> None:
        """Offer the visitor to agree or not."""
        for action in decide_actions(self._id, asked, language_of(self._request.text) or FALLBACK):
            await self._emitter.emit("action", action.to_dict())

    async def _end(self, status: str, reason: str | None = None, *, again: bool = True) -> None:
        """Show that there will be no whole answer, and offer another try if one can help."""
        ending = reason or ENDINGS[status]
        if self._text:
            await self._close(ending=ending)
        else:
            self._text = ending if status == "failed" else ""
            await self._close(ending=None if status == "failed" else ending, error=status == "failed")
        if again:
            await self._emitter.emit("action", retry_action(self._message, self._id).to_dict())


async def withdraw(emitter: BaseChainlitEmitter, answer_id: str, action: Mapping[str, object]) -> None:
    """Take an answer and its button off the page, before the same question is asked again."""
    await emitter.emit("remove_action", action)
    for gone in (run_id(answer_id), answer_id):
        await emitter.emit("delete_message", {"id": gone})
