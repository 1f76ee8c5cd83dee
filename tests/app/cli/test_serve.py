"""`parley serve` in a process of its own: by which names, over https, and whose word on a visitor it takes."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.app.certificates import write_certificate, write_key
from tests.app.cli.conftest import Parley

ROOT = Path(__file__).parents[3]
PROXY = "127.0.0.2"
slow = pytest.mark.slow


@dataclass(frozen=True)
class Served:
    """A server that is up."""

    port: int
    output: Path
    database_url: str


@contextmanager
def served(home: Path, database_url: str, *options: str, **environment: str) -> Iterator[Served]:
    """Serve until left; wait until the port is open."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database_url,
        "PARLEY_HOME": str(home),
        "PARLEY_SECRET": "x" * 40,
        "PARLEY_LOCAL__ENABLED": "false",
        "PARLEY_KNOWLEDGE__GUIDE": "false",
        "PARLEY_CHAT__GUESTS": "true",
        **environment,
    }
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(port), *options]
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=home, env=variables, stdout=output, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + 90
        while not _open(port):
            assert process.poll() is None, (home / "output").read_text()
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.2)
        yield Served(port, home / "output", database_url)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _open(port: int) -> bool:
    with socket.socket() as there:
        return there.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def plain(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("plain")
    trusted = {"PARLEY_SERVER__TRUSTED_PROXIES": f"{PROXY}, 192.0.2.0/24"}
    with served(home, module_database_url, **trusted) as server:
        yield server


def browser(server: Served, *, through: str = "127.0.0.1") -> httpx.Client:
    """Somebody who asks over http from an address of this machine."""
    transport = httpx.HTTPTransport(local_address=through)
    return httpx.Client(base_url=f"http://127.0.0.1:{server.port}", transport=transport, timeout=30)


@slow
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:{port}", 200),
        ("127.0.0.1:{port}", 200),
        ("[::1]:{port}", 200),
        ("LOCALHOST", 200),
        ("evil.example:{port}", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.", 421),
    ],
)
def test_on_this_machine_alone_no_strange_name_is_answered(plain: Served, host: str, status: int) -> None:
    with browser(plain) as http:
        answer = http.get("/", headers={"Host": host.format(port=plain.port)})

    assert answer.status_code == status
    assert status == 200 or "server.hosts" in answer.text


@slow
@pytest.mark.parametrize(("through", "believed"), [(PROXY, True), ("127.0.0.1", False)], ids=["proxy", "anybody"])
def test_that_a_page_came_encrypted_is_a_trusted_proxys_word(plain: Served, through: str, believed: bool) -> None:
    with browser(plain, through=through) as http:
        page = http.get("/", headers={"X-Forwarded-Proto": "https"})
        sign_in = http.get("/staff/sign-in", headers={"X-Forwarded-Proto": "https"})

    assert ("strict-transport-security" in page.headers) is believed
    cookies = page.headers.get_list("set-cookie") + sign_in.headers.get_list("set-cookie")
    assert len(cookies) >= 2
    assert {"secure" in cookie.lower() for cookie in cookies} == {believed}


@slow
@pytest.mark.parametrize(
    ("through", "places"),
    [
        pytest.param(PROXY, 2, id="proxy"),
        pytest.param("127.0.0.1", 1, id="anybody"),
    ],
)
def test_where_a_visitor_is_is_a_trusted_proxys_word(plain: Served, through: str, places: int) -> None:
    with psycopg.connect(plain.database_url, autocommit=True) as database:
        database.execute("INSERT INTO sites (name) VALUES ('default') ON CONFLICT DO NOTHING")
        database.execute("DELETE FROM rates")
        with browser(plain, through=through) as http:
            http.headers["Origin"] = str(http.base_url)
            # Behind a second proxy that is trusted, too, it is the last address that is not.
            for forwarded in ("203.0.113.7", "203.0.113.8, 192.0.2.1", "198.51.100.1, 203.0.113.8"):
                headers = {"X-Forwarded-For": forwarded}
                assert http.post("/widget/session", json={"site": "default"}, headers=headers).status_code == 200
        found = database.execute("SELECT count(DISTINCT key) FROM rates WHERE key LIKE 'widget %'").fetchone()

    assert found == (places,)


@slow
def test_https_is_served_with_a_certificate_of_ones_own(module_database_url: str, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    cert, key_file = write_certificate(tmp_path / "cert.pem", key), write_key(tmp_path / "key.pem", key)
    options = ("--tls-cert", str(cert), "--tls-key", str(key_file))
    with served(tmp_path, module_database_url, *options) as server:
        address = f"https://127.0.0.1:{server.port}"
        with httpx.Client(base_url=address, verify=ssl.create_default_context(cafile=str(cert)), timeout=30) as http:
            page, sign_in = http.get("/"), http.get("/staff/sign-in")
        with browser(server) as unencrypted, pytest.raises(httpx.HTTPError):
            unencrypted.get("/")

    assert (page.status_code, sign_in.status_code) == (200, 200)
    assert "strict-transport-security" in page.headers
    staff = sign_in.headers.get_list("set-cookie")
    assert staff
    assert all(cookie.startswith("__Host-") for cookie in staff)
    cookies = page.headers.get_list("set-cookie") + staff
    assert all("secure" in cookie.lower() for cookie in cookies)
    assert f"{address}/staff/welcome/" in server.output.read_text(), "the first admin's link"


@pytest.mark.parametrize(
    ("options", "environment", "sentence"),
    [
        (["--tls-cert", "gone.pem"], {}, "The file gone.pem, needed for https, cannot be read"),
        (["--tls-key", "key.pem"], {}, "set server.tls_cert, too"),
        ([], {"PARLEY_SERVER__TLS_CERT": "wrong.pem"}, "There is no certificate with its key in wrong.pem"),
    ],
    ids=["no file", "no certificate", "wrong file"],
)
def test_without_a_certificate_that_can_be_used_nothing_starts(
    parley: Parley,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    environment: dict[str, str],
    sentence: str,
) -> None:
    (tmp_path / "wrong.pem").write_text("no certificate", encoding="utf-8")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    ran = parley("serve", *options)

    assert (ran.code, sentence in ran.err, ran.err.count("\n")) == (2, True, 1), ran.err
