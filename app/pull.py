"""Fetching a model file: what was begun goes on, and nothing gets its name before it is whole and the right one."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urljoin, urlsplit

import httpx

from app.model_files import digest
from graph.errors import ConfigError, ParleyError
from graph.models.local.gguf import MAGIC, read_header

LONGEST_BYTES = 2 * 1024**4
"""Of a body whose length nobody told."""
MOST_REDIRECTS = 5
SPARE_BYTES = 256 * 1024**2
"""What stays free on the disk."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
TIMEOUT = httpx.Timeout(60, connect=10)

Progress = Callable[[int, int | None], None]
"""Told how many bytes there are, and how many there will be, if that is known."""


class PullFailed(ParleyError):
    """The model could not be fetched."""


def pull(
    url: str, path: Path, *, sha256: str, size_bytes: int | None = None, progress: Progress = lambda have, all_: None
) -> None:
    """Fetch a GGUF file to `path`. What is there of an earlier try, beside it as `.part`, is not fetched again.

    Args:
        url: over https, or from this machine.
        sha256: of the whole file, in hexadecimal digits.
        size_bytes: of the whole file, if it is known beforehand.

    Raises:
        PullFailed: the sentence says what to do. The part is kept where it can be gone on with, and removed where not.
    """
    _check_place(url, first=url)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with _locked(part) as file:
        try:
            _fetch(url, file, path, size_bytes, progress)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            have = file.tell()
            raise PullFailed(
                f"The download broke off after {have:,} bytes ({type(error).__name__}); "
                "run it again to go on from there."
            ) from None
        except OSError as error:
            raise PullFailed(f"The model could not be written to {part}: {error.strerror}.") from None
        file.flush()
        os.fsync(file.fileno())
        _check_whole(part, sha256, size_bytes)
        part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _locked(part: Path) -> Iterator[IO[bytes]]:
    """The part, opened to go on with it, for one process at a time."""
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PullFailed(f"Another command is fetching {part.stem} just now; wait for it to end.") from None
        yield file


def _fetch(url: str, file: IO[bytes], path: Path, size_bytes: int | None, progress: Progress) -> None:
    """Append what is missing."""
    have = file.tell()
    if size_bytes is not None and have > size_bytes:
        have = _anew(file)
    if have == size_bytes:
        return
    with (
        httpx.Client(timeout=TIMEOUT, headers={"Accept-Encoding": "identity"}) as client,
        _opened(client, url, have) as response,
    ):
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is missing; whether it is the right file is found out next
        if response.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
            raise PullFailed(f"The server answered {response.status_code}; check the address {url}.")
        if have and not _goes_on(response, have):
            have = _anew(file)
        length = response.headers.get("Content-Length", "")
        whole = have + int(length) if length.isdecimal() else None
        if size_bytes is not None and whole is not None and whole != size_bytes:
            raise PullFailed(f"The server has a file of {whole:,} bytes, not of {size_bytes:,}: another file.")
        _check_room(path.parent, (whole or size_bytes or have) - have)
        most = whole or size_bytes or LONGEST_BYTES
        for piece in response.iter_raw():
            if not have and piece[: len(MAGIC)] != MAGIC[: len(piece)]:
                raise PullFailed("That is no GGUF file; give the address of the file itself.")
            if have + len(piece) > most:
                _anew(file)
                raise PullFailed(f"The server sends more than the {most:,} bytes that it told.")
            file.write(piece)
            have += len(piece)
            progress(have, whole or size_bytes)


@contextmanager
def _opened(client: httpx.Client, url: str, have: int) -> Iterator[httpx.Response]:
    """The answer, behind a few redirects at most."""
    headers = {"Range": f"bytes={have}-"} if have else {}
    place = url
    for _ in range(MOST_REDIRECTS + 1):
        with client.stream("GET", place, headers=headers) as response:
            if not response.has_redirect_location:
                yield response
                return
            place = urljoin(place, response.headers["Location"])
        _check_place(place, first=url)
    raise PullFailed("The server redirects again and again; check the address.")


def _check_place(place: str, *, first: str) -> None:
    """Only https, unless the model was asked of this machine itself."""
    parts = urlsplit(place)
    own = parts.hostname in LOOPBACK and urlsplit(first).hostname in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and own):
        raise PullFailed(f"Models are fetched over https only, not from {place[:200]}.")


def _goes_on(response: httpx.Response, have: int) -> bool:
    """Whether the body begins where the part ends."""
    return response.status_code == httpx.codes.PARTIAL_CONTENT and response.headers.get(
        "Content-Range", ""
    ).lower().startswith(f"bytes {have}-")


def _anew(file: IO[bytes]) -> int:
    file.truncate(0)
    file.seek(0)
    return 0


def _check_room(folder: Path, missing: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < missing + SPARE_BYTES:
        raise PullFailed(f"The disk of {folder} has {free:,} bytes free; {missing + SPARE_BYTES:,} are needed.")


def _check_whole(part: Path, sha256: str, size_bytes: int | None) -> None:
    """Refuse what is not the file that was wanted, and keep nothing of it; keep what is only cut short."""
    size = part.stat().st_size
    if size_bytes is not None and size < size_bytes:
        raise PullFailed(
            f"The download ended after {size:,} of {size_bytes:,} bytes; run it again to go on from there."
        )
    if digest(part) != sha256.lower():
        part.unlink()
        raise PullFailed("What came has another SHA-256 than the one that was given; it was removed.")
    try:
        read_header(part)
    except ConfigError as error:
        part.unlink()
        raise PullFailed(f"{error} It was removed.") from None
