"""Reads documents in a process apart, with bounds on its time and memory."""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import graph
from app.ingest.items import Item
from graph.knowledge.document import Block, ParsedDocument, ParseError, Section

PARSE_S = 120.0
MEMORY_BYTES = 1_500_000_000
_PROGRAM = "graph.knowledge.parse_program"
_PIECE_BYTES = 1 << 16
_MOST_ANSWER_BYTES = 300_000_000
_ROOT = str(Path(str(graph.__path__[0])).parent)


class _OutOfTime(Exception):
    pass


class Parser:
    """Reads one document at a time; its process is started with the first and again after each one that broke it.

    Blocks: call it in a thread, never from two at once.
    """

    def __init__(self, *, parse_s: float = PARSE_S, memory_bytes: int = MEMORY_BYTES) -> None:
        self._parse_s = parse_s
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def parse(self, item: Item) -> ParsedDocument:
        """Read a document.

        Raises:
            ParseError: it cannot be read, or took more time or memory than it may.
        """
        process = self._process = self._process or self._start()
        head = {"name": item.name, "title": item.title, "url": item.url, "bytes": len(item.data)}
        deadline = time.monotonic() + self._parse_s
        try:
            self._send(process, json.dumps(head).encode() + b"\n" + item.data, deadline)
            found = self._receive(process, deadline)
        except _OutOfTime:
            self._end()
            raise ParseError(f"Reading it took longer than {self._parse_s:g} seconds.") from None
        except (OSError, ValueError):
            self._end()
            raise ParseError("Reading it broke the reader, most likely for want of memory.") from None
        except BaseException:
            self._end()  # an answer that nobody took would be taken for the next document's
            raise
        if "fault" in found:
            raise ParseError(found["fault"])
        sections = tuple(
            Section(tuple(path), tuple(Block(kind, text) for kind, text in blocks), page)
            for path, blocks, page in found["sections"]
        )
        return ParsedDocument(found["title"], found["url"], sections)

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", _PROGRAM, str(self._memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PYTHONPATH": _ROOT, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"},
            bufsize=0,
            start_new_session=True,
        )
        for pipe in (process.stdin, process.stdout):
            os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr]  # both are pipes
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    @staticmethod
    def _send(process: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
        assert process.stdin is not None  # noqa: S101 - tells mypy what Popen was asked for
        rest = memoryview(data)
        while rest:
            _wait(deadline, write=process.stdin.fileno())
            rest = rest[os.write(process.stdin.fileno(), rest[:_PIECE_BYTES]) :]

    @staticmethod
    def _receive(process: subprocess.Popen[bytes], deadline: float) -> dict[str, Any]:
        assert process.stdout is not None  # noqa: S101 - tells mypy what Popen was asked for
        got = bytearray()
        size: int | None = None
        while size is None or len(got) < size:
            _wait(deadline, read=process.stdout.fileno())
            piece = os.read(process.stdout.fileno(), _PIECE_BYTES)
            if not piece:
                raise ValueError("the reader is gone")
            got += piece
            if size is None and b"\n" in got:
                line, _, rest = got.partition(b"\n")
                size, got = int(line), bytearray(rest)
                if size > _MOST_ANSWER_BYTES:
                    raise ValueError("too long an answer")
        found: dict[str, Any] = json.loads(got)
        return found


def _wait(deadline: float, *, read: int | None = None, write: int | None = None) -> None:
    """Wait until a pipe can be read or written."""
    poll = select.poll()
    if read is not None:
        poll.register(read, select.POLLIN)
    if write is not None:
        poll.register(write, select.POLLOUT)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise _OutOfTime
