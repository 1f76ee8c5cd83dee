"""What a visitor does with the widget on somebody's website, in a real browser against the real server."""

import json
import time
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, Route, expect

from app.access.keys import derived_key
from tests.browser.conftest import CHROMIUM, PageServer
from tests.browser.page_server import HOST_SECRET, SECRET, STARTERS
from tests.browser.widget_actions import (
    BUTTON,
    QUESTION,
    SLOW,
    answered,
    answers,
    ask,
    field,
    focused,
    opened,
    visit,
)
from tests.browser.widget_host import HostSite

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def identity(name: str) -> str:
    return jwt.encode({"sub": name, "exp": int(time.time()) + 60}, HOST_SECRET, "HS256")


def test_an_answer_streams_and_its_sources_open(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, SLOW)
    expect(answers(page).locator(".state")).to_contain_text("…")
    expect(answers(page).locator(".prose")).to_contain_text("Refunds are paid")
    expect(answers(page).locator(".chips")).to_have_count(0)
    answered(page)
    page.get_by_role("button", name="Source 2: Refunds › What cannot be refunded").click()
    sheet = page.locator(".sheet")
    expect(sheet).to_contain_text("Anything that arrived broken is replaced at our cost.")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator(".panel")).to_be_visible()
    page.locator(".chip").first.click()
    expect(sheet).to_contain_text("back to the card that you paid with")


def test_a_suggested_question_can_be_chosen(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    page.get_by_role("button", name=STARTERS[0]).click()
    answered(page)
    expect(page.locator(".starters")).to_have_count(0)


def test_a_reload_keeps_the_conversation_the_open_panel_and_unsent_text(
    context: BrowserContext, host: HostSite
) -> None:
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)
    field(page).fill("Not sent yet")
    page.reload()
    answered(page)
    expect(page.locator(".said")).to_have_text(QUESTION)
    expect(field(page)).to_have_value("Not sent yet")
    assert focused(page) not in ("Ask a question…", "Close the chat")


def test_a_reload_in_the_middle_of_an_answer_goes_on_with_it(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, SLOW)
    expect(answers(page)).to_contain_text("Refunds are paid")
    page.reload()
    answered(page)
    expect(page.locator(".said")).to_have_count(1)


def test_earlier_conversations_are_listed_and_a_new_one_begins_empty(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, f"{QUESTION} And after which time do I have to ask again, if they do not come?")
    answered(page)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".starters")).to_be_visible()
    page.get_by_role("button", name="Earlier conversations").click()
    row = page.locator(".sheet .row").filter(has_text="How long do refunds take")
    expect(row.locator("time")).to_be_in_viewport(ratio=1)
    row.click()
    answered(page)


def test_a_stopped_answer_keeps_its_text_and_is_asked_again_in_its_place(
    context: BrowserContext, host: HostSite
) -> None:
    page = opened(context, host)
    ask(page, SLOW)
    expect(answers(page)).to_contain_text("Refunds are paid within")
    page.get_by_role("button", name="Stop the answer").click()
    expect(answers(page)).to_contain_text("You stopped this answer.")
    expect(answers(page)).to_contain_text("Refunds are paid within")
    page.get_by_role("button", name="Try again").click()
    answered(page)
    expect(answers(page)).to_have_count(1)
    expect(page.get_by_text("You stopped this answer.")).to_have_count(0)
    page.reload()
    answered(page)
    expect(answers(page)).to_have_count(1)


def test_a_failure_is_one_sentence_with_another_try(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, "Please explode now")
    expect(answers(page)).to_contain_text("Something went wrong on our side")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.reload()
    expect(answers(page)).to_contain_text("Something went wrong. Please try again.")


def test_a_lower_rung_is_told(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, "Over quota: how long do refunds take?")
    answered(page)
    expect(answers(page)).to_contain_text("desk-large is over quota, so the local model answered")


def test_a_rating_with_a_comment_is_there_after_a_reload_and_can_be_taken_back(
    context: BrowserContext, host: HostSite
) -> None:
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)
    thumb = page.get_by_role("button", name="Not helpful")
    thumb.click()
    page.get_by_role("textbox", name="Tell us more (optional)").fill("Too short for me")
    page.get_by_role("button", name="Send comment").click()
    expect(page.get_by_text("Thank you for telling us.", exact=True).first).to_be_visible()
    page.reload()
    expect(thumb).to_have_attribute("aria-pressed", "true")
    thumb.click()
    expect(thumb).to_have_attribute("aria-pressed", "false")
    page.reload()
    answered(page)
    expect(thumb).to_have_attribute("aria-pressed", "false")


