"""The process that keeps the embedded PostgreSQL running for as long as any Parley process uses it.

Each user of the server holds a connection to the keeper's socket, which the kernel closes however that process ends.
When the last is closed, the keeper stops the server and ends. When the server dies first, the keeper starts it again;
when the keeper dies first, the kernel ends the server.

Standard library only: it runs without installed packages, to start fast and stay small.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.db.embedded_cluster import Cluster, ClusterError, take

LOCKED_OUT = 3
"""Exit code: another keeper is there, or is just ending."""
LOCK_S = 0.3
FIRST_USER_S = 10
FAST_STOP_S = 30
RESTART_S = (0.0, 0.2, 1.0, 5.0)


@dataclass(slots=True)
class User:
    """A process that uses the server."""

    unread: bytes = b""
    hello: dict[str, Any] | None = None
    welcomed: bool = False


@dataclass(slots=True)
class Keeper:
    """Serves the socket and watches over the server, in one thread."""

    cluster: Cluster
    listener: socket.socket
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    users: dict[socket.socket, User] = field(default_factory=dict)
    server: subprocess.Popen[bytes] | None = None
    ready: bool = False
    was_ready: bool = False
    failures: int = 0
    start_at: float = 0.0
    broken: str | None = None
    """Why the server cannot run at all, once that is known."""

    def run(self) -> None:
        """Keep the server until its last user has gone."""
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.selector.register(woken, selectors.EVENT_READ)
        self.selector.register(self.listener, selectors.EVENT_READ)
        give_up_at = time.monotonic() + FIRST_USER_S
        try:
            while self.users or time.monotonic() < give_up_at:
                if not self.broken:
                    self._watch_server()
                if self._welcome() and not self.users:
                    return
                for key, _ in self.selector.select(self._patience_s(give_up_at)):
                    if key.fileobj is self.listener:
                        self._accept()
                    elif isinstance(key.fileobj, socket.socket):
                        if self._read(key.fileobj) and not self.users:
                            return
                    else:
                        os.read(woken, 64)
        finally:
            self._end()

    def _patience_s(self, give_up_at: float) -> float | None:
        if self.server is None and not self.broken:
            return max(0.0, self.start_at - time.monotonic())
        if self.server and not self.ready:
            return 0.01
        return None if self.users else max(0.0, give_up_at - time.monotonic())

    def _watch_server(self) -> None:
        """Start the server if it is due, notice that it is ready, notice that it died."""
        if self.server is None:
            if time.monotonic() >= self.start_at:
                try:
                    self.server = self.cluster.start()
                except ClusterError as error:
                    self._failed(str(error))
            return
        if self.server.poll() is not None:
            log(f"the server ended with {self.server.returncode}")
            self._failed(f"The database could not start; the reason is at the end of {self.cluster.folder / 'log'}.")
        elif not self.ready and self.cluster.ready(self.server):
            self.ready = self.was_ready = True
            self.failures = 0

    def _failed(self, sentence: str) -> None:
        """Plan the next start, unless the server never ran."""
        self.server, self.ready = None, False
        self.start_at = time.monotonic() + RESTART_S[min(self.failures, len(RESTART_S) - 1)]
        self.failures += 1
        log(sentence)
        if not self.was_ready:
            self.broken = sentence

    def _accept(self) -> None:
        user, _ = self.listener.accept()
        user.setblocking(False)
        self.users[user] = User()
        self.selector.register(user, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> bool:
        """Take what a user sent; return whether it has left. The connection of the last stays open till the end."""
        user = self.users[connection]
        try:
            sent = connection.recv(4096)
        except BlockingIOError:
            return False
        except OSError:
            sent = b""
        if not sent:
            if len(self.users) == 1:
                self.users.clear()
            else:
                self._drop(connection)
            return True
        user.unread += sent
        if user.hello is None and b"\n" in user.unread:
            user.hello = json.loads(user.unread)
        return False

    def _welcome(self) -> bool:
        """Answer those who have said who they are; return whether any of them was sent away."""
        sent_away = False
        for connection, user in list(self.users.items()):
            if user.hello is None or user.welcomed:
                continue
            holder = self._exclusive_holder() if user.hello["exclusive"] else None
            if self.broken or holder:
                self._tell(connection, {"failed": self.broken} if self.broken else {"held": holder})
                self._drop(connection)
                sent_away = True
            elif self.ready:
                user.welcomed = True
                self._tell(connection, {"ready": True})
        return sent_away

    def _exclusive_holder(self) -> dict[str, Any] | None:
        held = (user.hello for user in self.users.values() if user.welcomed and user.hello)
        return next((hello for hello in held if hello["exclusive"]), None)

    def _tell(self, user: socket.socket, answer: dict[str, Any]) -> None:
        with suppress(OSError):  # it has gone; its end of the connection says so next
            user.sendall(json.dumps(answer).encode() + b"\n")

    def _drop(self, user: socket.socket) -> None:
        self.selector.unregister(user)
        del self.users[user]
        user.close()

    def _end(self) -> None:
        """Stop the server, rolling back what is open. New users find no socket and start the next keeper."""
        Path(self.listener.getsockname()).unlink(missing_ok=True)
        self.listener.close()
        if self.server is None or self.server.poll() is not None:
            return
        for stop, patience_s in ((signal.SIGINT, FAST_STOP_S), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            self.server.send_signal(stop)
            try:
                self.server.wait(patience_s)
            except subprocess.TimeoutExpired:
                log(f"the server did not end on {stop.name}")
            else:
                return


def log(line: str) -> None:
    """Write a line to the server's log."""
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC keeper: {line}", file=sys.stderr, flush=True)


def main(plan: str) -> None:
    """Become the keeper of the cluster that `plan` describes, a JSON object, and return to the caller's shell at once.

    The process exits with 0 as soon as its socket takes users (a child of it goes on) and with `LOCKED_OUT` if another
    keeper holds the cluster.
    """
    places = json.loads(plan)
    run = Path(places["run"])
    cluster = Cluster(
        folder=Path(places["folder"]),
        sockets=run / "pg",
        packages=Path(places["packages"]),
        version=places["version"],
        copies=Path(places["copies"]),
    )
    lock = os.open(cluster.folder / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    if not take(lock, LOCK_S):
        raise SystemExit(LOCKED_OUT)
    (run / "keeper").unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(run / "keeper"))
    listener.listen(128)
    if os.fork():
        os._exit(0)
    # Its users decide when it ends: a signal to a whole group of processes must not take the database from those
    # that are still finishing their work.
    for request in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(request, lambda *_: None)
    Keeper(cluster, listener).run()
