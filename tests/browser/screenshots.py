"""The pictures of page and widget for README and guide: `python -m tests.browser.screenshots [FOLDER]`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, PageServer
from tests.browser.widget_pictures import take_widget

FOLDER = Path(__file__).parents[2] / "docs" / "images"
CITATION = 'a[href^="/sources/"]'
SETTLE_MS = 1200


def open_page(browser: Browser, server: PageServer, *, width: int = 1280, dark: bool = False) -> Page:
    """A fresh guest's page."""
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", device_scale_factor=2
    )
    page.goto(server.url)
    page.wait_for_selector("#starters button:not([disabled])")
    return page


def ask(page: Page, text: str, awaited: str = CITATION) -> None:
    """Ask, and wait for what the answer must show."""
    page.locator("#chat-input").fill(text)
    page.keyboard.press("Enter")
    page.locator(awaited).first.wait_for()


def take(browser: Browser, server: PageServer, folder: Path) -> None:
    """Take them all."""

    def save(page: Page, name: str) -> None:
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / f"{name}.png")
        page.close()

    question = "How long do refunds take to be paid?"
    save(open_page(browser, server), "welcome")
    page = open_page(browser, server)
    ask(page, question)
    page.locator(CITATION).first.click()
    save(page, "answer-with-sources")
    for name, width, dark in (("dark", 1280, True), ("phone", 390, False)):
        page = open_page(browser, server, width=width, dark=dark)
        ask(page, question)
        save(page, name)
    page = open_page(browser, server)
    ask(page, "When the quota is used up, how long do refunds take?")
    save(page, "notice")
    page = open_page(browser, server)
    ask(page, "What happens if parts explode?", "text=Something went wrong")
    save(page, "error")


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    chosen.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        running = PageServer(Path(home))
        running.start()
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            take(browser, running, chosen)
            take_widget(browser, running, chosen)
        finally:
            running.stop()
