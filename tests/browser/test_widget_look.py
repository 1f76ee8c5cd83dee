"""How the widget looks and behaves for everybody: policies, sizes, languages, phones, keyboards, screen readers."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

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
    serious,
    visit,
)
from tests.browser.widget_host import HostSite

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "ar")
LOADER_BYTES, OPEN_BYTES = 5_000, 40_000


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    yield context
    context.close()


def luminance(page: Page, selector: str, what: str) -> float:
    script = """([selector, what]) => {
        const { shadowRoot } = document.querySelector("parley-widget");
        const color = getComputedStyle(shadowRoot.querySelector(selector))[what];
        const context = new OffscreenCanvas(1, 1).getContext("2d");
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }"""
    return float(page.evaluate(script, [selector, what]))


def contrast(page: Page, text: str, behind: str) -> float:
    high, low = sorted((luminance(page, text, "color"), luminance(page, behind, "backgroundColor")), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_strict_policy_of_the_host_has_nothing_to_refuse(context: BrowserContext, host: HostSite) -> None:
    context.add_init_script(
        "window.refused = []; addEventListener('securitypolicyviolation', (event) => "
        "refused.push(event.violatedDirective + ' ' + event.blockedURI));"
    )
    page = opened(context, host, host.page(strict=True))
    ask(page, QUESTION)
    answered(page)
    page.locator(".chip").first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.locator(".sheet")).to_be_visible()
    assert page.evaluate("refused") == []
    page.evaluate("document.head.append(document.createElement('style'))")
    page.evaluate("document.querySelector('style').textContent = 'p { color: red }'")
    page.wait_for_function("refused.length")  # the policy is in force


def test_sizes_and_where_everything_comes_from(context: BrowserContext, host: HostSite) -> None:
    page = context.new_page()
    came: list[Response] = []
    page.on("response", lambda response: came.append(response))
    page.goto(host.url + host.page('data-language="ar"'))
    page.locator(BUTTON).click()
    expect(field(page)).to_be_visible()
    own = [response for response in came if re.search(r"/widget\.js$|/widget/client/", response.url)]
    sizes = {response.url.rpartition("/")[2]: response.request.sizes()["responseBodySize"] for response in own}
    assert {"widget.js", "panel.js", "panel.css", "ar.js"} < sizes.keys()
    assert 0 < sizes["widget.js"] <= LOADER_BYTES
    assert sum(sizes.values()) <= OPEN_BYTES
    assert {response.url.split("/")[2] for response in came} == {
        host.url.split("/")[2],
        host.parley.split("/")[2],
    }


def test_nothing_on_the_page_moves(context: BrowserContext, host: HostSite) -> None:
    context.add_init_script(
        "window.moved = []; new PerformanceObserver((list) => { for (const entry of list.getEntries()) "
        "moved.push([entry.value, ...entry.sources.map((source) => source.node?.className || source.node?.nodeName)]); "
        "}).observe({ type: 'layout-shift', buffered: true });"
    )
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)
    page.locator(BUTTON).click()
    expect(page.locator(".panel")).to_be_hidden()
    assert page.evaluate("moved") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(context: BrowserContext, host: HostSite, language: str) -> None:
    page = opened(context, host, host.page(f'data-language="{language}"'))
    script = """async ([base, language]) => {
        const words = async (name) => (await import(`${base}/widget/client/any/words/${name}.js`)).default;
        const holes = (words) => Object.fromEntries(Object.entries(words).map(
            ([name, text]) => [name, (text.match(/\\{\\w+\\}/g) || []).sort().join()]));
        return [holes(await words("en")), holes(await words(language))];
    }"""
    english, other = page.evaluate(script, [host.parley, language])
    assert other == english
    root = page.locator("parley-widget .root")
    expect(root).to_have_attribute("lang", language)
    expect(root).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")


def test_the_language_follows_the_page_and_arabic_runs_from_right_to_left(
    context: BrowserContext, host: HostSite
) -> None:
    page = opened(context, host, host.page(language="ar"))
    ask(page, QUESTION)
    answered(page)
    expect(field(page)).to_have_attribute("placeholder", "اكتب سؤالك…")
    said, panel = (page.locator(name).bounding_box() for name in (".said", ".panel"))
    assert said is not None
    assert panel is not None
    assert said["x"] - panel["x"] < 30  # the visitor's words stand at the end of the line: left
    assert serious(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_serious_accessibility_violation_in_any_state(browser: Browser, host: HostSite, dark: bool) -> None:
    context = browser.new_context(color_scheme="dark" if dark else "light")
    page = visit(context, host)
    found = {"closed": serious(page)}
    page.locator(BUTTON).click()
    expect(page.locator(".starters")).to_be_visible()
    found["empty"] = serious(page)
    ask(page, SLOW)
    expect(answers(page)).to_contain_text("Refunds")
    found["streaming"] = serious(page)
    answered(page)
    found["answer"] = serious(page)
    page.get_by_role("button", name="Not helpful").click()
    found["rating"] = serious(page)
    page.locator(".chip").first.click()
    found["source"] = serious(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Earlier conversations").click()
    expect(page.locator(".row")).to_have_count(1)
    found["history"] = serious(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Talk to a person").click()
    found["person"] = serious(page)
    page.keyboard.press("Escape")
    ask(page, "Please explode now")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    found["failed"] = serious(page)
    context.set_offline(True)
    expect(page.locator(".status")).to_be_visible()
    found["offline"] = serious(page)
    assert {state: problems for state, problems in found.items() if problems} == {}
    context.close()


def test_everything_by_keyboard_and_focus_comes_back(context: BrowserContext, host: HostSite) -> None:
    page = visit(context, host)
    page.keyboard.press("Tab")
    assert focused(page) == "More"
    page.keyboard.press("Tab")
    assert focused(page) == "Open the chat"
    page.keyboard.press("Enter")
    expect(field(page)).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    answered(page)
    expect(field(page)).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if focused(page).endswith("Refunds › How long refunds take") and "Source" not in focused(page):
            break
    page.keyboard.press("Enter")
    expect(page.locator(".sheet h2")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "Back to the conversation"
    page.keyboard.press("Enter")
    expect(page.locator(".chip").first).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "Close the chat"  # the button, where the panel ends
    page.keyboard.press("Escape")
    expect(page.locator(".chip").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    assert focused(page) == "Open the chat"


def test_a_page_that_opens_the_panel_gets_its_focus_back(context: BrowserContext, host: HostSite) -> None:
    page = visit(context, host)
    page.get_by_role("link", name="More").focus()
    page.evaluate("parley.open()")
    expect(field(page)).to_be_focused()
    page.keyboard.press("Escape")
    assert focused(page) == "More"


def test_shortcuts_of_the_page_do_not_hear_what_is_typed(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    page.evaluate("window.heard = []; addEventListener('keydown', (event) => { heard.push(event.key); })")
    field(page).press("s")
    expect(field(page)).to_have_value("s")
    assert page.evaluate("heard") == []


def test_a_screen_reader_hears_whole_sentences(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    page.evaluate("""() => {
        window.told = [];
        const region = document.querySelector("parley-widget").shadowRoot.querySelector(".unseen");
        new MutationObserver((changes) => changes.forEach(({ addedNodes }) =>
            addedNodes.forEach((node) => told.push(node.textContent)))).observe(region, { childList: true });
    }""")
    ask(page, SLOW)
    answered(page)
    assert page.evaluate("told") == [
        "Refunds are paid within 14 days of your request.",
        "They go back to the card that you paid with.",
        "Opened software and gift cards cannot be refunded.",
        "Sources: 2",
    ]


def test_on_a_phone_the_panel_is_the_page(phone: BrowserContext, host: HostSite) -> None:
    page = visit(phone, host)
    page.locator(BUTTON).tap()
    expect(field(page)).to_be_visible()
    expect(field(page)).not_to_be_focused()  # no keyboard before anything was read
    page.locator(".panel").evaluate("panel => Promise.all(panel.getAnimations().map(({ finished }) => finished))")
    assert page.locator(".panel").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 780}
    ask(page, QUESTION)
    answered(page)
    for _ in range(25):
        page.keyboard.press("Tab")
        assert focused(page) != "More"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious(page) == []
    page.reload()
    expect(page.locator(BUTTON)).to_be_visible()
    expect(page.locator(".panel")).to_be_hidden()  # only the visitor covers the page


def test_the_keyboard_of_a_phone_does_not_cover_the_field(phone: BrowserContext, host: HostSite) -> None:
    page = visit(phone, host)
    page.locator(BUTTON).tap()
    expect(field(page)).to_be_visible()
    page.evaluate("""() => {
        Object.defineProperty(visualViewport, "height", { value: 420, configurable: true });
        visualViewport.dispatchEvent(new Event("resize"));
    }""")
    box = page.locator(".composer").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 420


def test_at_twice_the_size_everything_can_be_reached(browser: Browser, host: HostSite) -> None:
    context = browser.new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2)  # 1280 by 800 at 200 %
    page = opened(context, host)
    ask(page, QUESTION)
    answered(page)
    for name in ("Close the chat", "Earlier conversations", "Talk to a person"):
        expect(page.get_by_role("button", name=name).first).to_be_in_viewport()
    expect(field(page)).to_be_in_viewport()
    assert page.locator(".scroller").evaluate("({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth")
    context.close()


def test_the_newest_stay_in_sight_unless_the_visitor_scrolls_up(browser: Browser, host: HostSite) -> None:
    context = browser.new_context(viewport={"width": 900, "height": 520})
    page = opened(context, host)
    latest = page.get_by_role("button", name="To the latest message")
    for count in (1, 2):
        ask(page, QUESTION)
        answered(page, count)
        expect(answers(page).last.locator(".tools")).to_be_in_viewport(ratio=1)
        expect(latest).to_be_hidden()
    page.locator(".scroller").hover()
    page.mouse.wheel(0, -2000)
    expect(page.locator(".said").first).to_be_in_viewport(ratio=1)
    expect(latest).to_be_in_viewport(ratio=1)
    scroller, button = (page.locator(name).bounding_box() for name in (".scroller", ".latest"))
    assert scroller is not None
    assert button is not None
    assert button["y"] > scroller["y"] + scroller["height"] / 2
    latest.click()
    expect(answers(page).last.locator(".tools")).to_be_in_viewport(ratio=1)
    assert focused(page) == "Messages"
    context.close()


def test_a_window_that_becomes_small_keeps_text_and_focus(context: BrowserContext, host: HostSite) -> None:
    page = opened(context, host)
    field(page).fill("Half a sent")
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.locator(".panel:modal")).to_be_visible()
    expect(field(page)).to_be_focused()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator(".panel:modal")).to_have_count(0)
    expect(field(page)).to_have_value("Half a sent")
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()


@pytest.mark.parametrize("accent", ["#ffd60a", "#111111", "#767676", "#e5007d", "oklch(0.75 0.15 200)"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_any_accent_can_be_read(context: BrowserContext, host: HostSite, accent: str, scheme: str) -> None:
    page = opened(context, host, host.page(f'data-accent="{accent}" data-scheme="{scheme}"'))
    ask(page, QUESTION)
    answered(page)
    assert contrast(page, ".said", ".said") >= 4.5
    assert contrast(page, ".launch", ".launch") >= 4.5
    assert contrast(page, ".chip b", ".panel") >= 4.5
    assert contrast(page, "button.cite", "button.cite") >= 4.5
    assert contrast(page, ".chip", ".panel") >= 4.5


def test_the_page_may_set_the_look_and_its_own_rules_stay_outside(context: BrowserContext, host: HostSite) -> None:
    head = (
        "<style>html { font-size: 62.5% } * { color: red !important; letter-spacing: 9px; box-sizing: content-box }"
        " button { display: none } parley-widget { --parley-accent: rgb(0, 90, 60); --parley-width: 480px;"
        " --parley-radius: 4px; --parley-font: Georgia, serif; --parley-surface: rgb(250, 250, 240) }</style>"
    )
    page = opened(context, host, host.page('data-position="left"', head=head))
    panel = page.locator(".panel")
    expect(panel).to_have_css("width", "480px")
    expect(panel).to_have_css("border-radius", "4px")
    expect(panel).to_have_css("background-color", "rgb(250, 250, 240)")
    expect(panel).to_have_css("font-family", "Georgia, serif")
    expect(panel).to_have_css("font-size", "15px")
    expect(panel).to_have_css("letter-spacing", "normal")
    expect(page.locator(BUTTON)).to_have_css("background-color", "rgb(0, 90, 60)")
    box = panel.bounding_box()
    assert box is not None
    assert box["x"] == 20


def test_data_open_opens_without_taking_the_focus(context: BrowserContext, host: HostSite) -> None:
    page = visit(context, host, host.page("data-open"))
    expect(field(page)).to_be_visible()
    expect(field(page)).not_to_be_focused()
    page.get_by_role("button", name="Close the chat").first.click()
    expect(page.locator(".panel")).to_be_hidden()
