"""The doors: what they weigh, how soon the widget opens, and how soon many visitors at once see the first token."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from evals.bench.doors_load import Load, page_load, widget_load
from evals.bench.doors_panel import measure_panel
from evals.bench.doors_sizes import measure_sizes
from evals.bench.figure import Figure, percentile
from evals.bench.served import environment

VISITORS = 300
LASTING_S = 180.0
READY_S = 180
STANDS_MS = 3000
"""Chainlit's page is asked by half as many visitors until their 95th percentile is below this."""
FEWEST = 25
LOG = "doors.log"
Ask = Callable[..., Coroutine[Any, Any, Load]]


@dataclass(frozen=True, slots=True)
class Doors:
    """A running server of the bench."""

    url: str
    host_port: int
    process: "subprocess.Popen[bytes]"

    @property
    def cpu_s(self) -> float:
        """Processor time of the server until now, without its database."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure_doors(*, visitors: int = VISITORS, lasting_s: float = LASTING_S) -> AsyncIterator[list[Figure]]:
    """Yield the figures of each measurement as soon as it has ended."""
    yield measure_sizes()
    with opened_doors() as doors:
        yield await measure_panel(doors.url, doors.host_port)
        yield await _measured("widget", doors, widget_load, visitors, lasting_s, target_ms=300)
    while visitors >= FEWEST:
        with opened_doors() as doors:
            figures = await _measured("Chainlit's page", doors, page_load, visitors, lasting_s, target_ms=None)
        yield figures
        if figures[0].measured <= STANDS_MS and figures[1].measured == 0:
            return
        visitors //= 2


async def _measured(
    door: str, doors: Doors, ask: Ask, visitors: int, lasting_s: float, *, target_ms: float | None
) -> list[Figure]:
    before_s = doors.cpu_s
    load: Load = await ask(doors.url, doors.process.pid, visitors=visitors, lasting_s=lasting_s)
    turns, at = len(load.overhead_ms), f"{door}, {visitors} visitors"
    per_turn_ms = (doors.cpu_s - before_s) / max(1, turns) * 1000
    return [
        Figure(f"{at}: before the first token, 95th percentile", percentile(load.overhead_ms, 95), "ms", target_ms),
        Figure(f"{at}: errors", len(load.errors), "errors", None if target_ms is None else 0),
        Figure("median", percentile(load.overhead_ms, 50), "ms"),
        Figure("answers", turns, "answers"),
        Figure("processor time of the server for each, sign-in included", per_turn_ms, "ms"),
        *(
            Figure(f"resident memory at the {when}", size, "MiB")
            for when, size in zip(("beginning", "middle", "end"), load.resident_mib, strict=True)
        ),
        *(Figure(f"error {what[:80]}", count, "times") for what, count in Counter(load.errors).most_common(3)),
    ]


@contextmanager
def opened_doors() -> Iterator[Doors]:
    """Run the server of the bench with a home of its own; stop it on leaving."""
    port, host_port = _free_port(), _free_port()
    url = f"http://127.0.0.1:{port}"
    origin = f"http://localhost:{host_port}"
    with TemporaryDirectory(prefix="parley-bench-") as folder:
        home = Path(folder)
        command = [sys.executable, "-m", "evals.bench.doors_server", folder, str(port), origin]
        with (home / LOG).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command, from a list of arguments
                command, env=environment(home), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            _wait(process, url)
            yield Doors(url, host_port, process)
        finally:
            process.terminate()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + READY_S
    with httpx.Client(timeout=5, trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(httpx.TransportError):
                if client.get(f"{url}/readyz").status_code == httpx.codes.OK:
                    return
            time.sleep(0.1)
    raise RuntimeError("the server of the bench did not become ready")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
