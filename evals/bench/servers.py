"""The local model's engine beside two servers of the same model: llama-cpp-python's, and llama.cpp's own.

Both are run by an interpreter that the caller names, which has `llama-cpp-python[server]` and `xllamacpp` installed.
"""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from langchain_core.messages import BaseMessage

from app.model_files import CHAT, checked
from evals.bench.engine import (
    CONTEXT_TOKENS,
    PENALTY,
    ROUNDS,
    STREAMS,
    TOKENS,
    Streams,
    open_engine,
    questions,
    side_by_side,
)
from evals.bench.figure import Figure, median

READY_S = 60
LLAMA_CPP = """
import sys, time, xllamacpp
path, port, context, streams = sys.argv[1], *map(int, sys.argv[2:])
given = xllamacpp.CommonParams()
given.model.path, given.port, given.n_ctx, given.n_parallel = path, port, context * streams, streams
server = xllamacpp.Server(given)
while True:
    time.sleep(60)
"""


async def measure_servers(interpreter: Path) -> list[Figure]:
    """Let the engine and both servers answer the same questions at once, in turns."""
    ours: list[Streams] = []
    theirs: dict[str, list[Streams]] = {"llama_cpp.server": [], "llama.cpp": []}
    with ExitStack() as stack:
        urls = {name: stack.enter_context(_served(interpreter, name)) for name in theirs}
        engine = await asyncio.to_thread(open_engine)
        try:
            for url in urls.values():
                await _ready(url)
            for _ in range(ROUNDS):
                ours.append(await side_by_side(engine, questions()))
                for name, url in urls.items():
                    theirs[name].append(await _asked(url, questions()))
        finally:
            await asyncio.to_thread(engine.close)
    python, native = theirs["llama_cpp.server"], theirs["llama.cpp"]
    firsts = [max(our.first_s) / max(their.first_s) for our, their in zip(ours, python, strict=True)]
    return [
        Figure(f"{STREAMS} streams against llama_cpp.server", _ratio(ours, python), "times", 2.5, least=True),
        Figure(f"{STREAMS} streams against llama.cpp's own server", _ratio(ours, native), "times", 1.3, least=True),
        *(
            Figure(name, median([run.per_s for run in runs]), "tokens/s")
            for name, runs in {"the engine": ours, **theirs}.items()
        ),
        Figure("slowest first token against llama_cpp.server", median(firsts), "times", 0.3),
        *(
            Figure(name, median([max(run.first_s) for run in runs]), "s")
            for name, runs in {"the engine": ours, **theirs}.items()
        ),
    ]


def _ratio(ours: Sequence[Streams], theirs: Sequence[Streams]) -> float:
    return median([our.per_s / their.per_s for our, their in zip(ours, theirs, strict=True)])


async def _asked(url: str, asked: Sequence[list[BaseMessage]]) -> Streams:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=600) as client:
        began = time.perf_counter()
        counts = await asyncio.gather(*(_stream(client, str(question[-1].content)) for question in asked))
        took_s = time.perf_counter() - began
    return Streams(sum(tokens for tokens, _ in counts), took_s, tuple(first_s for _, first_s in counts))


async def _stream(client: httpx.AsyncClient, question: str) -> tuple[int, float]:
    """Pieces of an answer, of a token each, and seconds until the first one."""
    body = {
        "messages": [{"role": "user", "content": question}],
        "max_tokens": TOKENS,
        "temperature": 0,
        "repeat_penalty": PENALTY,
        "stream": True,
    }
    began, first_s, pieces = time.perf_counter(), 0.0, 0
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            data = line.removeprefix("data: ")
            if data == line or data == "[DONE]":
                continue
            if any(choice["delta"].get("content") for choice in json.loads(data)["choices"]):
                first_s = first_s or time.perf_counter() - began
                pieces += 1
    return pieces, first_s


async def _ready(url: str) -> None:
    """Wait until a server lists its model."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client, asyncio.timeout(READY_S):
        while True:
            try:
                if (await client.get("/v1/models")).is_success:
                    return
            except httpx.TransportError:
                pass  # it is not there yet
            await asyncio.sleep(0.2)


@contextmanager
def _served(interpreter: Path, name: str) -> Iterator[str]:
    """Run a server on a free port; yield its address."""
    path = str(checked(CHAT))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    if name == "llama.cpp":
        arguments = ["-c", LLAMA_CPP, path, port, str(CONTEXT_TOKENS), str(STREAMS)]
    else:
        arguments = ["-m", "llama_cpp.server", "--model", path, "--port", port, "--n_ctx", str(CONTEXT_TOKENS)]
        arguments += ["--interrupt_requests", "false"]
    server = subprocess.Popen(  # noqa: S603 - the interpreter that the caller names
        [str(interpreter), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
