"""A call that waits for the visitor's word, in the widget and on the page: seen, decided once, and gone."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PageServer
from tests.browser.page_server import LONG_WISH
from tests.browser.test_erasure import SIZES, fits
from tests.browser.widget_actions import BUTTON, answers, ask, opened, serious
from tests.browser.widget_host import HostSite

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WISH = "How long do refunds take? Please call me back at kim@example.org about it"
DONE = "Done: Leave a message for our staff."
PATIENTLY_MS = 20_000
WIDE = 600


def again(page: Page, width: int) -> None:
    """Load the page anew, with the panel open: over a phone's whole page it does not open by itself."""
    page.reload()
    if width < WIDE:
        page.locator(BUTTON).click()


@SIZES
def test_in_the_widget(browser: Browser, host: HostSite, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    page = opened(context, host)
    ask(page, WISH)
    card = page.get_by_role("group", name="Leave a message for our staff")
    expect(card).to_be_visible(timeout=PATIENTLY_MS)
    expect(answers(page).last.locator(".prose")).to_contain_text("I need your word first.")
    expect(answers(page).last.locator("code").first).to_have_text(LONG_WISH)
    expect(answers(page).last.locator(".prose")).to_contain_text("kim@example.org")
    expect(card).to_contain_text("It can be decided until")
    assert fits(page, ".thread")
    assert serious(page) == []

    again(page, width)
    page.get_by_role("button", name="Yes, do it").click(timeout=PATIENTLY_MS)

    expect(answers(page).last.locator(".prose")).to_contain_text(DONE, timeout=PATIENTLY_MS)
    expect(page.locator(".message.visitor").last).to_have_text("Yes, do it")
    expect(card).to_have_count(0)
    again(page, width)
    expect(answers(page)).to_have_count(2, timeout=PATIENTLY_MS)
    expect(card).to_have_count(0)
    context.close()


def test_no_in_the_widget(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, WISH)
    page.get_by_role("button", name="No, leave it").click(timeout=PATIENTLY_MS)

    expect(answers(page).last.locator(".prose")).to_have_text("All right, nothing was done.", timeout=PATIENTLY_MS)


def test_another_tab_hears_that_it_is_decided(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, WISH)
    card = page.get_by_role("group", name="Leave a message for our staff")
    expect(card).to_be_visible(timeout=PATIENTLY_MS)
    other = opened(context, host)
    there = other.get_by_role("group", name="Leave a message for our staff")
    expect(there).to_be_visible(timeout=PATIENTLY_MS)

    page.get_by_role("button", name="Yes, do it").click()

    expect(answers(page).last.locator(".prose")).to_contain_text(DONE, timeout=PATIENTLY_MS)
    expect(there).to_have_count(0, timeout=PATIENTLY_MS)


def test_on_the_page(page: Page, server: PageServer) -> None:
    page.locator("#chat-input").fill(WISH)
    page.keyboard.press("Enter")
    yes, no = (page.get_by_role("button", name=name) for name in ("Yes, do it", "No, leave it"))
    expect(yes).to_be_visible(timeout=PATIENTLY_MS)
    expect(page.get_by_text("I need your word first.")).to_be_visible()
    expect(page.get_by_text(LONG_WISH)).to_be_visible()

    page.reload()
    expect(no).to_be_visible(timeout=PATIENTLY_MS)
    yes.click()

    expect(page.get_by_text(DONE)).to_be_visible(timeout=PATIENTLY_MS)
    expect(yes).to_have_count(0)
    expect(no).to_have_count(0)
    page.reload()
    expect(page.get_by_text(DONE)).to_be_visible(timeout=PATIENTLY_MS)
    expect(yes).to_have_count(0)
