"""What the panel makes of the text of models and documents: elements of its own, never theirs."""

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import PageServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LINK = '<a href="https://example.org/" target="_blank" rel="noopener noreferrer">'
DRAW = """async ([base, text, open]) => {
    const { blocksOf, drawBlock } = await import(`${base}/widget/client/any/markdown.js`);
    const cite = (number) => {
        if (number > 2) return null;
        const element = document.createElement("cite");
        element.textContent = number;
        return element;
    };
    return blocksOf(text).map((block) => drawBlock(block, { cite, open }).outerHTML).join("");
}"""


@pytest.fixture
def blank(context: BrowserContext, server: PageServer) -> Page:
    """A page of Parley's own origin, without a policy that forbids imports."""
    page = context.new_page()
    page.route("**/blank", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.goto(f"{server.url}/blank")
    return page


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        pytest.param("One\ntwo\n\nthree", "<p>One<br>two</p><p>three</p>", id="paragraphs"),
        pytest.param(
            "**a** *b* __c__ _d_ `e*`",
            '<p><strong>a</strong> <em>b</em> <strong>c</strong> <em>d</em> <code dir="ltr">e*</code></p>',
            id="emphasis",
        ),
        pytest.param("snake_case_name 2*3*4", "<p>snake_case_name 2*3*4</p>", id="marks within words"),
        pytest.param("# One\n### Two", "<h3>One</h3><h4>Two</h4>", id="headings"),
        pytest.param("- a\n- b\n  - c", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", id="nested list"),
        pytest.param("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>', id="numbered list"),
        pytest.param("In\n2024. Yes", "<p>In<br>2024. Yes</p>", id="a year begins no list"),
        pytest.param("> a\n> b", "<blockquote><p>a<br>b</p></blockquote>", id="quote"),
        pytest.param("---", "<hr>", id="rule"),
        pytest.param("```py\n<b>&\n```", '<pre dir="ltr" tabindex="0"><code>&lt;b&gt;&amp;</code></pre>', id="code"),
        pytest.param("Soon [1]. No [3].", "<p>Soon <cite>1</cite>\u2060. No [3].</p>", id="citations"),
        pytest.param("`list[1]`", '<p><code dir="ltr">list[1]</code></p>', id="no citation in code"),
        pytest.param("[a](https://example.org)", f"<p>{LINK}a</a></p>", id="link"),
        pytest.param(
            "See https://example.org/.",
            f"<p>See {LINK}https://example.org/</a>\u2060.</p>",
            id="bare address",
        ),
        pytest.param("[a](javascript:alert(1))", "<p><span>a</span></p>", id="no script in a link"),
        pytest.param("[a](//example.org) [b](/c)", "<p><span>a</span> <span>b</span></p>", id="no path in a link"),
        pytest.param("![pixel](https://example.org/p.png)", "<p>pixel</p>", id="no picture"),
        pytest.param(
            "<img src=x onerror=alert(1)><script>1</script>",
            "<p>&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;1&lt;/script&gt;</p>",
            id="no HTML",
        ),
        pytest.param(r"\*a\* \[1\] a_b\*c \&lt; \` \# 1\.", "<p>*a* [1] a_b*c &amp;lt; ` # 1.</p>", id="escaped"),
    ],
)
def test_what_is_drawn(blank: Page, server: PageServer, text: str, drawn: str) -> None:
    assert blank.evaluate(DRAW, [server.url, text, False]) == drawn


def test_a_table(blank: Page, server: PageServer) -> None:
    drawn = blank.evaluate(DRAW, [server.url, "| a | b |\n|---|---|\n| 1 | **2** |", False])
    assert "<thead><tr><th>a</th><th>b</th></tr></thead>" in drawn
    assert "<tbody><tr><td>1</td><td><strong>2</strong></td></tr></tbody>" in drawn


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        pytest.param("It is **very", "<p>It is <strong>very</strong></p>", id="strong without an end"),
        pytest.param("It is **", "<p>It is </p>", id="strong without a beginning"),
        pytest.param("Run `make", '<p>Run <code dir="ltr">make</code></p>', id="code without an end"),
        pytest.param("See [the page](https://exam", "<p>See </p>", id="half a link"),
        pytest.param("Soon [1", "<p>Soon </p>", id="half a citation"),
        pytest.param(r"So \[a \` \*\*b", "<p>So [a ` **b</p>", id="escaped marks begin nothing"),
        pytest.param("```\na", '<pre dir="ltr" tabindex="0"><code>a</code></pre>', id="a block without an end"),
    ],
)
def test_the_end_of_a_growing_text(blank: Page, server: PageServer, text: str, drawn: str) -> None:
    assert blank.evaluate(DRAW, [server.url, text, True]) == drawn


@pytest.mark.parametrize("piece", ["**a ", "__a ", "*a ", "_a ", "[", "[a](", "![", "|"])
def test_a_long_text_without_any_sense_is_shown_as_it_was_written(blank: Page, server: PageServer, piece: str) -> None:
    text = piece * (40_000 // len(piece))
    script = f"async (given) => {{ const html = await ({DRAW})(given); return html.replace(/<[^>]*>/g, ''); }}"
    assert blank.evaluate(script, [server.url, text, False]).strip() == text.strip()