def test_a_text_file_is_taken_along_and_others_are_refused(
    context: BrowserContext, host: HostSite, tmp_path: Path
) -> None:
    good, large, picture, empty = (tmp_path / name for name in ("order.txt", "large.txt", "cat.png", "empty.txt"))
    good.write_text("Order 17, paid by card.", encoding="utf-8")
    large.write_text("x" * 300_000, encoding="utf-8")
    picture.write_bytes(b"\x89PNG")
    empty.touch()
    page = opened(context, host)
    chosen = page.locator(".composer input[type=file]")
    chosen.set_input_files([large, picture, empty])
    problem = page.locator(".composer .problem")
    expect(problem).to_contain_text("large.txt is larger than 200 kB.")
    expect(problem).to_contain_text("cat.png cannot be attached.")
    expect(problem).to_contain_text("empty.txt is empty.")
    expect(page.locator(".composer .files li")).to_have_count(0)
    chosen.set_input_files(good)
    ask(page, QUESTION)
    answered(page)
    page.reload()
    expect(page.locator(".message.visitor .files")).to_have_text("order.txt")


def test_a_wish_for_a_person_is_answered_in_the_conversation(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_label("Your message (optional)").fill("My parcel is lost.")
    page.get_by_label("E-mail or phone (optional)").fill("kim@example.org")
    page.get_by_role("button", name="Ask for a person").click()
    expect(answers(page)).to_contain_text("support@example.org")
    page.reload()
    expect(page.locator(".said")).to_have_text("My parcel is lost.")
    expect(answers(page)).to_contain_text("support@example.org")


def test_an_answer_that_ends_while_the_panel_is_closed_is_counted_on_the_button(
    context: BrowserContext, host: HostSite
) -> None:
    page = opened(context, host)
    ask(page, SLOW)
    expect(answers(page)).to_contain_text("Refunds")
    page.get_by_role("button", name="Close the chat").first.click()
    expect(page.locator(f"{BUTTON} .badge")).to_have_text("1", timeout=20_000)
    expect(page.locator(BUTTON)).to_have_accessible_name("Open the chat. New messages: 1")
    page.reload()
    expect(page.locator(f"{BUTTON} .badge")).to_have_text("1")
    page.locator(BUTTON).click()
    expect(page.locator(f"{BUTTON} .badge")).to_be_hidden()
    answered(page)


def test_an_answer_that_ended_between_two_pages_is_counted_on_the_button(
    context: BrowserContext, host: HostSite
) -> None:
    page, other = opened(context, host), opened(context, host)
    ask(page, SLOW)
    expect(answers(page)).to_contain_text("Refunds")
    page.get_by_role("button", name="Close the chat").first.click()
    page.goto("about:blank")
    answered(other)
    other.close()
    page = visit(context, host)
    expect(page.locator(f"{BUTTON} .badge")).to_have_text("1")
    page.locator(BUTTON).click()
    answered(page)
    expect(page.locator(f"{BUTTON} .badge")).to_be_hidden()


def test_the_host_signs_its_visitor_in_on_every_device(
    context: BrowserContext, browser: Browser, host: HostSite
) -> None:
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)
    page.evaluate("jwt => parley.identify(jwt)", identity("pat"))
    expect(page.locator(".notice")).to_have_count(0)
    answered(page)
    page.get_by_role("button", name="Earlier conversations").click()
    row = page.locator(".sheet .row").filter(has_text="How long do refunds take")
    expect(row).to_be_visible()
    page.keyboard.press("Escape")
    answered(page)
    elsewhere = browser.new_context()
    other = visit(elsewhere, host)
    other.evaluate("jwt => { parley.identify(jwt); parley.open(); }", identity("pat"))
    other.get_by_role("button", name="Earlier conversations").click()
    expect(other.locator(".sheet .row").filter(has_text="How long do refunds take")).to_be_visible()
    other.keyboard.press("Escape")
    other.evaluate("jwt => parley.identify(jwt)", identity("robin"))
    expect(other.locator(".starters")).to_be_visible()
    other.get_by_role("button", name="Earlier conversations").click()
    expect(other.locator(".sheet")).to_contain_text("There are no earlier conversations.")
    elsewhere.close()


