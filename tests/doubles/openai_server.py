"""A local server that speaks the OpenAI chat completions protocol and misbehaves on command, on a bare socket.

No framework can reset a connection before the headers, so there is none. In a test:

    async with serve([quota(), answer("Hello.")]) as server:
        ...  # server.url, server.requests

Standalone: `python tests/doubles/openai_server.py --port 9000 --behaviour quota`;
`POST /control {"behaviour": "answer"}` switches it while it runs.
"""

import argparse
import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

MODEL = "double-1"
UNKNOWN = "NOT_IN_SOURCES"
Headers = dict[str, str]


@dataclass(slots=True)
class Request:
    """One request that the server saw. `gone` is set when the client hung up before the answer was whole."""

    method: str
    path: str
    headers: Headers
    body: dict[str, Any]
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of a chat completion."""
        messages: list[dict[str, Any]] = self.body.get("messages", [])
        return messages


class Wire:
    """Writes one HTTP answer."""

    def __init__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self._request = request
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Write raw bytes."""
        self._writer.write(data)
        await self._writer.drain()

    async def whole(self, status: int, body: Any, headers: Headers | None = None) -> None:
        """Write a whole JSON answer."""
        data = json.dumps(body).encode()
        await self.head(
            status, {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
        )
        await self.send(data)

    async def head(self, status: int, headers: Headers) -> None:
        """Write the status line and the headers."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        await self.send(f"HTTP/1.1 {status} Played\r\n{lines}Connection: close\r\n\r\n".encode())

    async def event(self, data: str) -> None:
        """Write one server-sent event as one chunk."""
        line = f"data: {data}\n\n".encode()
        await self.send(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    async def end(self) -> None:
        """End a chunked body properly."""
        await self.send(b"0\r\n\r\n")

    def reset(self) -> None:
        """Reset the connection."""
        self._writer.transport.abort()

    async def hang(self) -> None:
        """Say nothing until the client hangs up."""
        await self._request.gone.wait()


Behaviour = Callable[[Request, Wire], Awaitable[None]]
Text = str | Callable[[list[dict[str, Any]]], str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A streamed or whole answer, as the request asks. Tokens are words with the space before them.

    `stop_after` tokens, a streamed answer does what `then` says: `cut`, `stall`, `malformed` (one broken event, then
    on), or `error` (an error event, then the end).
    """

    text: Text
    finish_reason: str | None = "stop"
    usage: bool = True
    done: bool = True
    hold_open: bool = False
    first_token_s: float = 0.0
    between_tokens_s: float = 0.0
    stop_after: int | None = None
    then: str = "cut"
    error_code: str = "server_error"
    tool_calls: tuple[tuple[str, str], ...] = ()

    async def __call__(self, request: Request, wire: Wire) -> None:
        """Play it."""
        text = self.text if isinstance(self.text, str) else self.text(request.messages)
        tokens = re.findall(r"\s*\S+\s*$|\s*\S+", text)
        if request.body.get("stream"):
            await self._stream(request, wire, tokens)
        else:
            await asyncio.sleep(self.first_token_s)
            await wire.whole(200, self._completion(request, text, len(tokens)))

    async def _stream(self, request: Request, wire: Wire, tokens: list[str]) -> None:
        await wire.head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        await wire.event(_chunk({"role": "assistant", "content": ""}))
        await asyncio.sleep(self.first_token_s)
        for index, token in enumerate(tokens):
            if index == self.stop_after and not await self._misbehave(wire):
                return
            await wire.event(_chunk({"content": token}))
            await asyncio.sleep(self.between_tokens_s)
        for index, (name, arguments) in enumerate(self.tool_calls):
            call = {"index": index, "id": f"call_{index}", "type": "function"}
            await wire.event(_chunk({"tool_calls": [{**call, "function": {"name": name, "arguments": ""}}]}))
            for half in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
                await wire.event(_chunk({"tool_calls": [{"index": index, "function": {"arguments": half}}]}))
        if self.finish_reason:
            await wire.event(_chunk({}, self.finish_reason))
        if self.usage and request.body.get("stream_options", {}).get("include_usage"):
            await wire.event(_chunk(None, usage=_usage(request, len(tokens))))
        if self.hold_open:
            await wire.hang()
        if self.done:
            await wire.event("[DONE]")
        await wire.end()

    async def _misbehave(self, wire: Wire) -> bool:
        """Do what `then` says; whether the stream goes on."""
        if self.then == "malformed":
            await wire.event('{"id": "x", "choices": [{"delta": {"content": "br')
            return True
        if self.then == "error":
            await wire.event(json.dumps({"error": {"message": "It broke.", "code": self.error_code, "type": "error"}}))
            await wire.end()
        elif self.then == "stall":
            await wire.hang()
        else:
            wire.reset()
        return False

    def _completion(self, request: Request, text: str, tokens: int) -> dict[str, Any]:
        calls = [
            {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for index, (name, arguments) in enumerate(self.tool_calls)
        ]
        message = {"role": "assistant", "content": text or None, **({"tool_calls": calls} if calls else {})}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        frame = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}
        return {**frame, **({"usage": _usage(request, tokens)} if self.usage else {})}


def answer(text: Text = "All is well.", **options: Any) -> Behaviour:
    """A good answer, or one that breaks as `Answer`'s options say."""
    return Answer(text, **options)


def refusal(status: int, code: str | None = None, *, message: str = "No.", **extra: Any) -> Behaviour:
    """An error with the given status; `headers` and `param` may be given."""

    async def play(_: Request, wire: Wire) -> None:
        error = {"message": message, "type": code or "error", "code": code, "param": extra.get("param")}
        await wire.whole(status, {"error": error}, extra.get("headers"))

    return play


def quota() -> Behaviour:
    """429: the account is over its quota."""
    return refusal(429, "insufficient_quota", message="You exceeded your current quota.")


def rate_limited(retry_after: float | str | None) -> Behaviour:
    """429 with `Retry-After` in seconds or as a date."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return refusal(429, "rate_limit_exceeded", headers=headers)


def http_date(timestamp: float) -> str:
    """A time as HTTP headers write it."""
    return formatdate(timestamp, usegmt=True)


def refuses_parameter(name: str, then: Behaviour) -> Behaviour:
    """400 for as long as a request has the parameter, then as given."""

    async def play(request: Request, wire: Wire) -> None:
        wrong = refusal(400, "unsupported_parameter", message=f"Unsupported parameter: '{name}'.", param=name)
        await (wrong if name in request.body else then)(request, wire)

    return play


async def reset(_: Request, wire: Wire) -> None:
    """Reset the connection before a single byte."""
    wire.reset()


async def silence(_: Request, wire: Wire) -> None:
    """Accept the request and never say anything."""
    await wire.hang()


def flood(size_bytes: int) -> Behaviour:
    """An error whose body does not end before `size_bytes`."""

    async def play(_: Request, wire: Wire) -> None:
        await wire.head(500, {"Content-Type": "application/json", "Content-Length": str(size_bytes)})
        for _sent in range(0, size_bytes, 1_000_000):
            await wire.send(b" " * 1_000_000)

    return play


def from_prompt(messages: list[dict[str, Any]]) -> str:
    """Answer from the numbered passages in the last user message, like a careful model.

    A passage is a line `[1] Title` and the lines below it; the question follows `Question:`. The first two sentences of
    the passage that shares most words with the question are given, each with its number. Without enough overlap it
    writes the word that the system message asks for, or says that it does not know.
    """
    rules = " ".join(str(message.get("content") or "") for message in messages if message.get("role") == "system")
    last = next((str(m.get("content") or "") for m in reversed(messages) if m.get("role") == "user"), "")
    question = _words(last.rpartition("Question:")[2] or last)
    ranked: list[tuple[float, int, str]] = []
    for match in re.finditer(r"^\[(\d+)\] ([^\n]*)\n(.*?)(?=^\[\d+\] |^Question:|\Z)", last, re.DOTALL | re.MULTILINE):
        score = 2 * len(question & _words(match[2])) + len(question & _words(match[3]))
        ranked.append((score, int(match[1]), match[3]))
    best = max(ranked, default=(0.0, 0, ""), key=lambda found: (found[0], -found[1]))
    if best[0] < max(2.0, len(question) * 0.4):
        return UNKNOWN if UNKNOWN in rules else "I don't know: the documents do not say."
    paragraph = re.sub(r"(?<!\n)\n(?![\n`*-])", " ", best[2])  # what was wrapped
    sentences = [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n+", paragraph) if len(part) > 20]
    return " ".join(f"{sentence} [{best[1]}]" for sentence in sentences[:2])


def _words(text: str) -> set[str]:
    found = re.findall(r"[a-z0-9]{3,}", text.lower())
    stems = (re.sub(r"(ing|ed|es|s)$", "", word) for word in found)
    return {stem for stem in stems if not FILLER.fullmatch(stem)}


FILLER = re.compile(
    "the|and|for|are|how|what|when|where|who|why|doe|can|you|your|with|that|this|from|its|has|have|which"
)


def _chunk(delta: dict[str, Any] | None, finish_reason: str | None = None, usage: dict[str, int] | None = None) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": choices}
    return json.dumps({**frame, **({"usage": usage} if usage else {})})


def _usage(request: Request, tokens: int) -> dict[str, int]:
    given = sum(len(str(message.get("content") or "").split()) for message in request.messages)
    return {"prompt_tokens": given, "completion_tokens": tokens, "total_tokens": given + tokens}


BEHAVIOURS: dict[str, Behaviour] = {
    "answer": answer(from_prompt),
    "slow": answer(from_prompt, between_tokens_s=0.15),
    "slow_first_token": answer(from_prompt, first_token_s=20),
    "quota": quota(),
    "busy": rate_limited(1),
    "failing": refusal(500, "server_error"),
    "key": refusal(401, "invalid_api_key"),
    "reset": reset,
    "silence": silence,
    "stall": answer(from_prompt, stop_after=5, then="stall"),
    "cut": answer(from_prompt, stop_after=5, between_tokens_s=0.05),
    "error": answer(from_prompt, stop_after=5, then="error"),
    "truncated": answer(from_prompt, finish_reason=None),
}
"""What `--behaviour` and `/control` can name."""


@dataclass(slots=True)
class Server:
    """A running double. Behaviours are played in order; the last one stays. `requests` holds the completions asked."""

    behaviours: list[Behaviour]
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def play(self, *behaviours: Behaviour) -> None:
        """From now on, play these."""
        self.behaviours[:] = behaviours

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: one request."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await _read_request(reader)
            watch = asyncio.create_task(_watch(reader, request))
            try:
                await self._respond(request, Wire(request, writer))
            except ConnectionError:
                request.gone.set()
            finally:
                watch.cancel()
        writer.close()

    async def _respond(self, request: Request, wire: Wire) -> None:
        if request.path.endswith("/models"):
            await wire.whole(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "tests"}]})
        elif request.path == "/control":
            name = request.body.get("behaviour", "")
            if request.method == "POST" and name in BEHAVIOURS:
                self.play(BEHAVIOURS[name])
            known = request.method == "GET" or name in BEHAVIOURS
            await wire.whole(200 if known else 400, {"requests": len(self.requests), "behaviours": sorted(BEHAVIOURS)})
        elif request.method == "POST" and request.path.endswith("/chat/completions"):
            self.requests.append(request)
            behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
            await behaviour(request, wire)
        else:
            await refusal(404, "not_found")(request, wire)


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head.strip().split("\r\n")
    method, path, _ = start.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    data = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path.partition("?")[0], headers, json.loads(data) if data else {})


async def _watch(reader: asyncio.StreamReader, request: Request) -> None:
    with suppress(ConnectionError):
        await reader.read(1)
    request.gone.set()


@asynccontextmanager
async def serve(behaviours: Sequence[Behaviour] = (), *, port: int = 0) -> AsyncIterator[Server]:
    """Serve on 127.0.0.1 until left; `url` ends in `/v1`."""
    double = Server(list(behaviours) or [BEHAVIOURS["answer"]])
    server = await asyncio.start_server(double.handle, "127.0.0.1", port)
    double.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield double
    finally:
        server.close()
        for request in double.requests:
            request.gone.set()  # nobody hangs on


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--behaviour", choices=sorted(BEHAVIOURS), default="answer")
    arguments = parser.parse_args()
    async with serve([BEHAVIOURS[arguments.behaviour]], port=arguments.port) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main())
