"""Values come back into an answer however it is cut, as text and as nothing else, and into no address."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from graph.guards.inert import in_text
from graph.guards.links import Hosts, host_of
from graph.guards.outgoing import cleaned
from graph.guards.pseudonyms import Pseudonyms
from graph.guards.restoring import Restorer, restored_answer
from tests.graph.guards.test_outgoing import PIECES as MARKS
from tests.graph.guards.test_outgoing import tokens
from tests.graph.guards.test_pseudonyms import KNOWN, PIECES

OK = "https://good.example"
HOSTS = Hosts(["good.example"])
SECRET = "kim@secret.example"
READER = MarkdownIt("commonmark", {"html": True}).enable("table")
HOSTILE = [
    "![x](https://evil.example/?d=", "![x](//evil.example/", "[x](javascript:alert(1))", "](https://evil.example/)",
    "(//evil.example/x)", "https://evil.example/?d=", "https://good.example/", "www.evil.example/", "http", "https:",
    "https:/", "//evil.example/", "://evil.example", "ww", "w.evil.example", "h", "ttps://evil.example", "<img src=",
    "img src=//evil.example/x onerror=alert(1)>", "/b>", "!--", "#58", "colon", "&#58", "&", "&lt;", "!", "[", "]", "(",
    ")", "\\", "`", "``", "```", "~~~", "_", "*a*", "|", "a|b", ": //evil.example/", "[x]: //evil.example/", "# a",
    "- a", "1. a", "> a", "---", "===", "a\n\nb", "a\n```\nb", "\u202ea", "[1]", "[EMAIL_1]",
    "x" * 1100 + "://evil.example/",
]  # fmt: skip
VALUES = {"[EMAIL_1]": SECRET} | {f"[PASSWORD_{number}]": value for number, value in enumerate(HOSTILE, 1)}
WRITTEN = [
    *VALUES, *VALUES, "[EMAIL_1]", "EMAIL_1", "PASSWORD_1", "PASSWORD_2", *MARKS, f"![x]({OK}/EMAIL_1.png)",
    f"[EMAIL_1]({OK}/)", f"[EMAIL_1]({OK}/[EMAIL_1])", f"![EMAIL_1]({OK}/x)", f"{OK}/[EMAIL_1]", "`[EMAIL_1]`",
    "`[PASSWORD_1][EMAIL_1])`",
    "ttps://evil.example", "tp://evil.example", ":", "/", ".evil.example", "p", "s", "lt;", "&",
    "```\n[PASSWORD_1]\n```\n",
]  # fmt: skip
ANSWER = st.lists(st.sampled_from(WRITTEN), max_size=10).map("".join)


def shown(text: str, values: dict[str, str] = VALUES) -> str:
    return restored_answer(cleaned(text, HOSTS), Pseudonyms(values))


@pytest.mark.parametrize(
    ("value", "answer", "page"),
    [
        ("![x](https://evil.example/?d=", "[PASSWORD_1][EMAIL_1])", "`![x](https://evil.example/?d=`[EMAIL_1])"),
        ("![x](//evil.example/", "[PASSWORD_1][EMAIL_1])", r"!\[x\](//evil.example/[EMAIL_1])"),
        ("https://evil.example/", "See [PASSWORD_1], [EMAIL_1]", f"See `https://evil.example/`, {SECRET}"),
        ("https://evil.example/", "`[PASSWORD_1][EMAIL_1]`", "`https://evil.example/[EMAIL_1]`"),
        ("", f"![x]({OK}/EMAIL_1.png)", f"![x]({OK}/EMAIL_1.png)"),
        ("", f"[EMAIL_1]({OK}/EMAIL_1)", f"[{SECRET}]({OK}/EMAIL_1)"),
        ("", f"At {OK}/[EMAIL_1] [EMAIL_1]", f"At {OK}/[EMAIL_1] {SECRET}"),
        ("a_b*c@example.org", "To [PASSWORD_1].", r"To a_b\*c@example.org."),
        ("a_b*c`d|e", "`[PASSWORD_1]`\n```\n[PASSWORD_1]\n```\n", "`a_b*c'd¦e`\n```\na_b*c'd|e\n```\n"),
        ("Kim", "`PASSWORD_1s [PASSWORD_1's]`", "`Kims Kim's`"),
        ("+44 20 7946 0958", "[PASSWORD_1] or (PASSWORD_1)", "+44 20 7946 0958 or (+44 20 7946 0958)"),
        ("12 Baker Street,\nLondon", "[PASSWORD_1]", "12 Baker Street, London"),
        ("# a", "[PASSWORD_1]", r"\# a"),
        ("1. a", "[PASSWORD_1]", r"1\. a"),
        ("ttps://evil.example", "h[PASSWORD_1]", "h`ttps://evil.example`"),
        ("http", "[PASSWORD_1]s://evil.example", "http s://evil.example"),
        ("colon", "https&[PASSWORD_1];//evil.example", "https& colon;//evil.example"),
        ("img src=x>", "<[PASSWORD_1]", "‹img src=x>"),
        ("(//evil.example)", "[x] PASSWORD_1 [x]PASSWORD_1", "[x] (//evil.example) [x] (//evil.example)"),
        ("*a*", r"x\PASSWORD_1", r"x\ \*a\*"),
        ("Kim", "<[PASSWORD_1]> ***PASSWORD_1*** _PASSWORD_1_", "‹Kim› ***Kim*** _Kim_"),
    ],
)  # fmt: skip
def test_what_is_shown(value: str, answer: str, page: str) -> None:
    assert shown(answer, {"[EMAIL_1]": SECRET, "[PASSWORD_1]": value}) == page


def test_a_stream_waits_only_for_what_may_be_a_token() -> None:
    restorer = Restorer(Pseudonyms({"[EMAIL_1]": "Anna"}))
    fed = [
        restorer.feed(piece) for piece in ["Every mail to [", "EMA", "IL_1", "] a [1] E", "nd [Email\\", "_1", "]", "."]
    ]
    assert fed == ["Every mail to ", "", "", "Anna a [1] ", "End ", "", "", "Anna."]
    assert restorer.flush() == ""


@given(st.lists(st.sampled_from([*PIECES, "(", ")", "`", "```", "\n", "www.", "://"])).map("".join), st.data())
@example("[EMAIL_1", None)
@example("[EMAIL_12] EMAIL_1", None)
def test_any_cutting_of_a_stream_restores_like_the_whole(text: str, data: st.DataObject | None) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text))))) if data else range(len(text) + 1)
    restorer = Restorer(Pseudonyms(KNOWN))
    pieces = [restorer.feed(text[start:end]) for start, end in pairwise([0, *cuts, len(text)])]

    assert "".join(pieces) + restorer.flush() == restored_answer(text, Pseudonyms(KNOWN))


@given(ANSWER)
def test_every_single_cut_of_a_hostile_answer(text: str) -> None:
    clean, pseudonyms = cleaned(text, HOSTS), Pseudonyms(VALUES)
    whole = restored_answer(clean, pseudonyms)
    for cut in range(len(clean) + 1):
        restorer = Restorer(pseudonyms)
        assert restorer.feed(clean[:cut]) + restorer.feed(clean[cut:]) + restorer.flush() == whole


@given(ANSWER)
@example("[PASSWORD_1][EMAIL_1])")
@example("`[PASSWORD_35]` [PASSWORD_1][EMAIL_1])")
def test_another_reader_finds_no_html_no_way_elsewhere_and_no_value_in_an_address(text: str) -> None:
    page = shown(text)
    found = tokens(page)
    for token in found:
        assert token.type not in {"html_inline", "html_block"}, token
        if token.type in {"link_open", "image"}:
            address = str(token.attrs.get("href") or token.attrs.get("src"))
            assert host_of(address) == "good.example", token
            assert "secret" not in address
    text_only = "".join(each.content if each.type == "text" else "\n" for each in found if each.type != "inline")
    for scheme in ("http://", "https://", "ftp://", "www."):
        for part in text_only.lower().split(scheme)[1:]:
            assert part.startswith("good.example/"), page
            assert "secret" not in part.split(" ")[0].split("\n")[0], page


@given(st.text(alphabet="ab1 .,;:-+_*[]()<>&#!|~`\\/@'\"\n", min_size=1, max_size=30))
def test_a_value_reads_as_it_was_written(value: str) -> None:
    written = in_text(value)
    assert written is not None
    if "`" in written.replace("\\`", "") or not value.strip():
        return
    read = "".join(each.content for each in tokens(f"x{written}x"[1:-1]) if each.type in {"text", "text_special"})

    assert read == " ".join(value.split())
