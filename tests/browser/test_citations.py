"""From a website's pages and a PDF to an answer, and by its citation to the very passage."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pypdf import PdfReader

from tests.browser.conftest import CHROMIUM
from tests.browser.product import Process, environment, product
from tests.pdf import line, pdf

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

SETTINGS = {"PARLEY_LOCAL__ENABLED": "false", "PARLEY_KNOWLEDGE__GUIDE": "false"}
FILLER = "<p style='height: 700px'>Nothing of interest stands in this place, and there is much room around it.</p>"
WARRANTY = "The harbour lamp has a warranty of five years from the day of its purchase."
LAMP = f"""<!doctype html><title>Harbour lamp</title><main><h1>Harbour lamp</h1>
<h2>What it is</h2>{FILLER * 4}<h2>Warranty</h2><p>{WARRANTY}</p>{FILLER * 3}</main>"""
BUOY = "<!doctype html><title>Buoy</title><main><h1>Buoy</h1><p>A buoy floats, and is painted red or green.</p></main>"
TERMS = (
    "Delivery takes three working days inland and ten abroad.",
    "A cancelled mooring costs a fee of forty euros in summer.",
    "Complaints are answered by the harbour master in writing.",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("website")
    (folder / "lamps").mkdir()
    (folder / "lamps" / "harbour lamp.html").write_text(LAMP, encoding="utf-8")
    (folder / "buoy.html").write_text(BUOY, encoding="utf-8")
    (folder / "terms.pdf").write_bytes(pdf(*(line(text, 60, 700) for text in TERMS)))
    return folder


@pytest.fixture(scope="module")
def website(folder: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def parley(tmp_path_factory: pytest.TempPathFactory, folder: Path, website: str) -> Iterator[Process]:
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-c", "from app.cli import main; main()", "ingest", str(folder), "--url", website]
    subprocess.run(command, env=environment(home, **SETTINGS), check=True, timeout=120)
    server = product(home, **SETTINGS)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def page(parley: Process) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(parley.url)
        page.wait_for_selector("#starters button:not([disabled])")
        yield page
        browser.close()


def ask(page: Page, text: str) -> None:
    page.locator("#chat-input").fill(text)
    expect(page.locator("#chat-submit")).to_be_enabled()
    page.keyboard.press("Enter")
    page.locator('a[href^="/sources/"]').first.click(timeout=30_000)
    expect(page.locator("#side-view-content")).to_be_visible()


def test_a_citation_of_a_web_page_opens_it_at_the_passage(page: Page, website: str) -> None:
    ask(page, "How long is the warranty of the harbour lamp?")
    expect(page.locator("#side-view-content")).to_contain_text(WARRANTY)

    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the page").click()

    there = opened.value
    there.wait_for_load_state()
    assert there.url.startswith(f"{website}/lamps/harbour%20lamp.html")
    expect(there.get_by_text(WARRANTY)).to_be_in_viewport(timeout=5_000)
    assert there.evaluate("scrollY") > 1000


def test_a_citation_of_a_pdf_opens_its_page(page: Page, website: str, folder: Path) -> None:
    ask(page, "What does a cancelled mooring cost?")
    expect(page.locator("#side-view-content")).to_contain_text("forty euros")

    address = page.get_by_role("link", name="Open the page").get_attribute("href") or ""

    found = re.fullmatch(rf"{re.escape(website)}/terms\.pdf#page=(\d+)", address)
    assert found
    shown = PdfReader(BytesIO((folder / "terms.pdf").read_bytes())).pages[int(found[1]) - 1]
    assert "forty euros" in shown.extract_text()
