"""Fetching a model from servers that behave, and from servers that do not."""

import hashlib
import re
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.pull import PullFailed, pull

STRING = 8


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def model(filling: int = 3_000_000) -> bytes:
    """A whole GGUF file without weights."""
    keys = {b"general.architecture": b"llama", b"general.description": b"x" * filling}
    pairs = b"".join(text(key) + struct.pack("<I", STRING) + text(value) for key, value in keys.items())
    whole = b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + pairs
    return whole + bytes(-len(whole) % 32)


MODEL = model()
SHA256 = hashlib.sha256(MODEL).hexdigest()
HALF = len(MODEL) // 2


class Played(BaseHTTPRequestHandler):
    """Answers each request as the next of its server's scripts says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        server: Server = self.server  # type: ignore[assignment]  # it is the one below
        server.ranges.append(self.headers.get("Range"))
        script = server.scripts.pop(0) if len(server.scripts) > 1 else server.scripts[0]
        with suppress(ConnectionError):
            script(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
        """Say nothing."""

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Send a whole answer and hang up."""
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


Script = Callable[[Played], None]


def whole(handler: Played, content: bytes = MODEL) -> None:
    """A good server: it goes on where it is asked to."""
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range") or "")
    start = int(asked[1]) if asked else 0
    if start >= len(content):
        handler.answer(416, b"")
    elif start:
        place = f"bytes {start}-{len(content) - 1}/{len(content)}"
        handler.answer(206, content[start:], Content_Range=place)
    else:
        handler.answer(200, content)


def without_ranges(handler: Played) -> None:
    """It always begins anew."""
    handler.answer(200, MODEL)


def cut(handler: Played) -> None:
    """It hangs up half-way."""
    handler.answer(200, MODEL[:HALF], Content_Length=str(len(MODEL)))


def other(handler: Played) -> None:
    """As long, and another file."""
    handler.answer(200, MODEL[:-1] + b"!")


def page(handler: Played) -> None:
    """A page in place of the file, as long."""
    handler.answer(200, b"<html>".ljust(len(MODEL)))


def longer(handler: Played) -> None:
    """Pieces without an end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    piece = MODEL[:100_000]
    for _ in range(1000):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))


def status(code: int, handler: Played) -> None:
    handler.answer(code, b"no")


def redirect(place: str, handler: Played) -> None:
    handler.answer(302, b"", Location=place)


class Server(ThreadingHTTPServer):
    """Plays scripts, and notes the ranges that it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Played)
        self.scripts: list[Script] = [whole]
        self.ranges: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}/m.gguf"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models" / "m.gguf"


@pytest.mark.parametrize("size_bytes", [len(MODEL), None])
def test_a_model_is_fetched(server: Server, path: Path, size_bytes: int | None) -> None:
    seen: list[tuple[int, int | None]] = []

    pull(server.url, path, sha256=SHA256, size_bytes=size_bytes, progress=lambda *told: seen.append(told))

    assert path.read_bytes() == MODEL
    assert list(path.parent.iterdir()) == [path]
    assert seen[-1] == (len(MODEL), len(MODEL))


@pytest.mark.parametrize(
    ("again", "ranges"),
    [
        pytest.param(whole, [None, f"bytes={HALF}-"], id="goes on"),
        pytest.param(without_ranges, [None, f"bytes={HALF}-"], id="begins anew"),
    ],
)
def test_what_was_begun_is_gone_on_with(server: Server, path: Path, again: Script, ranges: list[str | None]) -> None:
    server.scripts = [cut, again]
    with pytest.raises(PullFailed, match="run it again to go on from there"):
        pull(server.url, path, sha256=SHA256, size_bytes=len(MODEL))
    assert not path.exists()
    assert path.with_name("m.gguf.part").stat().st_size == HALF

    pull(server.url, path, sha256=SHA256, size_bytes=len(MODEL))

    assert path.read_bytes() == MODEL
    assert server.ranges == ranges


def test_a_part_that_is_whole_is_only_looked_at(server: Server, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("m.gguf.part").write_bytes(MODEL)

    pull(server.url, path, sha256=SHA256)

    assert path.read_bytes() == MODEL


@pytest.mark.parametrize("size_bytes", [len(MODEL), None])
def test_a_part_of_another_file_is_given_up(server: Server, path: Path, size_bytes: int | None) -> None:
    path.parent.mkdir()
    path.with_name("m.gguf.part").write_bytes(b"GGUF" + bytes(HALF))
    with pytest.raises(PullFailed, match="another SHA-256"):
        pull(server.url, path, sha256=SHA256, size_bytes=size_bytes)

    pull(server.url, path, sha256=SHA256, size_bytes=size_bytes)

    assert path.read_bytes() == MODEL


@pytest.mark.parametrize(
    ("script", "says"),
    [
        pytest.param(other, "another SHA-256", id="another file"),
        pytest.param(page, "no GGUF file", id="a page"),
        pytest.param(longer, "more than the", id="without an end"),
        pytest.param(partial(whole, content=MODEL + bytes(32)), "another file", id="another length"),
        pytest.param(partial(status, 404), "answered 404", id="not there"),
        pytest.param(partial(status, 500), "answered 500", id="failing"),
        pytest.param(partial(redirect, "/m.gguf"), "redirects again and again", id="in circles"),
        pytest.param(partial(redirect, "http://192.0.2.1/m.gguf"), "https only", id="redirected to http"),
        pytest.param(partial(redirect, "file:///etc/passwd"), "https only", id="redirected to a file"),
    ],
)
def test_what_is_not_the_model_never_gets_its_name(server: Server, path: Path, script: Script, says: str) -> None:
    server.scripts = [script]

    with pytest.raises(PullFailed, match=says):
        pull(server.url, path, sha256=SHA256, size_bytes=len(MODEL))

    assert not path.exists()
    assert sum(file.stat().st_size for file in path.parent.iterdir()) == 0  # nothing half-written


def test_a_file_with_the_right_hash_that_is_no_model_is_refused(server: Server, path: Path) -> None:
    wrong = b"GGUF" + bytes(1000)
    server.scripts = [partial(whole, content=wrong)]

    with pytest.raises(PullFailed, match=r"no whole header.*It was removed"):
        pull(server.url, path, sha256=hashlib.sha256(wrong).hexdigest())

    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("url", ["http://192.0.2.1/m.gguf", "ftp://127.0.0.1/m.gguf", "file:///etc/m.gguf", "m.gguf"])
def test_other_places_are_refused_before_anything_is_asked(path: Path, url: str) -> None:
    with pytest.raises(PullFailed, match="https only"):
        pull(url, path, sha256=SHA256)

    assert not path.parent.exists()


def test_a_disk_without_room_is_told_before_anything_is_written(
    server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.pull.SPARE_BYTES", 10**18)

    with pytest.raises(PullFailed, match="bytes free"):
        pull(server.url, path, sha256=SHA256)

    assert not path.exists()


def test_two_commands_do_not_write_one_file(server: Server, path: Path) -> None:
    """The second is told, while the first is under way."""
    refusals: list[str] = []

    def second(*_: object) -> None:
        if not refusals:
            try:
                pull(server.url, path, sha256=SHA256)
            except PullFailed as error:
                refusals.append(str(error))

    pull(server.url, path, sha256=SHA256, progress=second)

    assert refusals == ["Another command is fetching m.gguf just now; wait for it to end."]
    assert path.read_bytes() == MODEL
