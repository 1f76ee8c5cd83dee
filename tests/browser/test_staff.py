"""The pages for staff in a browser: from the first link to the end of a session."""

import base64
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.members.totp import code_at
from tests.browser.conftest import PageServer
from tests.browser.widget_actions import serious

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
WIDTHS = ((1280, "light"), (390, "dark"))


def first_link(server: PageServer) -> str:
    """The link that `parley user link` prints beside the running server."""
    command = [sys.executable, "-c", "from app.cli import main; main()", "user", "link"]
    environment = os.environ | {"PARLEY_HOME": str(server.home), "PARLEY_SERVER__PUBLIC_URL": server.url}
    root = Path(__file__).parents[2]
    printed = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=True).stdout
    return printed.strip()


def new_page(browser: Browser, *, scripts: bool = True) -> Page:
    """Somebody's own browser, which fails the test when a policy forbids what a page does."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=scripts).new_page()
    page.on("console", lambda said: pytest.fail(said.text) if "Content Security Policy" in said.text else None)
    return page


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)
    page.locator("button.main").first.click()


def sign_in(page: Page, server: PageServer, email: str) -> None:
    page.goto(f"{server.url}/staff")
    fill(page, email=email, password=PASSWORD)


def fits_and_reads(page: Page) -> None:
    """The page keeps nobody out, wide and on a phone, in light and dark."""
    for width, scheme in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its words
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
        assert serious(page) == [], page.url
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.fixture(scope="module")
def ada(server: PageServer, browser: Browser) -> Iterator[Page]:
    """The first admin, signed in."""
    page = new_page(browser)
    page.goto(first_link(server))
    fits_and_reads(page)
    fill(page, email="ada@example.com", name="Ada Lovelace", password=PASSWORD, again="something else")
    expect(page.locator("#again")).to_be_focused()
    expect(page.get_by_role("alert")).to_have_text("The two passwords differ; type them again.")
    fits_and_reads(page)
    fill(page, password=PASSWORD, again=PASSWORD)
    expect(page.get_by_role("status")).to_contain_text("you are signed in")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def lee(server: PageServer, browser: Browser, ada: Page) -> Iterator[Page]:
    """Somebody of the staff, invited by the admin and without scripts."""
    ada.goto(f"{server.url}/staff/members")
    fits_and_reads(ada)
    ada.get_by_label("default").check()
    fill(ada, email="lee@example.com", name="Lee")
    link = ada.locator(".said code").inner_text()
    fits_and_reads(ada)
    ada.reload()
    expect(ada.locator(".said")).to_have_count(0)
    page = new_page(browser, scripts=False)
    page.goto(link)
    fill(page, password=PASSWORD, again=PASSWORD)
    expect(page.get_by_role("heading", name="Sites")).to_be_visible()
    yield page
    page.context.close()


def test_an_invited_member_signs_in_with_a_code(server: PageServer, browser: Browser, lee: Page) -> None:
    lee.get_by_role("link", name="Set one up").click()
    lee.get_by_text("Cannot scan?").click()
    key = lee.locator("details code").inner_text()
    secret = base64.b32decode(key)
    fill(lee, code=code_at(secret, int(time.time()) // 30), current=PASSWORD)
    expect(lee.get_by_role("status")).to_contain_text("Your second factor is set up")
    lee.get_by_role("button", name="Sign out").click()
    fill(lee, email="lee@example.com", password=PASSWORD)
    expect(lee.get_by_role("heading", name="One more step")).to_be_visible()
    code = code_at(secret, int(time.time()) // 30 + 1)
    fill(lee, code=code)
    expect(lee.get_by_role("heading", name="Sites")).to_be_visible()
    expect(lee.get_by_role("link", name="Members")).to_have_count(0)

    thief = new_page(browser)
    sign_in(thief, server, "lee@example.com")
    fill(thief, code=code)
    expect(thief.get_by_role("alert")).to_contain_text("used before")
    expect(thief.locator("#code")).to_be_focused()
    fits_and_reads(thief)
    thief.context.close()


def test_sessions_are_listed_and_end(server: PageServer, browser: Browser, ada: Page) -> None:
    other = new_page(browser)
    sign_in(other, server, "ada@example.com")
    expect(other.get_by_role("heading", name="Sites")).to_be_visible()
    ada.goto(f"{server.url}/staff/account")
    expect(ada.get_by_text("this browser")).to_have_count(1)
    fits_and_reads(ada)
    ada.get_by_role("button", name=re.compile("^End the session of Chrome")).click()
    expect(ada.get_by_role("status")).to_have_text("The session has ended.")
    other.reload()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    fits_and_reads(other)
    other.context.close()


def test_a_site_is_shown_copied_and_previewed_with_the_real_widget(server: PageServer, ada: Page) -> None:
    ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.goto(f"{server.url}/staff")
    fits_and_reads(ada)
    ada.get_by_role("button", name="Copy").click()
    expect(ada.get_by_role("button", name="Copied")).to_be_visible()
    line = f'<script src="{server.url}/widget.js" data-site="default" async></script>'
    assert ada.evaluate("navigator.clipboard.readText()") == line
    ada.get_by_role("link", name="default", exact=True).click()
    expect(ada.get_by_role("heading", name="default")).to_be_visible()
    fits_and_reads(ada)
    ada.get_by_role("link", name="Knowledge").click()
    expect(ada.get_by_role("heading", name="Knowledge")).to_be_visible()
    fits_and_reads(ada)
    ada.get_by_role("link", name="2 documents").click()
    expect(ada.get_by_role("listitem").filter(has_text="refunds.md")).to_contain_text("2 passages")
    fits_and_reads(ada)
    ada.goto(f"{server.url}/staff/sites/default")
    ada.get_by_role("link", name="Preview").click()
    ada.get_by_role("button", name=re.compile("chat", re.IGNORECASE)).first.click()
    expect(ada.get_by_role("dialog")).to_be_visible()
    ada.get_by_role("dialog").get_by_role("textbox").fill("How long do refunds take to be paid?")
    ada.keyboard.press("Enter")
    expect(ada.get_by_role("dialog")).to_contain_text("Refunds are paid within 14 days", timeout=15_000)


def test_the_pages_are_used_by_keyboard(server: PageServer, browser: Browser, ada: Page) -> None:
    page = new_page(browser)
    page.goto(f"{server.url}/staff")
    page.keyboard.type("ada@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sites")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.context.close()
