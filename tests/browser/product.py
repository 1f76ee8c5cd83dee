"""`parley serve` as an operator starts it, and a hosted model's server beside it, each in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]


class Process:
    """A server that is started, waited for, and ended by its id."""

    def __init__(self, command: Callable[[int], list[str]], ready: str, environment: dict[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = command(self.port)
        self._ready = ready
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(self._command, env=self._environment, cwd=ROOT, start_new_session=True)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            assert self._process.poll() is None, "it ended while it started"
            try:
                with urlopen(f"{self.url}{self._ready}", timeout=2):  # noqa: S310 - our own server
                    return
            except HTTPError as error:
                error.close()
            except OSError:
                pass
            time.sleep(0.2)
        raise AssertionError("it did not become ready")

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(60)


def environment(home: Path, **settings: str) -> dict[str, str]:
    """The environment of a Parley that knows nothing of this process's settings."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("PARLEY_", "OPENAI_", "DATABASE_URL"))
    }
    return inherited | {"PARLEY_HOME": str(home)} | settings


def product(home: Path, **settings: str) -> Process:
    """The whole product on its embedded defaults, with its own guide and the real small model."""
    return Process(
        lambda port: [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(port)],
        "/readyz",
        environment(home, **settings),
    )


class HostedModel(Process):
    """An OpenAI-compatible server that answers from the passages that it is given."""

    def __init__(self) -> None:
        super().__init__(
            lambda port: [sys.executable, "-m", "tests.doubles.openai_server", "--port", str(port)],
            "/v1/models",
            dict(os.environ),
        )

    def behave(self, behaviour: str) -> None:
        """Switch what it does from the next request on."""
        body = json.dumps({"behaviour": behaviour}).encode()
        with urlopen(Request(f"{self.url}/control", data=body, method="POST"), timeout=5):  # noqa: S310 - our own
            pass
