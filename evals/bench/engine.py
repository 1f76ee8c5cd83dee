"""The local model's engine beside what it is made of: llama.cpp in a bare loop, and llama-cpp-python's own class.

The two of each pair take turns, and ratios are given: a machine that is busy slows both.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage

from app.model_files import CHAT, checked
from evals.bench.figure import Figure, median
from graph.models.local import LocalChatModel
from graph.models.local.library import library

STREAMS = 8
TOKENS = 128
ROUNDS = 3
CONTEXT_TOKENS = 2048
SUBJECTS = ("the sea", "a lamp", "an old shop", "rain", "two friends", "a long road", "bread", "the moon")
SEEN_TOKENS = 1000
SENTENCE = "Parcel number {} is kept in room {} until somebody comes for it. "
PENALTY = 1.1
"""Penalty of repetitions, the same everywhere."""


@dataclass(frozen=True, slots=True)
class Streams:
    """What streams that ran at once brought: tokens in all, seconds, and seconds until each one's first token."""

    tokens: int
    took_s: float
    first_s: tuple[float, ...]

    @property
    def per_s(self) -> float:
        """Tokens a second, of all streams together."""
        return self.tokens / self.took_s


def questions() -> list[list[BaseMessage]]:
    """One long task for each stream."""
    return [[HumanMessage(f"Tell a long story about {subject}.")] for subject in SUBJECTS[:STREAMS]]


def open_engine() -> LocalChatModel:
    """The installed model with a slot for each stream. Blocks for seconds."""
    return LocalChatModel.open(checked(CHAT), context_tokens=CONTEXT_TOKENS, slots=STREAMS)


async def measure_engine() -> list[Figure]:
    """Compare the engine with a bare loop, with one plain stream, and with itself on a prompt that it has not seen."""
    engine = await asyncio.to_thread(open_engine)
    try:
        loop, plain = await asyncio.to_thread(BareLoop, checked(CHAT)), await asyncio.to_thread(Plain, checked(CHAT))
        try:
            many, bare, one, alone = list[float](), list[float](), list[float](), list[float]()
            seen: list[tuple[float, float]] = []
            for _ in range(ROUNDS):
                bare.append(await asyncio.to_thread(loop.run, STREAMS))
                many.append((await side_by_side(engine, questions())).per_s)
                alone.append(await asyncio.to_thread(plain.run))
                one.append((await side_by_side(engine, questions()[:1])).per_s)
                seen.append(await _seen(engine, len(seen)))
        finally:
            loop.close()
            plain.close()
    finally:
        await asyncio.to_thread(engine.close)
    return [
        Figure(f"{STREAMS} streams against a bare loop", _ratio(many, bare), "times", 0.8, least=True),
        Figure("the engine", median(many), "tokens/s"),
        Figure("the bare loop", median(bare), "tokens/s"),
        Figure("one stream against llama-cpp-python", _ratio(one, alone), "times", 0.95, least=True),
        Figure("the engine", median(one), "tokens/s"),
        Figure("llama-cpp-python", median(alone), "tokens/s"),
        Figure(
            f"first token when {SEEN_TOKENS} tokens were seen before",
            median([again / cold for cold, again in seen]),
            "times",
            0.2,
        ),
        Figure("not seen", median([cold for cold, _ in seen]), "s"),
    ]


async def side_by_side(engine: LocalChatModel, asked: Sequence[list[BaseMessage]]) -> Streams:
    """Let the engine answer all questions at once."""
    began = time.perf_counter()
    counts = await asyncio.gather(*(_stream(engine, question, TOKENS) for question in asked))
    took_s = time.perf_counter() - began
    return Streams(sum(tokens for tokens, _ in counts), took_s, tuple(first_s for _, first_s in counts))


async def _stream(engine: LocalChatModel, question: list[BaseMessage], most: int) -> tuple[int, float]:
    """Tokens of an answer, and seconds until its first text."""
    began, first_s, whole = time.perf_counter(), 0.0, AIMessageChunk(content="")
    async for chunk in engine.astream(question, max_tokens=most, repeat_penalty=PENALTY):
        first_s = first_s or time.perf_counter() - began
        whole = chunk
    return (whole.usage_metadata or {"output_tokens": 0})["output_tokens"], first_s