def test_who_the_visitor_is_may_be_said_while_the_panel_connects(
    context: BrowserContext, browser: Browser, host: HostSite
) -> None:
    elsewhere = browser.new_context()
    other = visit(elsewhere, host)
    other.evaluate("jwt => { parley.identify(jwt); parley.open(); }", identity("sam"))
    ask(other, QUESTION)
    answered(other)
    elsewhere.close()
    page = visit(context, host)
    held: list[Route] = []
    page.route("**/widget/session", lambda route: held.append(route), times=1)
    page.locator(BUTTON).click()
    expect(page.locator(".notice .dots")).to_be_visible()
    page.evaluate("jwt => parley.identify(jwt)", identity("sam"))
    held[0].continue_()
    page.get_by_role("button", name="Earlier conversations").click()
    expect(page.locator(".sheet .row").filter(has_text="How long do refunds take")).to_be_visible()


def test_a_wrong_identity_is_told_and_nobody_is_signed_in(context: BrowserContext, host: HostSite) -> None:
    page = visit(context, host)
    wrong = jwt.encode({"sub": "pat", "exp": int(time.time()) + 60}, "somebody else's secret, long enough", "HS256")
    page.evaluate("jwt => { parley.identify(jwt); parley.open(); }", wrong)
    expect(page.locator(".panel")).to_contain_text("We could not confirm who you are.")
    expect(field(page)).to_have_count(0)


def test_leaving_forgets_the_visitor(context: BrowserContext, host: HostSite) -> None:
    page = visit(context, host)
    page.evaluate("jwt => { parley.identify(jwt); parley.open(); }", identity("alex"))
    expect(field(page)).to_be_visible()
    ask(page, QUESTION)
    answered(page)
    page.evaluate("parley.identify(null)")
    expect(page.locator(".starters")).to_be_visible()
    page.get_by_role("button", name="Earlier conversations").click()
    expect(page.locator(".sheet")).to_contain_text("There are no earlier conversations.")


def test_an_expired_token_is_renewed_without_a_word(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)
    refusals: list[int] = []
    page.on("response", lambda response: refusals.append(response.status) if response.status == 401 else None)

    def expire(route: Route) -> None:
        """Put a token into the request that ran out a minute ago: the server itself must refuse it."""
        token = route.request.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, options={"verify_signature": False}) | {"exp": int(time.time()) - 60}
        old = jwt.encode(claims, derived_key(SECRET, "widget token"), "HS256")
        route.continue_(headers=route.request.headers | {"authorization": f"Bearer {old}"})

    page.route("**/widget/conversations/*/messages", expire, times=1)
    ask(page, "And how long do refunds take to be paid for broken things?")
    answered(page, 2)
    assert refusals == [401]


def test_a_page_of_an_unknown_origin_is_told(context: BrowserContext, host: HostSite) -> None:
    page = context.new_page()
    page.goto(host.unknown_url + host.page())
    page.evaluate("window.seen = []; void parley.on('error', (error) => seen.push(error.code))")
    page.locator(BUTTON).click()
    expect(page.locator(".panel")).to_contain_text("This chat is not set up for this website.")
    assert page.evaluate("seen") == ["origin_not_allowed"]


def test_an_unknown_site_is_told(context: BrowserContext, host: HostSite) -> None:
    page = visit(context, host, host.page('data-site="nowhere"'))
    page.locator(BUTTON).click()
    expect(page.locator(".panel")).to_contain_text("This chat is not set up.")


def test_commands_wait_for_the_loader_and_events_are_told(context: BrowserContext, host: HostSite) -> None:
    early = (
        "<script>window.parley = []; window.seen = [];"
        "for (const name of ['ready', 'open', 'close', 'message', 'unread'])"
        " parley.push(['on', name, (what) => seen.push([name, what?.role ?? what ?? null])]);"
        f"parley.push(['send', {json.dumps(QUESTION)}]);</script>"
    )
    page = visit(context, host, host.page(head=early))
    answered(page)
    page.evaluate("parley.toggle()")
    expect(page.locator(".panel")).to_be_hidden()
    assert page.evaluate("seen") == [
        ["ready", None],
        ["open", None],
        ["message", "visitor"],
        ["message", "assistant"],
        ["close", None],
    ]


def test_third_party_cookies_are_blocked_and_none_are_wanted(
    playwright: Playwright, host: HostSite, server: PageServer, tmp_path: Path
) -> None:
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    blocked = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
    preferences.write_text(json.dumps(blocked), encoding="utf-8")
    context = playwright.chromium.launch_persistent_context(tmp_path, executable_path=CHROMIUM, args=["--no-sandbox"])
    cookies: list[str] = []
    context.on(
        "request",
        lambda request: (
            cookies.append(request.url)
            if request.url.startswith(server.url) and "cookie" in request.all_headers()
            else None
        ),
    )
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)
    page.reload()
    answered(page)
    assert context.cookies() == []
    assert cookies == []
    context.close()
