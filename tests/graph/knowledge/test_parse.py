"""Reading documents: structure kept, and what is not a document refused in a sentence."""

import pytest

from graph.knowledge.document import ParsedDocument, ParseError
from graph.knowledge.parse import parse_file, parse_record


def outline(document: ParsedDocument) -> list[tuple[str, list[str]]]:
    return [(" > ".join(section.path), [block.text for block in section.blocks]) for section in document.sections]


@pytest.mark.parametrize(
    ("text", "title", "sections"),
    [
        pytest.param("# Refunds\n\nWe pay back.", "Refunds", [("", ["We pay back."])], id="first heading is the title"),
        pytest.param("We pay back.", "My file", [("", ["We pay back."])], id="without one, the file's name"),
        pytest.param(
            "---\ntitle: 'Money back'\nurl: https://a.example/x\n---\n# Refunds\nText.",
            "Money back",
            [("Refunds", ["Text."])],
            id="front matter comes first",
        ),
        pytest.param(
            "# T\n\n## A\n\na\n\n### B\n\nb\n\n## C\n\nc",
            "T",
            [("A", ["a"]), ("A > B", ["b"]), ("C", ["c"])],
            id="headings nest",
        ),
        pytest.param(
            "Intro.\n\n# Later\n\nText.", "My file", [("", ["Intro."]), ("Later", ["Text."])], id="late title"
        ),
        pytest.param(
            "# T\n\n```sh\n# no heading\n```", "T", [("", ["```sh\n# no heading\n```"])], id="code is no heading"
        ),
        pytest.param("# T\n\n- # no\n- heading", "T", [("", ["- # no\n- heading"])], id="a list item is no heading"),
        pytest.param("# T\n\n## The `x` *way* {#way}\n\ntext", "T", [("The x way", ["text"])], id="plain headings"),
        pytest.param(
            "# T\n\n## `<script>` tag\n\ntext", "T", [("<script> tag", ["text"])], id="a tag named in a heading"
        ),
        pytest.param("# T\r\n\r\none\r\n\r\ntwo\r\n", "T", [("", ["one", "two"])], id="Windows line ends"),
        pytest.param("# T\n\n<!-- secret -->\n\n<div>seen</div>", "T", [("", ["seen"])], id="comments are dropped"),
        pytest.param("# T\n\n:::note\nMind this.\n:::", "T", [("", ["Mind this."])], id="admonition marks are dropped"),
        pytest.param("# T\n\none\n\n---\n\ntwo", "T", [("", ["one", "two"])], id="rules are dropped"),
        pytest.param("# T\n\n## A\n\n## B\n\nb", "T", [("B", ["b"])], id="an empty section is none"),
    ],
)
def test_markdown_keeps_its_structure(text: str, title: str, sections: list[tuple[str, list[str]]]) -> None:
    document = parse_file("docs/my-file.md", text.encode())

    assert document.title == title
    assert outline(document) == sections


def test_front_matter_gives_the_address_only_if_it_is_one() -> None:
    good = parse_file("a.md", b"---\nurl: https://a.example/x\n---\ntext")
    bad = parse_file("a.md", b"---\nurl: javascript:alert(1)\n---\ntext")

    assert (good.url, bad.url) == ("https://a.example/x", None)


PAGE = """<!doctype html><html lang="en"><head><meta charset="{charset}"><title>Refunds - Shop</title>
<link rel="canonical" href="https://shop.example/refunds"></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/about">About us</a></li></ul></nav>
<main><h1>Refunds</h1><p>We refund everything within 14 days, even to Zürich.</p>
<h2>How long it takes</h2><p>It takes a few days.</p><ul><li>Card: 3 days</li><li>Bank: 5 days</li></ul>
<h2>Fees</h2><table><tr><th>Plan</th><th>Fee</th></tr><tr><td>Basic</td><td>2 EUR</td></tr></table></main>
<footer>Copyright 2026 Shop</footer><script>alert("hidden")</script></body></html>"""


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_html_gives_its_main_content(charset: str) -> None:
    document = parse_file("refunds.HTML", PAGE.format(charset=charset).encode(charset))

    text = str(outline(document))
    assert (document.title, document.url) == ("Refunds", "https://shop.example/refunds")
    assert [section.path for section in document.sections] == [(), ("How long it takes",), ("Fees",)]
    assert [block.kind for block in document.sections[1].blocks] == ["text", "list"]
    assert document.sections[2].blocks[0].kind == "table"
    assert "Zürich" in text
    assert "alert" not in text
    assert "About us" not in text


def test_a_very_short_page_is_read() -> None:
    assert outline(parse_file("a.html", b"<p>Open from nine to five.</p>")) == [("", ["Open from nine to five."])]


def test_plain_text_is_cut_at_empty_lines() -> None:
    document = parse_file("opening_hours.txt", b"Mon to Fri\n9 to 5\n\n# not a heading\n")

    assert document.title == "Opening hours"
    assert outline(document) == [("", ["Mon to Fri\n9 to 5", "# not a heading"])]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        pytest.param("a.md", b"", "empty", id="empty"),
        pytest.param("a.md", b" \n\t\n", "empty", id="blank"),
        pytest.param("a.md", b"---\ntitle: x\n---\n", "no text", id="front matter only"),
        pytest.param("a.md", b"# Title only\n", "no text", id="heading only"),
        pytest.param("a.md", b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8", id="a picture"),
        pytest.param("a.md", b"text\x00more", "not text", id="zero bytes"),
        pytest.param("a.md", b"\x01\x02\x03\x04" * 20, "not text", id="control characters"),
        pytest.param("a.txt", "Grüße".encode("latin-1"), "UTF-8", id="another character set"),
        pytest.param("a.txt", b"\xff\xfea", "UTF-8", id="half a character of UTF-16"),
        pytest.param("a.html", b"no tag at all", "not HTML", id="no HTML"),
        pytest.param("a.html", b"<script>alert(1)</script>", "no text", id="a page without text"),
        pytest.param("a.exe", b"MZ", "not supported yet", id="a type that is not read"),
        pytest.param("README", b"text", "not supported yet", id="no suffix"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parse_file(name, data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_understood(encoding: str) -> None:
    assert outline(parse_file("a.txt", "Grüße".encode(encoding))) == [("", ["Grüße"])]


def test_a_record_keeps_its_own_title_and_address() -> None:
    document = parse_record("Plans", "# Plans\n\nThree of them.", "https://a.example/plans")

    assert (document.title, document.url) == ("Plans", "https://a.example/plans")
    assert outline(document) == [("", ["Three of them."])]


def test_a_record_without_text_is_refused() -> None:
    with pytest.raises(ParseError, match="no text"):
        parse_record("Plans", "# Plans", None)
