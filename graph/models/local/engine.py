"""The thread that owns a loaded model: requests come to it from event loops, and pieces of text go back to them."""

import asyncio
import atexit
import logging
import threading
from collections.abc import AsyncGenerator, Sequence

from graph.errors import Busy, ContextExceeded, ModelFault, ServerFault
from graph.models.local.load import Loaded
from graph.models.local.request import Finished, Piece, Request
from graph.models.local.sampling import Sampling
from graph.models.local.schedule import Scheduler
from graph.models.local.vocabulary import CLOSED

log = logging.getLogger(__name__)


class Engine:
    """Generates texts side by side with a loaded model. Only its own thread touches the context: two threads crash it.

    The thread starts with the first request and ends with `close`.
    """

    def __init__(self, loaded: Loaded, *, waiting: int = 16) -> None:
        """Args: waiting: requests that may wait beside those that run; more are refused."""
        self.loaded = loaded
        self.scheduler = Scheduler(loaded)
        self._most = loaded.slots + waiting
        self._arrived: list[Request] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._broken = False

    @property
    def running(self) -> int:
        """Requests whose texts are being written just now."""
        return self.scheduler.running

    @property
    def waiting(self) -> int:
        """Requests that wait for a slot."""
        return len(self._arrived) + self.scheduler.open - self.scheduler.running

    def check_open(self) -> None:
        """Raise ServerFault if the engine was closed, or ended by a failure that it could not mend."""
        if self._closed or self._broken:
            raise ServerFault(CLOSED if self._closed else "The local model failed and has stopped; start Parley again.")

    def close(self) -> None:
        """Break off what is running, fail what waits, and free the model's memory. Blocks for a step's time."""
        atexit.unregister(self.close)
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        if self._thread:
            self._thread.join()
        self.loaded.close()

    async def generate(self, prompt: Sequence[int], sampling: Sampling) -> AsyncGenerator[str | Finished]:
        """Yield pieces of text, then one `Finished`. Leaving early frees what the request holds within one step.

        Raises:
            Busy: as many requests wait as may.
            ContextExceeded: the prompt leaves no room in the context window.
            RequestRefused: the grammar is not one.
            ServerFault: llama.cpp failed, or the engine was closed.
        """
        if len(prompt) >= self.loaded.window:
            raise ContextExceeded(
                f"The prompt has {len(prompt)} tokens, too many for the local model's context of {self.loaded.window}."
            )
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Piece] = asyncio.Queue()
        request = Request(prompt, sampling, lambda piece: _send(loop, pieces, piece))
        self._submit(request)
        try:
            while True:
                piece = await pieces.get()
                if isinstance(piece, ModelFault):
                    raise piece
                yield piece
                if isinstance(piece, Finished):
                    return
        finally:
            request.unwanted.set()

    def _submit(self, request: Request) -> None:
        with self._changed:
            self.check_open()
            if len(self._arrived) + self.scheduler.open >= self._most:
                raise Busy
            if self._thread is None:
                atexit.register(self.close)  # an exit must not free the memory under a running thread
                self._thread = threading.Thread(target=self._work, name="local-model", daemon=True)
                self._thread.start()
            self._arrived.append(request)
            self._changed.notify()

    def _work(self) -> None:
        fault = ServerFault(CLOSED)
        try:
            while self._take_in():
                try:
                    self.scheduler.step()
                except Exception as error:
                    log.exception("the local model failed")
                    self.scheduler.fail(ServerFault(f"The local model failed ({type(error).__name__})."))
        except BaseException as error:
            log.exception("the local model's thread ended")
            fault = ServerFault(f"The local model failed ({type(error).__name__}).")
            raise
        finally:
            self._end(fault)

    def _take_in(self) -> bool:
        """Wait until there is something to do, and take in what has arrived; False when the engine is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._arrived or self.scheduler.open)
            for request in self._arrived:
                self.scheduler.add(request)
            self._arrived.clear()
            return not self._closed

    def _end(self, fault: ServerFault) -> None:
        """Refuse what comes from now on, and fail what is there."""
        with self._changed:
            self._broken = True
            arrived, self._arrived = self._arrived, []
        for request in arrived:
            request.deliver(fault)
        self.scheduler.fail(fault)


def _send(loop: asyncio.AbstractEventLoop, pieces: asyncio.Queue[Piece], piece: Piece) -> None:
    try:
        loop.call_soon_threadsafe(pieces.put_nowait, piece)
    except RuntimeError:  # the loop is closed: nobody listens
        log.debug("a piece of an answer had no reader left")
