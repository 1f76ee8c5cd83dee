"""A `parley serve` of its own: a process on a free port of this machine, with a home of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

READY_S = 180
STOP_S = 30
POLL_S = 0.05
LOG = "serve.log"


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready: its process, its address, and the seconds from its start to a 200 of `/readyz`."""

    pid: int
    url: str
    ready_s: float


class NotReady(Exception):
    """The server ended or did not become ready."""


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """Run `parley serve` with this home and the default settings; stop it on leaving.

    Raises:
        NotReady: with the last lines of its log.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name("parley")), "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (home / LOG).open("ab") as log:
        began = time.perf_counter()
        # Started in its home, so that no settings file of the working folder is read.
        process = subprocess.Popen(  # noqa: S603 - our own command, from a list of arguments
            command, cwd=home, env=environment(home), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _wait(process, url, home)
        yield Served(process.pid, url, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment(home: Path) -> dict[str, str]:
    """The environment without anything that configures Parley, but for its home."""
    ours = ("PARLEY_", "CHAINLIT_", "OPENAI_", "DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PARLEY_HOME": str(home)}


def _wait(process: "subprocess.Popen[bytes]", url: str, home: Path) -> None:
    deadline = time.monotonic() + READY_S
    with httpx.Client(timeout=5, trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(httpx.TransportError):
                if client.get(f"{url}/readyz").status_code == httpx.codes.OK:
                    return
            time.sleep(POLL_S)
    tail = (home / LOG).read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
    raise NotReady("`parley serve` did not become ready: " + " | ".join(tail))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
