"""The main job, end to end: a newcomer asks about the shipped guide, with the real small model and a hosted one."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.conftest import CHROMIUM
from tests.browser.product import HostedModel, Process, product

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

QUESTIONS = [
    ("How do I bring my own documents?", "parley ingest", "Your documents"),
    ("What happens when the hosted model is over quota?", "the local model", "What happens when the provider fails"),
    ("Where does Parley keep its data?", "PostgreSQL", "Privacy and retention"),
]
NOT_IN_THE_GUIDE = "Who won the football cup in Brazil?"
UNKNOWN = "I could not find an answer to that"
MODEL_S = 90_000
"""The small model on a busy machine."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def hosted() -> Iterator[HostedModel]:
    server = HostedModel()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("newcomer")


@pytest.fixture(scope="module")
def local(home: Path) -> Iterator[Process]:
    server = product(home)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def with_key(tmp_path_factory: pytest.TempPathFactory, hosted: HostedModel) -> Iterator[Process]:
    server = product(
        tmp_path_factory.mktemp("owner"),
        OPENAI_BASE_URL=f"{hosted.url}/v1",
        OPENAI_API_KEY="test",
        PARLEY_HOSTED__MODEL="vast",
        PARLEY_TURN__CACHE="off",  # the same questions are asked again, to be answered anew
    )
    server.start()
    yield server
    server.stop()


def opened(browser: Browser, server: Process) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(server.url)
    page.wait_for_selector("#starters button:not([disabled])")
    return page


def reopen(page: Page) -> None:
    """Load the page anew; once more, as people do, where a server that has just started is too busy to show it."""
    page.reload()
    try:
        page.wait_for_selector("#chat-input", timeout=30_000)
    except PlaywrightTimeout:
        page.reload()


def ask(page: Page, text: str) -> None:
    page.locator("#chat-input").fill(text)
    expect(page.locator("#chat-submit")).to_be_enabled()
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("question", "fact", "page_title"), QUESTIONS)
@pytest.mark.parametrize("rung", ["local", "with_key"])
def test_questions_about_the_guide_get_right_answers_with_right_sources(
    request: pytest.FixtureRequest, browser: Browser, rung: str, question: str, fact: str, page_title: str
) -> None:
    page = opened(browser, request.getfixturevalue(rung))

    ask(page, question)

    expect(page.locator('a[href^="/sources/"]').first).to_be_visible(timeout=MODEL_S)
    expect(page.locator(".ai-message").last).to_contain_text(fact)
    expect(page.locator('a[href$="#listed"]').filter(has_text=page_title).first).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("rung", ["local", "with_key"])
def test_what_the_guide_does_not_say_is_not_answered(
    request: pytest.FixtureRequest, browser: Browser, rung: str
) -> None:
    page = opened(browser, request.getfixturevalue(rung))

    ask(page, NOT_IN_THE_GUIDE)

    expect(page.get_by_text(UNKNOWN)).to_be_visible(timeout=MODEL_S)
    expect(page.locator('a[href^="/sources/"]')).to_have_count(0)
    page.context.close()


def test_over_quota_between_two_messages_the_local_model_answers_and_says_so(
    browser: Browser, with_key: Process, hosted: HostedModel
) -> None:
    page = opened(browser, with_key)
    first, second = QUESTIONS[0], QUESTIONS[2]
    ask(page, first[0])
    expect(page.locator('a[href$="#listed"]').first).to_be_visible(timeout=MODEL_S)
    expect(page.get_by_text("over quota, so")).to_have_count(0)

    hosted.behave("quota")
    try:
        ask(page, second[0])
        expect(page.get_by_text("The model vast is over quota, so the local model answered.")).to_be_visible(
            timeout=MODEL_S
        )
        expect(page.locator(".ai-message").last).to_contain_text(second[1])
    finally:
        hosted.behave("answer")
    page.context.close()


def test_a_killed_server_loses_nothing_and_the_cut_answer_can_be_tried_again(
    browser: Browser, with_key: Process, hosted: HostedModel
) -> None:
    page = opened(browser, with_key)
    question, fact, _ = QUESTIONS[1]
    hosted.behave("slow")
    try:
        ask(page, question)
        expect(page.locator(".ai-message").last).to_contain_text(re.compile(r"\w+ \w+ \w+"), timeout=MODEL_S)
        with_key.stop(signal.SIGKILL)
    finally:
        hosted.behave("answer")
    with_key.start()
    reopen(page)

    expect(page.get_by_text(question).last).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile("was cut off|broke off|interrupted"))).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator('a[href$="#listed"]').first).to_be_visible(timeout=MODEL_S)
    expect(page.locator(".ai-message").last).to_contain_text(fact)
    page.context.close()
