"""What a visitor can do on the page, in a real browser against the real server."""

import re
import signal
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PageServer
from tests.browser.page_server import NAME, PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUESTION = "How long do refunds take to be paid?"
SLOW = "Tell slowly how long until refunds are paid"
CITATION = 'a[href^="/sources/"]'


def ask(page: Page, text: str) -> None:
    page.locator("#chat-input").fill(text)
    expect(page.locator("#chat-submit")).to_be_enabled()
    page.keyboard.press("Enter")


def answered(page: Page, count: int = 1) -> None:
    expect(page.locator('a[href$="/1#listed"]')).to_have_count(count, timeout=15_000)


def serious(page: Page) -> list[str]:
    page.wait_for_timeout(1500)  # what fades in has little contrast until it is there
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")]


def test_an_answer_has_sources_that_open_beside_it_and_steps_that_unfold(page: Page) -> None:
    ask(page, QUESTION)
    answered(page)
    expect(page.locator(".ai-message").last).to_contain_text("Refunds are paid within 14 days of your request [1]")
    expect(page.get_by_text("Checked the message")).to_have_count(0)
    page.get_by_text("Looked in the documents: ").click()
    expect(page.get_by_text("Checked the message")).to_be_visible()
    page.locator(CITATION).first.click()
    expect(page.locator("#side-view-title")).to_contain_text("How long refunds take")
    expect(page.locator("#side-view-content")).to_contain_text("back to the card that you paid with")


def test_nothing_is_fetched_from_another_host(context: BrowserContext, server: PageServer) -> None:
    page, asked = context.new_page(), set[str]()
    page.on("request", lambda request: asked.add(request.url))
    page.goto(server.url)
    page.wait_for_selector("#starters button:not([disabled])")
    ask(page, QUESTION)
    answered(page)
    own = (server.url, "data:", "blob:")
    assert asked
    assert not [url for url in asked if not url.startswith(own)]


def test_a_stopped_answer_keeps_its_text_and_can_be_tried_again(page: Page) -> None:
    ask(page, SLOW)
    expect(page.get_by_text("Refunds are paid within")).to_be_visible()
    page.locator("#stop-button").click()
    expect(page.get_by_text("You stopped this answer.")).to_be_visible()
    expect(page.get_by_text("Refunds are paid within")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    answered(page)
    expect(page.get_by_text("You stopped this answer.")).to_have_count(0)


def test_a_rating_with_a_comment_is_there_after_a_reload(page: Page) -> None:
    ask(page, QUESTION)
    answered(page)
    page.get_by_role("button", name="Helpful", exact=True).click()
    page.locator("[role=dialog] textarea").fill("Just what I needed, write to kim@example.org")
    page.locator("#submit-feedback").click()
    expect(page.locator(".positive-feedback-on")).to_be_visible()
    page.reload()
    answered(page)
    expect(page.locator(".positive-feedback-on")).to_be_visible()
    page.get_by_role("button", name="Edit your comment").click()
    expect(page.locator("[role=dialog] textarea")).to_have_value("Just what I needed, write to kim@example.org")


def test_an_edited_question_replaces_what_came_after(page: Page) -> None:
    ask(page, "What about gift cards and refunds?")
    answered(page)
    page.locator(".step").first.hover()
    page.get_by_role("button", name="Edit this message").click()
    page.locator("#edit-chat-input").fill(QUESTION)
    page.locator(".confirm-edit").click()
    answered(page)
    page.reload()
    answered(page)
    expect(page.locator(".step").get_by_text("What about gift cards")).to_have_count(0)


def test_a_lower_rung_is_told_in_half_a_line(page: Page) -> None:
    ask(page, "Over quota: how long do refunds take?")
    answered(page)
    expect(page.get_by_text(re.compile("desk-large is over quota, so the local model answered"))).to_be_visible()


@pytest.mark.parametrize(
    ("text", "sentence", "again"),
    [
        pytest.param("Please explode now", "Something went wrong on our side", True, id="the graph fails"),
        pytest.param("This is unguarded", "A safety check could not run", True, id="a guard cannot run"),
        pytest.param("long " * 20_000, "Please shorten it", False, id="100,000 characters"),
    ],
)
def test_a_failure_is_one_sentence(page: Page, text: str, sentence: str, again: bool) -> None:
    ask(page, text)
    expect(page.get_by_text(sentence)).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Try again")).to_have_count(1 if again else 0)


def test_a_text_file_is_taken_along_and_others_are_refused(page: Page, tmp_path: Path) -> None:
    good, large, binary = tmp_path / "order.txt", tmp_path / "large.txt", tmp_path / "picture.txt"
    good.write_text("Order 17, paid by card.", encoding="utf-8")
    large.write_text("x" * 300_000, encoding="utf-8")
    binary.write_bytes(b"\x89PNG\x00\xff")
    page.locator("#upload-button-input").set_input_files(large)
    expect(page.get_by_text("large.txt is larger than 200 kB")).to_be_visible()
    page.locator("#upload-button-input").set_input_files(binary)
    expect(page.get_by_text("picture.txt is not a text file")).to_be_visible()
    page.locator("#upload-button-input").set_input_files(good)
    ask(page, QUESTION)
    answered(page)
    page.reload()
    answered(page)
    expect(page.get_by_text("order.txt")).to_be_visible()


def test_a_guest_finds_the_conversation_again_and_nobody_else_does(
    page: Page, browser: Browser, server: PageServer
) -> None:
    ask(page, QUESTION)
    answered(page)
    page.get_by_role("button", name="New conversation").first.click()
    expect(page.locator("#starters")).to_be_visible()
    page.locator('[id^="thread-"]').get_by_text("How long do refunds").click()
    answered(page)
    stranger = browser.new_context()
    other = stranger.new_page()
    other.goto(page.url)
    expect(other.locator("#chat-input")).to_be_visible(timeout=15_000)
    expect(other.get_by_text(QUESTION)).to_have_count(0)
    stranger.close()


def test_somebody_with_a_password_signs_in(page: Page, server: PageServer) -> None:
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("link", name="Go on as a guest")).to_be_visible()
    page.locator("#email").fill(NAME)
    page.locator("#password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Name or password is wrong")).to_be_visible()
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#chat-input")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_have_count(0)


