"""Turn HTML into sections: headings, paragraphs, lists, code and tables, as Markdown."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from graph.knowledge.document import Block, BlockKind, Section

_SILENT = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "svg",
        "math",
        "head",
        "nav",
        "footer",
        "aside",
        "button",
        "select",
        "textarea",
        "iframe",
        "object",
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BREAKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "header",
        "blockquote",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "table",
        "tr",
        "figure",
        "figcaption",
        "details",
        "summary",
        "hr",
    ]
)
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_SPACE = re.compile(r"\s+")
_MAIN = re.compile(r"<(main|article)\b|\brole\s*=\s*[\"']?main\b", re.IGNORECASE)


def has_main(html: str) -> bool:
    """Whether a page says itself which part of it is its content."""
    return _MAIN.search(html) is not None


def read_html(html: str, *, only_main: bool) -> tuple[Section, ...]:
    """Read the sections of a page. Navigation, forms, scripts and what is hidden are left out.

    Args:
        html: the page or a part of one; broken markup is read as far as it makes sense.
        only_main: read nothing outside `<main>`, `<article>` or `role="main"`.
    """
    reader = _Reader(only_main)
    reader.feed(html)
    reader.close()
    return reader.finish()


@dataclass(slots=True)
class _Table:
    rows: list[list[str]] = field(default_factory=list)

    def markdown(self) -> str:
        width = max(len(row) for row in self.rows)
        lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in self.rows]
        return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


class _Reader(HTMLParser):
    def __init__(self, only_main: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._only_main = only_main
        self._silent = ""
        self._silent_depth = 0
        self._main = ""
        self._main_depth = 0
        self._text: list[str] = []
        self._path: dict[int, str] = {}
        self._blocks: list[Block] = []
        self._sections: list[Section] = []
        self._lists: list[int | None] = []
        self._items: list[str] = []
        self._table: _Table | None = None
        self._pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if self._silent:
            self._silent_depth += tag == self._silent
            return
        if tag in _SILENT or (("hidden" in names or names.get("aria-hidden") == "true") and tag not in _VOID):
            self._silent, self._silent_depth = tag, 1
            return
        if tag == self._main:
            self._main_depth += 1
        elif not self._main and (tag in {"main", "article"} or names.get("role") == "main"):
            self._main, self._main_depth = tag, 1
        self._open(tag, names)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            self._silent_depth -= tag == self._silent
            if not self._silent_depth:
                self._silent = ""
            return
        self._close(tag)
        if tag == self._main:
            self._main_depth -= 1
            if not self._main_depth:
                self._main = ""

    def handle_data(self, data: str) -> None:
        if not self._silent and (self._main or not self._only_main):
            self._text.append(data)

    def finish(self) -> tuple[Section, ...]:
        self._flush()
        self._end_list()
        self._end_table()
        self._end_section()
        return tuple(self._sections)

    def _open(self, tag: str, names: dict[str, str | None]) -> None:
        if tag in _HEADINGS:
            self._flush()
            if not self._table:  # a heading inside a list ends it
                self._lists.clear()
                self._end_list()
        elif tag == "pre":
            self._flush()
            self._pre = True
        elif tag in {"ul", "ol"}:
            self._flush()
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._flush()
            self._items.append("")
        elif tag == "table":
            self._flush()
            self._table = self._table or _Table()
        elif tag == "tr" and self._table:
            self._flush()
            self._table.rows.append([])
        elif tag in {"td", "th"}:
            self._flush()
            if self._table:
                self._table.rows = self._table.rows or [[]]
                self._table.rows[-1].append("")
        elif tag == "br":
            self._text.append("\n" if self._pre else " ")
        elif tag == "img":
            self.handle_data(names.get("alt") or "")
        elif tag == "code" and not self._pre:
            self.handle_data("`")
        elif tag in _BREAKS:
            self._flush()

    def _close(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._end_heading(_HEADINGS[tag])
        elif tag == "pre":
            self._flush()
            self._pre = False
        elif tag in {"ul", "ol"}:
            self._flush()
            if self._lists:
                self._lists.pop()
            if not self._lists:
                self._end_list()
        elif tag == "table":
            self._flush()
            self._end_table()
        elif tag == "code" and not self._pre:
            self.handle_data("`")
        elif tag in _BREAKS or tag in {"li", "td", "th"}:
            self._flush()

    def _flush(self) -> None:
        """End the running text: it goes to the cell, item or paragraph that it stands in."""
        raw, self._text = "".join(self._text), []
        text = raw.strip("\n") if self._pre else _SPACE.sub(" ", raw).replace("``", "").strip()
        if not text.strip():
            return
        if self._table and self._table.rows and self._table.rows[-1]:
            cell = self._table.rows[-1][-1]
            self._table.rows[-1][-1] = f"{cell} {_SPACE.sub(' ', text)}".strip().replace("|", "\\|")
        elif self._lists and self._items:
            if self._items[-1]:
                self._items[-1] += "\n" + "  " * len(self._lists) + text
            else:
                self._items[-1] = "  " * (len(self._lists) - 1) + self._marker() + text
        elif self._pre:
            self._add("code", f"```\n{text}\n```")
        else:
            self._add("text", text)

    def _marker(self) -> str:
        number = self._lists[-1]
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _end_heading(self, level: int) -> None:
        text, self._text = _SPACE.sub(" ", "".join(self._text)).strip(" ¶#"), []
        if not text:
            return
        self._end_section()
        self._path = {above: heading for above, heading in self._path.items() if above < level} | {level: text}

    def _end_list(self) -> None:
        items, self._items = [item for item in self._items if item], []
        if items:
            self._add("list", "\n".join(items))

    def _end_table(self) -> None:
        table, self._table = self._table, None
        rows = [row for row in table.rows if any(row)] if table else []
        if len(rows) == 1 or (rows and max(len(row) for row in rows) == 1):  # laid out, not tabulated
            for row in rows:
                self._add("text", " ".join(cell for cell in row if cell))
        elif rows:
            self._add("table", _Table(rows).markdown())

    def _end_section(self) -> None:
        if self._blocks:
            path = tuple(self._path[level] for level in sorted(self._path))
            self._sections.append(Section(path, tuple(self._blocks)))
            self._blocks = []

    def _add(self, kind: BlockKind, text: str) -> None:
        self._blocks.append(Block(kind, text))
