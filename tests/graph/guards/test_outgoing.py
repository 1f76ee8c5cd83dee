"""What a visitor is shown is clean, however the stream is cut, and as another parser of Markdown reads it."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from graph.guards.links import Hosts, host_of
from graph.guards.outgoing import Outgoing, cleaned

HOSTS = Hosts(["good.example", "*.wide.example", "ported.example:8443"])
READER = MarkdownIt("commonmark", {"html": True}).enable("table")
EVIL = "https://evil.example/?q=secret"
PIECES = [
    "[", "]", "(", ")", "!", "<", ">", "`", "``", "```", "~~~", "\\", "&", ";", ":", "\n", "\n\n", " ", "   ", "    ",
    "- ", "> ", "1. ", "|", "\n| a | b |\n|---|---|\n| ", "#", "a", "http", "https:", "//", "/", "www.", "\r", "\t",
    "&#58;", "&lt;", "&amp;", "&#104;", "&nbsp;", "'", '"', "*", "_", "~", "@", "\u202e", "\U000e0041",
    "evil.example", "good.example", EVIL, "https://good.example", "https://good.example/a_(b)?c", "[1]", "[EMAIL_1]",
    f"![x]({EVIL})", f"[x]({EVIL})", f"<{EVIL}>", f"[x]: {EVIL}", "[x][x]", "![x](https://good.example/i.png)",
    "<img src=https://evil.example/>", "[x](javascript:alert(1))", "![x](data:image/png;base64,AA)", "//evil.example/",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def tokens(text: str) -> list[Token]:
    """Every token that markdown-it makes of a text, with those inside others."""

    def inside(found: list[Token]) -> list[Token]:
        return [each for token in found for each in [token, *inside(token.children or [])]]

    return inside(READER.parse(text))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Plain words, 1 < 2 & 3 > 2 [1].", "Plain words, 1 < 2 & 3 > 2 [1]."),
        ("See [the page](https://good.example/a).", "See [the page](https://good.example/a)."),
        ('See [it](<https://good.example/a> "t").', "See [it](https://good.example/a)."),
        ("At https://good.example.", "At https://good.example/."),
        ("<https://a.wide.example/x> or www.a.wide.example/y", "https://a.wide.example/x or www.a.wide.example/y"),
        ("At https://wide.example/x", "At `https://wide.example/x`"),
        ("At https://ported.example:8443/x", "At https://ported.example:8443/x"),
        ("At https://good.example:8443/x", "At `https://good.example:8443/x`"),
        (f"See [the page]({EVIL}).", f"See the page (`{EVIL}`)."),
        (f"See {EVIL}, [1]", f"See `{EVIL}`, [1]"),
        ("![cat](https://good.example/cat.png?q=secret)", "![cat](https://good.example/cat.png)"),
        (f"![cat]({EVIL})", "[cat]"),
        ("[go](javascript:alert(1))", "[go]"),
        ("![p](data:image/png;base64,AA)", "[p]"),
        ("[1](https://evil.example/)", "[1] (`https://evil.example/`)"),
        (f"[x]: {EVIL}", f"[x] : `{EVIL}`"),
        ("As [1]: they do.", "As [1]: they do."),
        (f"[![a]({EVIL})](https://good.example/)", "[[a]] (https://good.example/)"),
        ("<b>Bold</b> &lt;i&gt; &copy; &quot;", '‹b›Bold‹/b› ‹i› © "'),
        ("Take `<b>` and `https://evil.example/`.", "Take `<b>` and `https://evil.example/`."),
        ("A ` alone, ``two `` ends", "A ' alone, `two ` ends"),
        ("```html\n<b>https://evil.example</b>\n```\nx", "```html\n<b>https://evil.example</b>\n```\nx"),
        ("~~~ sh x\na\n~~~\n", "```sh\na\n```\n"),
        ("1. Do:\n   ```\n   a\n<b>\n", "1. Do:\n   ```\n   a\n   ```\n‹b›\n"),
        ("https://good.example\\@evil.example", "https://good.example/\\@evil.example"),
        ("https://good.example@evil.example", "`https://good.example@evil.example`"),
        ("https&#58;//evil.example https\\://evil.example", "https\ufffd//evil.example https\\\\://evil.example"),
        ("htt[p](x)s://evil.example", "htt[p]s://evil.example"),
        ("Write to [EMAIL_1], look!", "Write to [EMAIL_1], look!"),
        ("Great![1]", "Great! [1]"),
    ],
)  # fmt: skip
def test_what_is_shown(written: str, shown: str) -> None:
    assert cleaned(written, HOSTS) == shown


@given(HOSTILE, st.data())
@example(f"![x]({EVIL})`a`\n```\n<b>\n```\n[x]: {EVIL}", None)
def test_any_cutting_of_a_stream_is_cleaned_like_the_whole(text: str, data: st.DataObject | None) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8)) if data else range(len(text))
    outgoing = Outgoing(HOSTS)
    shown = "".join(outgoing.feed(text[a:b]) for a, b in pairwise(sorted([0, *cuts, len(text)])))

    assert shown + outgoing.flush() == cleaned(text, HOSTS)


@given(HOSTILE)
def test_every_single_cut_of_a_stream(text: str) -> None:
    whole = cleaned(text, HOSTS)
    for cut in range(len(text) + 1):
        outgoing = Outgoing(HOSTS)
        assert outgoing.feed(text[:cut]) + outgoing.feed(text[cut:]) + outgoing.flush() == whole


@given(HOSTILE)
def test_another_reader_finds_no_html_and_no_way_elsewhere(text: str) -> None:
    for token in tokens(cleaned(text, HOSTS)):
        assert token.type not in {"html_inline", "html_block"}, token
        if token.type in {"link_open", "image"}:
            address = str(token.attrs.get("href") or token.attrs.get("src"))
            host = host_of(address) or ""
            assert host in {"good.example", "ported.example:8443"} or host.endswith(".wide.example"), token
            assert token.type != "image" or "?" not in address
        if token.type == "text":
            for scheme, name in re.findall(r"(https?://|ftp://|www\.)([^\s<]*)", token.content, re.IGNORECASE):
                assert scheme.lower() != "ftp://", token
                assert re.match(r"(good\.example|ported\.example:8443|\w+\.wide\.example)/", name), token


@given(HOSTILE)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    once = cleaned(text, HOSTS)
    assert cleaned(once, HOSTS) == once


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "Zs"), exclude_characters="`~<>&\\[]!"), max_size=200))
def test_words_pass(text: str) -> None:
    assert "//" in text or "www" in text.lower() or cleaned(text, HOSTS) == text


def test_a_stream_waits_only_for_what_may_become_a_link() -> None:
    outgoing = Outgoing(HOSTS)
    fed = [outgoing.feed(piece) for piece in ["Look", " at [1", "], wit", "h [a](https://good", ".example/) and", " h"]]
    assert fed == ["Look", " at ", "[1], wit", "h ", "[a](https://good.example/) and", " "]
    assert outgoing.flush() == "h"


@pytest.mark.parametrize(
    "evil", ["`" * 5000, "[" * 5000, "![" * 3000, "[a](" * 2000, "<" * 5000, "&" * 5000, "~" * 5000]
)
def test_long_runs_of_marks_end(evil: str) -> None:
    assert cleaned(evil, HOSTS)


def test_hosts_of_pages() -> None:
    assert host_of("https://Docs.example:443/a") == "docs.example"
    assert host_of("http://docs.example:8080") == "docs.example:8080"
    assert [host_of(each) for each in ("guide/a.md", "mailto:a@b.example", "https://[", "https://a:b")] == [None] * 4
