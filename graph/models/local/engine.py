"""One model, one thread: requests wait in line for it, and its tokens go to the event loops that asked."""

import asyncio
import atexit
import codecs
import logging
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from graph.errors import ModelFault, RequestRefused, ServerFault
from graph.models.local.grammar import compiled
from graph.models.local.load import Loaded
from graph.models.local.stopping import StopWords

if TYPE_CHECKING:
    from llama_cpp import Llama

CLOSED = "The local model is closed."
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. Temperature 0 takes the likeliest each time."""

    temperature: float = 0.0
    repeat_penalty: float = 1.1
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    grammar: str | None = None
    """A GBNF grammar that the text must follow."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a generation, with exact counts of tokens."""

    reason: Literal["stop", "length"]
    input_tokens: int
    output_tokens: int
    reused_tokens: int
    """Tokens of the prompt that were in the context already."""


Piece = str | Finished | ModelFault


@dataclass(frozen=True, slots=True)
class _Job:
    prompt: Sequence[int]
    sampling: Sampling
    deliver: Callable[[Piece], None]
    unwanted: threading.Event = field(default_factory=threading.Event)


class Engine:
    """Generates text with a loaded model. Only its own thread touches the model: two threads on one model crash.

    The thread starts with the first request and ends with `close`.
    """

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self._llama: Llama = loaded.llama
        self._ends = _end_tokens(self._llama)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self.context_tokens = self._llama.n_ctx()

    def check_open(self) -> None:
        """Raise ServerFault if the model's memory has been freed: using it then would end the process."""
        if self._closed.is_set():
            raise ServerFault(CLOSED)

    def close(self) -> None:
        """Break off what is running, fail what waits, and free the model's memory. Blocks for a token's time."""
        atexit.unregister(self.close)
        self._closed.set()
        self._jobs.put(None)
        if self._thread:
            self._thread.join()
        self._llama.close()

    async def generate(self, prompt: Sequence[int], sampling: Sampling) -> AsyncGenerator[str | Finished]:
        """Yield pieces of text, then one `Finished`. Leaving early frees the model within one token.

        Raises:
            RequestRefused: the prompt leaves no room in the context, or the grammar is not one.
            ServerFault: llama.cpp failed, or the engine was closed.
        """
        if len(prompt) >= self.context_tokens:
            raise RequestRefused(
                f"The prompt has {len(prompt)} tokens, too many for the local model's context of {self.context_tokens}."
            )
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Piece] = asyncio.Queue()
        job = _Job(prompt, sampling, lambda piece: _send(loop, pieces, piece))
        self._submit(job)
        try:
            while True:
                piece = await pieces.get()
                if isinstance(piece, ModelFault):
                    raise piece
                yield piece
                if isinstance(piece, Finished):
                    return
        finally:
            job.unwanted.set()

    def _submit(self, job: _Job) -> None:
        self.check_open()
        if self._thread is None:
            atexit.register(self.close)  # an exit must not free the memory under a running thread
            self._thread = threading.Thread(target=self._work, name="local-model", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if job.unwanted.is_set():
                continue
            if self._closed.is_set():
                job.deliver(ServerFault(CLOSED))
                continue
            try:
                self._run(job)
            except ModelFault as fault:
                job.deliver(fault)
            except Exception as error:
                log.exception("the local model failed")
                self._llama.reset()  # type: ignore[no-untyped-call]  # the package leaves it untyped
                job.deliver(ServerFault(f"The local model failed ({type(error).__name__})."))

    def _run(self, job: _Job) -> None:
        reused = self._read_prompt(job)
        if reused is None:
            return
        text = codecs.getincrementaldecoder("utf-8")("replace")  # a character may take several tokens
        held = StopWords(job.sampling.stop)
        most = min(job.sampling.max_tokens, self.context_tokens - len(job.prompt))
        made, reason = 0, "length"
        tokens = self._llama.generate(
            job.prompt,
            temp=job.sampling.temperature,
            repeat_penalty=job.sampling.repeat_penalty,
            grammar=compiled(self._llama, job.sampling.grammar),
        )
        for token in tokens:
            if self._stopped(job):
                return
            if token in self._ends:
                reason = "stop"
                break
            made += 1
            if piece := held.add(text.decode(self._llama.detokenize([token], prev_tokens=[token]))):
                job.deliver(piece)
            if held.found:
                reason = "stop"
                break
            if made >= most:
                break
        if piece := held.rest(text.decode(b"", final=True)):
            job.deliver(piece)
        job.deliver(Finished("stop" if reason == "stop" else "length", len(job.prompt), made, reused))

    def _read_prompt(self, job: _Job) -> int | None:
        """Bring all of the prompt but its last token into the context; return how much of it was there already.

        None if the answer is not wanted any more.
        """
        reused = self._reuse(job.prompt)
        step = self._llama.n_batch
        for start in range(reused, len(job.prompt) - 1, step):
            if self._stopped(job):
                return None
            self._llama.eval(job.prompt[start : min(start + step, len(job.prompt) - 1)])
        return reused

    def _reuse(self, prompt: Sequence[int]) -> int:
        """Keep what the context shares with the start of a prompt, drop the rest; return the number of tokens kept."""
        import llama_cpp

        llama = self._llama
        shared = 0
        for known, wanted in zip(llama.input_ids[: llama.n_tokens].tolist(), prompt[:-1], strict=False):
            if known != wanted:
                break
            shared += 1
        memory = llama_cpp.llama_get_memory(llama.ctx)
        if shared == 0 or not llama_cpp.llama_memory_seq_rm(memory, -1, shared, -1):  # recurrent models cannot go back
            llama.reset()  # type: ignore[no-untyped-call]  # the package leaves it untyped
            return 0
        llama.n_tokens = shared
        return shared

    def _stopped(self, job: _Job) -> bool:
        if self._closed.is_set():
            job.deliver(ServerFault(CLOSED))
            return True
        return job.unwanted.is_set()


def _send(loop: asyncio.AbstractEventLoop, pieces: asyncio.Queue[Piece], piece: Piece) -> None:
    try:
        loop.call_soon_threadsafe(pieces.put_nowait, piece)
    except RuntimeError:  # the loop is closed: nobody listens
        log.debug("a piece of an answer had no reader left")


def _end_tokens(llama: "Llama") -> frozenset[int]:
    """Tokens that end an answer, by the model's vocabulary: several models have more than one."""
    import llama_cpp

    vocab = llama_cpp.llama_model_get_vocab(llama.model)
    return frozenset(token for token in range(llama.n_vocab()) if llama_cpp.llama_vocab_is_eog(vocab, token))