def test_a_guest_is_not_sent_to_the_sign_in_for_a_moment_without_answer(page: Page, server: PageServer) -> None:
    seen: list[str] = []
    page.on("framenavigated", lambda frame: seen.append(frame.url))
    page.route("**/user", lambda route: route.continue_() if f"{server.url}/login" in seen else route.abort())
    page.goto(server.url)
    for _ in range(300):
        if f"{server.url}/login" in seen:
            break
        page.wait_for_timeout(100)
    assert f"{server.url}/login" in seen

    page.wait_for_selector("#starters button:not([disabled])", timeout=30_000)
    assert page.url.rstrip("/") == server.url


def test_no_serious_accessibility_violation(page: Page, server: PageServer) -> None:
    page.wait_for_selector("#starters")
    violations = {"empty": serious(page)}
    ask(page, QUESTION)
    answered(page)
    expect(page.locator("#thread-options")).to_have_count(1)
    violations["conversation with history"] = serious(page)
    page.locator(CITATION).first.click()
    expect(page.locator("#side-view-content")).to_contain_text("14 days")
    violations["source"] = serious(page)
    page.goto(f"{server.url}/login")
    expect(page.get_by_role("link", name="Go on as a guest")).to_be_visible()
    violations["sign in"] = serious(page)
    assert not [found for where in violations.values() for found in where], violations


def test_the_page_fits_a_phone(browser: Browser, server: PageServer) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark", has_touch=True)
    page = phone.new_page()
    page.goto(server.url)
    page.wait_for_selector("#starters button:not([disabled])")
    ask(page, QUESTION)
    answered(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(CITATION).first.click()
    expect(page.locator("#side-view-content")).to_contain_text("14 days")
    assert serious(page) == []
    phone.close()


def test_a_killed_server_leaves_a_cut_answer_that_can_be_tried_again(page: Page, server: PageServer) -> None:
    ask(page, SLOW)
    expect(page.get_by_text("Refunds are paid within 14 days")).to_be_visible(timeout=15_000)
    server.stop(signal.SIGKILL)
    server.start()
    page.reload()
    expect(page.get_by_text("This answer was cut off.")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Try again").click()
    answered(page)
