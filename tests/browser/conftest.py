"""A browser and the page that it drives. Without Chromium the tests here are skipped."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser.widget_host import HostSite

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class PageServer:
    """The page in a process of its own, so that it can be killed and started again on the same data."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as free, socket.socket() as other:
            free.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
            self.host_port: int = other.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        ports = [str(self.port), str(self.host_port)]
        command = [sys.executable, "-m", "tests.browser.page_server", str(self.home), *ports]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        self.process = subprocess.Popen(command, env=environment, start_new_session=True)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with urlopen(f"{self.url}/readyz", timeout=2):  # noqa: S310 - our own server
                    return
            except OSError:
                assert self.process.poll() is None, "the page server ended while it started"
                time.sleep(0.2)
        raise AssertionError("the page server did not become ready")

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    server = PageServer(tmp_path_factory.mktemp("page"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def host(server: PageServer) -> Iterator[HostSite]:
    """Somebody's website, which may embed the widget."""
    site = HostSite(server.host_port, server.url)
    yield site
    site.close()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(server: PageServer, playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: PageServer) -> Page:
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#starters button:not([disabled])")  # enabled once the page is connected
    return page
