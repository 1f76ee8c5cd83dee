"""A visitor deletes their data, in the widget and on the page, with a question before and an answer after."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PageServer
from tests.browser.widget_actions import QUESTION, answered, ask, opened, serious
from tests.browser.widget_host import HostSite

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 740)], ids=["wide", "phone"])


def fits(page: Page, selector: str) -> bool:
    """Whether nothing of it is out of sight to the side."""
    script = "e => e.scrollWidth <= e.clientWidth && e.getBoundingClientRect().right <= innerWidth"
    return bool(page.locator(selector).evaluate(script))


@SIZES
def test_in_the_widget(browser: Browser, host: HostSite, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)

    page.get_by_role("button", name="Earlier conversations").click()
    page.get_by_role("button", name="Delete my data").click()
    sheet = page.locator(".sheet")
    expect(sheet).to_contain_text("It cannot be undone.")
    assert fits(page, ".sheet")
    assert serious(page) == []
    sheet.get_by_role("button", name="Keep it").click()
    expect(sheet).to_be_hidden()
    answered(page)

    page.get_by_role("button", name="Earlier conversations").click()
    page.get_by_role("button", name="Delete my data").click()
    sheet.get_by_role("button", name="Delete everything").click()
    expect(sheet).to_contain_text("Conversations: 1. Messages: 2. Files: 0.", timeout=20_000)
    assert fits(page, ".sheet")
    sheet.get_by_role("button", name="Close").click()
    expect(page.locator(".message")).to_have_count(0)

    page.get_by_role("button", name="Earlier conversations").click()
    expect(sheet).to_contain_text("There are no earlier conversations.")
    page.keyboard.press("Escape")
    ask(page, QUESTION)
    answered(page)
    page.reload()
    context.close()


def test_another_tab_goes_on_as_somebody_new(context: BrowserContext, host: HostSite) -> None:
    page, other = opened(context, host), opened(context, host)
    ask(page, QUESTION)
    answered(page)
    answered(other)
    page.get_by_role("button", name="Earlier conversations").click()
    page.get_by_role("button", name="Delete my data").click()
    page.locator(".sheet").get_by_role("button", name="Delete everything").click()
    expect(page.locator(".sheet")).to_contain_text("Your data was deleted", timeout=20_000)

    expect(other.locator(".message")).to_have_count(0, timeout=20_000)
    ask(other, QUESTION)
    answered(other)


@SIZES
def test_on_the_page(browser: Browser, server: PageServer, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#starters button:not([disabled])")
    page.locator("#chat-input").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator('a[href$="/1#listed"]')).to_have_count(1, timeout=20_000)

    page.get_by_role("button", name="Delete my data").click()
    dialog = page.get_by_role("dialog", name="Delete my data")
    expect(dialog).to_contain_text("It cannot be undone.")
    assert fits(page, "#erasure")
    assert serious(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator('a[href$="/1#listed"]')).to_have_count(1)

    before = page.request.get(f"{server.url}/user").json()["identifier"]
    page.get_by_role("button", name="Delete my data").click()
    page.get_by_role("button", name="Delete everything").click()
    done = page.get_by_role("dialog", name="Your data was deleted")
    expect(done).to_contain_text("Conversations: 1. Messages: 2. Files: 0.", timeout=20_000)
    done.get_by_role("button", name="Close").click()
    page.wait_for_selector("#starters button:not([disabled])")
    expect(page.locator(".ai-message")).to_have_count(0)
    assert page.request.get(f"{server.url}/user").json()["identifier"] != before
    context.close()
