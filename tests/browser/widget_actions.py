"""What the tests of the widget do and look for, again and again."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.widget_host import HostSite

QUESTION = "How long do refunds take to be paid?"
SLOW = "Tell slowly how long until refunds are paid"
WHOLE = (
    "Refunds are paid within 14 days of your request 1\u2060. They go back to the card that you paid with 1\u2060. "
    "Opened software and gift cards cannot be refunded 2\u2060."
)
"""The scripted answer as the panel shows it, citations as bare numbers that full stops are joined to."""
BUTTON = "parley-widget .launch"


def visit(context: BrowserContext, host: HostSite, path: str | None = None) -> Page:
    """Open a host page in a new tab, and wait for the button."""
    page = context.new_page()
    page.goto(host.url + (path or host.page()))
    expect(page.locator(BUTTON)).to_be_visible()
    return page


def opened(context: BrowserContext, host: HostSite, path: str | None = None) -> Page:
    """The same, with the panel open and connected."""
    page = visit(context, host, path)
    page.locator(BUTTON).click()
    expect(field(page)).to_be_visible()
    return page


def field(page: Page) -> Locator:
    """Where the visitor writes."""
    return page.locator(".composer textarea")


def ask(page: Page, text: str) -> None:
    """Send a message."""
    field(page).fill(text)
    field(page).press("Enter")


def answers(page: Page) -> Locator:
    """The answers, as they are shown."""
    return page.locator(".message.assistant")


def answered(page: Page, count: int = 1) -> None:
    """Wait until so many answers are whole, and look at the last one's text."""
    expect(page.locator(".message.assistant .chips")).to_have_count(count, timeout=20_000)
    expect(answers(page).last.locator(".prose")).to_have_text(WHOLE)


def serious(page: Page) -> list[str]:
    """What axe finds that keeps people out."""
    page.wait_for_timeout(500)  # what fades in has little contrast until it is there
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in ("serious", "critical")]


def focused(page: Page) -> str:
    """Name of what has the focus, within the widget or outside of it."""
    script = """() => {
        let at = document.activeElement;
        while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
        return at.getAttribute("aria-label") || at.innerText || at.tagName;
    }"""
    return str(page.evaluate(script)).strip()
