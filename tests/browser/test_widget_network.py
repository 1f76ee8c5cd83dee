"""The widget when the network or the server fails it, and when there are two of it."""

import re
import signal

import pytest
from playwright.sync_api import BrowserContext, Request, Route, expect

from tests.browser.conftest import PageServer
from tests.browser.widget_actions import BUTTON, QUESTION, SLOW, answered, answers, ask, field, opened, visit
from tests.browser.widget_host import HostSite, line_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_connection_that_is_cut_again_and_again_loses_and_doubles_nothing(
    context: BrowserContext, host: HostSite, server: PageServer
) -> None:
    with line_to(server.port) as line:
        page = opened(context, host, host.page(parley=line.url))
        resumed: list[Request] = []
        page.on("request", lambda request: resumed.append(request) if "/events" in request.url else None)
        ask(page, SLOW)
        for seen in ("Refunds are paid", "go back to", "Opened software"):
            expect(answers(page)).to_contain_text(seen, timeout=20_000)
            assert line.cut()
        answered(page)
        page.reload()
        answered(page)
    assert len(resumed) >= 3
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", request.headers["last-event-id"]) for request in resumed)


def test_a_message_whose_connection_broke_before_anything_came_is_asked_once(
    context: BrowserContext, host: HostSite
) -> None:
    page = opened(context, host)

    def swallow(route: Route) -> None:
        """Let the server have the message, and lose what it says."""
        route.fetch()
        route.abort("connectionreset")

    page.route("**/widget/conversations/*/messages", swallow, times=1)
    ask(page, QUESTION)
    answered(page)
    page.reload()
    answered(page)
    expect(page.locator(".said")).to_have_count(1)


def test_offline_is_told_and_what_was_sent_arrives_afterwards(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)
    context.set_offline(True)
    status = page.locator(".status")
    expect(status).to_have_text("You are offline. It goes on as soon as you are back.")
    ask(page, "And how long do refunds take to be paid for gift cards?")
    expect(answers(page)).to_have_count(2)
    context.set_offline(False)
    answered(page, 2)
    expect(status).to_be_hidden()


def test_a_message_that_was_never_sent_is_sent_after_a_reload(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)
    page.route("**/widget/conversations/*/messages", lambda route: route.abort())
    ask(page, "And how long do refunds take to be paid for gift cards?")
    expect(page.locator(".status")).to_have_text("The connection is interrupted. Trying again…")
    page.unroute("**/widget/conversations/*/messages")
    page.reload()
    answered(page, 2)
    expect(page.locator(".said").last).to_have_text("And how long do refunds take to be paid for gift cards?")


def test_a_busy_server_is_waited_for(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Retry-After",
        "Content-Type": "application/json",
    }
    refusal = '{"error": {"code": "busy", "message": "Busy."}}'
    page.route(
        "**/widget/conversations/*/messages",
        lambda route: route.fulfill(status=503, headers=headers | {"Retry-After": "2"}, body=refusal),
        times=1,
    )
    ask(page, QUESTION)
    expect(page.locator(".status")).to_have_text(re.compile(r"Many people are asking right now. Trying again in \d s."))
    answered(page)
    expect(page.locator(".status")).to_be_hidden()
    page.route(
        "**/widget/conversations/*/messages",
        lambda route: route.fulfill(status=429, headers=headers | {"Retry-After": "600"}, body=refusal),
        times=1,
    )
    ask(page, QUESTION)
    expect(answers(page).last).to_contain_text("Please try again in 10 min.")
    page.get_by_role("button", name="Try again").click()
    answered(page, 2)


def test_a_killed_server_is_waited_for_and_the_answer_comes_whole(
    context: BrowserContext, host: HostSite, server: PageServer
) -> None:
    page = opened(context, host)
    ask(page, SLOW)
    expect(answers(page)).to_contain_text("Refunds are paid within")
    server.stop(signal.SIGKILL)
    expect(page.locator(".status")).to_have_text("The connection is interrupted. Trying again…")
    server.start()
    expect(page.locator(".status")).to_be_hidden(timeout=30_000)
    answered(page)


def test_without_the_server_the_button_says_so_and_opens_later(
    context: BrowserContext, host: HostSite, server: PageServer
) -> None:
    page = visit(context, host)
    page.route("**/widget/client/**", lambda route: route.abort())
    page.route("**/widget/session", lambda route: route.abort())
    page.reload()
    page.locator(BUTTON).click()
    expect(page.locator(".failure")).to_contain_text("The chat could not be loaded.")
    page.unroute("**/widget/client/**")
    page.locator(BUTTON).click()
    expect(page.locator(".panel .status")).to_have_text("The connection is interrupted. Trying again…")
    page.unroute("**/widget/session")
    expect(field(page)).to_be_visible(timeout=20_000)


def test_a_second_tab_shows_the_message_and_follows_the_answer(context: BrowserContext, host: HostSite) -> None:
    first, second = opened(context, host), opened(context, host)
    ask(first, SLOW)
    expect(second.locator(".said")).to_have_text(SLOW)
    expect(answers(second)).to_contain_text("Refunds are paid")
    expect(second.locator(".chips")).to_have_count(0)
    answered(second)
    answered(first)
    ask(second, QUESTION)
    answered(first, 2)
    answered(second, 2)


def test_an_answer_stopped_and_asked_again_in_one_tab_is_whole_in_the_other(
    context: BrowserContext, host: HostSite
) -> None:
    first, second = opened(context, host), opened(context, host)
    ask(first, SLOW)
    expect(answers(second)).to_contain_text("Refunds are paid")
    second.get_by_role("button", name="Stop the answer").click()
    for page in (first, second):
        expect(answers(page)).to_contain_text("You stopped this answer.")
    first.get_by_role("button", name="Try again").click()
    for page in (first, second):
        answered(page)
        expect(answers(page)).to_have_count(1)


def test_a_tab_that_opens_in_the_middle_of_an_answer_follows_it_and_asks_nothing(
    context: BrowserContext, host: HostSite
) -> None:
    first = opened(context, host)
    posted: list[str] = []
    context.on("request", lambda request: posted.append(request.url) if request.url.endswith("/messages") else None)
    ask(first, SLOW)
    expect(answers(first)).to_contain_text("Refunds")
    second = opened(context, host)
    answered(second)
    answered(first)
    assert len(posted) == 1
