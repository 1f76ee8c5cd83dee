"""Read Markdown: CommonMark with tables, and front matter."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from graph.knowledge.document import Block, BlockKind, ParsedDocument, Section

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FRONT_KEY = re.compile(r"^(title|url):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_ANCHOR = re.compile(r"\s*\{#[^{}]*\}\s*$")
_TAG = re.compile(r"<!--.*?(?:-->|\Z)|</?[A-Za-z][^<>]*>", re.DOTALL)
_ADMONITION = re.compile(r"^[ \t]*:::.*$", re.MULTILINE)
_KINDS: dict[str, BlockKind] = {
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
}
_URL = re.compile(r"https?://\S+\Z")


def parse_markdown(text: str, fallback_title: str) -> ParsedDocument:
    """Read a Markdown text.

    The title is the front matter's, else the first heading's if that is a top-level one with no text above it,
    else `fallback_title`. Its sections may be empty.
    """
    front, text = _split_front_matter(text.replace("\r\n", "\n"))
    lines = text.split("\n")
    title = front.get("title", "")
    path: dict[int, str] = {}
    sections: list[Section] = []
    blocks: list[Block] = []

    def close() -> None:
        if blocks:
            sections.append(Section(tuple(path[level] for level in sorted(path)), tuple(blocks)))
            blocks.clear()

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for index, token in enumerate(tokens):
        if token.level or token.map is None or token.type == "hr":
            continue
        if token.type == "heading_open":
            close()
            heading, depth = _heading_text(tokens[index + 1]), int(token.tag[1:])
            for deeper in [level for level in path if level >= depth]:
                del path[deeper]
            first = not sections and not path and depth == 1
            if first and not title:
                title = heading
            elif heading and not (first and _same(heading, title or fallback_title)):
                path[depth] = heading
        elif block := _block(token, lines[token.map[0] : token.map[1]]):
            blocks.append(block)
    close()
    url = front.get("url", "")
    return ParsedDocument(title or fallback_title, url if _URL.match(url) else None, tuple(sections))


def _split_front_matter(text: str) -> tuple[dict[str, str], str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    values = {key: value.strip("\"'").strip() for key, value in _FRONT_KEY.findall(match[1])}
    return values, text[match.end() :]


def _heading_text(inline: Token) -> str:
    words = {"softbreak": " ", "hardbreak": " ", "html_inline": ""}
    text = "".join(words.get(child.type, child.content) for child in inline.children or ())
    return _ANCHOR.sub("", text).strip()


def _block(token: Token, lines: list[str]) -> Block | None:
    kind = _KINDS.get(token.type, "text")
    text = "\n".join(lines)
    if kind == "text":
        text = _ADMONITION.sub("", text)
    if token.type == "html_block":
        text = re.sub(r"\n\s*\n+", "\n", _TAG.sub("", text))
    text = text.strip("\n") if kind == "code" else text.strip()
    return Block(kind, text) if text.strip() else None


def _same(heading: str, title: str) -> bool:
    return heading.casefold() == title.casefold()
