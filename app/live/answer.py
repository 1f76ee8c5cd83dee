"""One answer that this process is making."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from app.live.following import At, Broken, End, Position, Snapshot, Stopped, Update, Whole, updates
from graph.errors import TooManyRequests
from graph.events import Done, Event, Failed, Reset, Started, Step, Token

GATHER_S = 0.04
"""How long pieces are gathered before a reader is told the next ones: faster than eyes, and half the work."""


class LiveAnswer:
    """Takes a turn's events and tells them to its readers. A slow reader gets several pieces as one."""

    def __init__(self, user_id: UUID, attempt: int) -> None:
        self.user_id = user_id
        """Whose it is."""
        self.answer_id: str | None = None
        """None until the message is stored; for good, if it is refused."""
        self.refused = False
        self.limited: TooManyRequests | None = None
        """The limit that refused the message."""
        self._attempt = attempt
        self._withdrawn = 0
        self._text = ""
        self._steps: list[str] = []
        self._end: End | None = None
        self._left = False
        self._changed = asyncio.Event()

    def take(self, event: Event) -> None:
        """Follow the turn."""
        match event:
            case Started(message_id=answer_id):
                self.answer_id = answer_id
            case Token(text=text):
                self._text += text
            case Reset():
                self._text = ""
                self._withdrawn += 1
            case Step(name=name):
                self._steps.append(name)
            case Done():
                self._end = Whole(event.text, event.sources, event.notice, event.rung, event.asked)
            case Failed(text=text):
                self.refused = self.answer_id is None
                if event.retry_after_s is not None:
                    self.limited = TooManyRequests(text, retry_after_s=event.retry_after_s)
                self._end = Broken(text, retry=not self.refused)
            case _:
                return
        self._tell()

    def stopped(self) -> None:
        """The turn was stopped, unless it had ended."""
        if not self._left:
            self._end = self._end or Stopped(self._text)
            self._tell()

    def left(self) -> None:
        """This process ends before the answer does: its readers find the rest elsewhere."""
        self._left = True
        self._tell()

    async def follow(self, seen: Position) -> AsyncGenerator[tuple[Position, Update]]:
        """What a reader does not know yet, until the end, or until this process leaves it."""
        steps = 0
        while True:
            changed = self._changed
            for step in self._steps[steps:]:
                yield seen, At(step)
            steps = len(self._steps)
            for position, update in updates(seen, self._snapshot()):
                seen = position
                yield position, update
                if isinstance(update, End):
                    return
            if self._left:
                return
            await changed.wait()
            if seen.offset:  # the first piece is not waited with
                await asyncio.sleep(GATHER_S)

    async def begun(self) -> None:
        """Wait until the message is stored or refused."""
        while self.answer_id is None and self._end is None and not self._left:
            await self._changed.wait()

    def _snapshot(self) -> Snapshot:
        return Snapshot(self._attempt, self._withdrawn, self._text, self._end)

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