async def _seen(engine: LocalChatModel, number: int) -> tuple[float, float]:
    """Seconds to the first token of a long prompt that is new, and of another one that begins like it."""
    parcels = "".join(SENTENCE.format(number * 1000 + parcel, parcel % 7) for parcel in range(SEEN_TOKENS))
    words = parcels.split(" ")
    while engine.count_tokens([SystemMessage(" ".join(words))]) > SEEN_TOKENS:
        del words[len(words) * 9 // 10 :]
    while engine.count_tokens([SystemMessage(" ".join(words))]) < SEEN_TOKENS:
        words.append("parcel")
    system = SystemMessage(" ".join(words))
    took = [await _stream(engine, [system, HumanMessage(question)], 1) for question in ("Where is it?", "Who has it?")]
    return took[0][1], took[1][1]


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return median([our / their for our, their in zip(ours, theirs, strict=True)])


class Plain:
    """One stream at a time by llama-cpp-python's class, as its documentation shows."""

    def __init__(self, path: Path) -> None:
        self._llama = library().Llama(str(path), n_ctx=CONTEXT_TOKENS, verbose=False)

    def run(self) -> float:
        """Tokens a second of one answer."""
        began, tokens = time.perf_counter(), 0
        for chunk in self._llama.create_chat_completion(
            [{"role": "user", "content": questions()[0][0].content}],
            max_tokens=TOKENS,
            temperature=0,
            repeat_penalty=PENALTY,
            stream=True,
        ):
            tokens += "content" in chunk["choices"][0]["delta"]
        return tokens / (time.perf_counter() - began)

    def close(self) -> None:
        """Free the memory."""
        self._llama.close()


class BareLoop:
    """Nothing but `llama_decode` with one row for each sequence, and a sampler for each; one thread."""

    def __init__(self, path: Path) -> None:
        self._library = library()
        self._model = self._library.llama_model_load_from_file(
            str(path).encode(), self._library.llama_model_default_params()
        )
        parameters = self._library.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch, parameters.n_seq_max = CONTEXT_TOKENS, 64, STREAMS
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.kv_unified = True
        self._context = self._library.llama_init_from_model(self._model, parameters)
        vocabulary = self._library.llama_model_get_vocab(self._model)
        self._size = self._library.llama_vocab_n_tokens(vocabulary)
        room = (self._library.llama_token * 64)()
        text = b"Tell a long story about the sea."
        self._prompt = room[: self._library.llama_tokenize(vocabulary, text, len(text), room, 64, True, True)]

    def run(self, sequences: int) -> float:
        """Tokens a second of all sequences together, prompts included."""
        began = time.perf_counter()
        self._library.llama_memory_clear(self._library.llama_get_memory(self._context), True)
        samplers = [self._sampler() for _ in range(sequences)]
        batch = self._library.llama_batch_init(64, 0, 1)
        tokens = []
        for sequence, sampler in enumerate(samplers):
            rows = [(token, at, sequence) for at, token in enumerate(self._prompt)]
            self._decode(batch, rows, only_last=True)
            tokens.append(self._library.llama_sampler_sample(sampler, self._context, len(rows) - 1))
        for step in range(TOKENS - 1):
            at = len(self._prompt) + step
            self._decode(batch, [(token, at, sequence) for sequence, token in enumerate(tokens)])
            tokens = [self._library.llama_sampler_sample(each, self._context, row) for row, each in enumerate(samplers)]
        for sampler in samplers:
            self._library.llama_sampler_free(sampler)
        self._library.llama_batch_free(batch)
        return sequences * TOKENS / (time.perf_counter() - began)

    def close(self) -> None:
        """Free the memory."""
        self._library.llama_free(self._context)
        self._library.llama_model_free(self._model)

    def _decode(self, batch: Any, rows: Sequence[tuple[int, int, int]], *, only_last: bool = False) -> None:
        for row, (token, at, sequence) in enumerate(rows):
            batch.token[row], batch.pos[row], batch.n_seq_id[row] = token, at, 1
            batch.seq_id[row][0] = sequence
            batch.logits[row] = not only_last or row == len(rows) - 1
        batch.n_tokens = len(rows)
        if self._library.llama_decode(self._context, batch):
            raise RuntimeError("llama.cpp could not decode; give the bench's context more cells.")

    def _sampler(self) -> Any:
        chain = self._library.llama_sampler_chain_init(self._library.llama_sampler_chain_default_params())
        penalties = self._library.llama_sampler_init_penalties(self._size, 64, PENALTY, 0.0, 0.0)
        self._library.llama_sampler_chain_add(chain, penalties)
        self._library.llama_sampler_chain_add(chain, self._library.llama_sampler_init_greedy())
        return chain
