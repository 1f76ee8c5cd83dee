"""Cleans what a visitor is shown, while it streams: no HTML, and links and images only to hosts that are allowed.

An image's address is fetched by whoever shows the answer, so an injected instruction could carry a conversation away
in it. Renderers of Markdown differ, and an attack hides between two readings. Therefore what comes out is written so
that all of them agree: code stands in single backticks on one line or between fences of three, links are of one form,
and nothing else reads as a link. Nothing is deleted between two characters, or they might become something together.
"""

import html
import re
from collections.abc import Callable

from graph.guards.links import CHARACTERS, Hosts

LABEL_CHARS = 300
ADDRESS_CHARS = 2000
CODE_CHARS = 1000
"""What is longer is no link and no code. So much is held back at most, or the rest of a line."""

DELETED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
"""Control characters, marks that turn the direction of letters around, and letters that nobody sees."""
_URL = re.compile(rf"(?:https?://|ftp://|www\.)([{CHARACTERS}]{{0,{ADDRESS_CHARS}}})", re.IGNORECASE)
_URL_END = re.compile(r"[.,;:?]+\Z")
_BEGUN = re.compile(r"(?:h(?:t(?:t(?:p(?:s?(?::/?)?)?)?)?)?|f(?:t(?:p(?::/?)?)?)?|w(?:ww?)?)\Z", re.IGNORECASE)
_SPECIAL = re.compile(r"[\n`~<>&\\\[\]!]|https?://|ftp://|www\.", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{0,31});")
_ENTITY_BEGUN = re.compile(r"&(?:#?[A-Za-z0-9]{0,32})\Z")
_READABLE = {"<": "‹", ">": "›", '"': '"', "'": "'"}
_LABEL = re.compile(rf"\[((?:[^\[\]\\\n]|\\[^\n]){{0,{LABEL_CHARS}}})\]")
_LABEL_BEGUN = re.compile(rf"\[(?:[^\[\]\\\n]|\\[^\n]){{0,{LABEL_CHARS}}}\\?\Z")
_TARGET = re.compile(
    rf"\([ \t]*<?((?:[^\s()<>]|\([^\s()<>]*\)){{0,{ADDRESS_CHARS}}})>?"
    r"(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*\)"
)
_NO_TARGET = re.compile(r"\([ \t]*<?[^\s<>]*>?[ \t]+[^\s\"'()]|\([^\n]*\n")
_ANGLED = re.compile(rf"<((?:https?://|www\.)[{CHARACTERS}]{{0,{ADDRESS_CHARS}}})>", re.IGNORECASE)
_ANGLED_BEGUN = re.compile(
    rf"<(?:(?:https?://|www\.)[{CHARACTERS}]{{0,{ADDRESS_CHARS}}}|{_BEGUN.pattern[:-2]})?\Z", re.IGNORECASE
)
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*([^`\n]*)(\n|\Z)")
_FENCE_BEGUN = re.compile(r" {0,3}(?:`{0,2}|~{0,2}|`{3,}[^`\n]*|~{3,}[^`\n]*)\Z")
_FENCE_LINE = re.compile(r"[ \t]*(?:`{3,}|~{3,})[ \t]*")
_LANGUAGE = re.compile(r"[\w+#.-]{1,20}")
_TOKEN = re.compile(r"\d{1,3}|[A-Za-z_]+_\d+")
"""What stands in brackets elsewhere: the number of a source, the pseudonym of a value."""
_APART = frozenset({"", " ", "\n", "(", '"', "*", "_"})
"""After these a word joins nothing."""
_CONTAINER = re.compile(r"[\s>*+\-\d.)]*")
_TOO_LONG = ADDRESS_CHARS + 300

_Unit = tuple[int, str] | None
"""How many characters were read, and what they become; None while that depends on what comes next."""


class Outgoing:
    """Cleans a stream. What comes out, joined, is the same however the stream was cut."""

    def __init__(self, hosts: Hosts, *, inline: bool = False) -> None:
        """`inline`: the text stands within a line, so that its beginning opens no block."""
        self._hosts = hosts
        self._held = ""
        self._out: list[str] = []
        self._last = ""
        self._fence: tuple[int, str] | None = None
        self._at_start, self._bare, self._defines = not inline, True, False
        self._angles = self._open = 0
        self._units: dict[str, Callable[[str, bool], _Unit]] = {
            "`": self._code,
            "~": self._tildes,
            "<": self._angle,
            ">": self._closing_angle,
            "&": self._entity,
            "\\": self._escape,
            "[": self._bracket,
            "!": self._bracket,
            "]": lambda _text, _final: (1, "]"),
        }

    def feed(self, piece: str) -> str:
        """Take a piece and return what is certain."""
        return self._read(self._held + DELETED.sub("", piece), final=False)

    def flush(self) -> str:
        """Return what was held back. The stream has ended."""
        text = self._read(self._held, final=True)
        if self._fence:
            text += f"{'' if self._at_start else chr(10)}{' ' * self._fence[0]}```"
        return text

    def _read(self, text: str, *, final: bool) -> str:
        self._out = []
        at = 0
        while at < len(text):
            unit = self._line_of_code(text[at:], final) if self._fence else self._next(text, at, final)
            if unit is None:
                break
            at += unit[0]
        self._held = text[at:]
        return "".join(self._out)

    def _next(self, text: str, at: int, final: bool) -> _Unit:
        """Read one unit at `at` and put out what it becomes."""
        if self._at_start and text[at] in " `~":
            opened = self._opening(text[at:], final)
            if opened is None or opened[0]:
                return opened
        found = _SPECIAL.search(text, at)
        end = found.start() if found else len(text)
        if not found and not final and (begun := _BEGUN.search(text, at)):
            end = begun.start()
        if end > at:
            self._put(text[at:end])
            return end - at, ""
        if not found:
            return None
        if text[at] == "\n":
            self._out.append("\n")
            self._last = "\n"
            self._new_line()
            return 1, ""
        unit = self._units.get(text[at], self._url)(text[at : at + _TOO_LONG + 3 * LABEL_CHARS], final)
        if unit is not None:
            self._put(unit[1])
        return unit

    def _put(self, text: str) -> None:
        """Put out text of one line, apart from what it would join into a link, an image or a definition of one."""
        if not text:
            return
        joint = self._last[-1:] + text[0]
        if joint in {"](", "![", "``", "\\`"} or (joint == "]:" and self._defines):
            text = f" {text}"
        self._out.append(text)
        self._last = (self._last + text)[-2:]
        self._at_start = False
        for bracket in re.findall(r"[^][]+|[][]", text):
            if bracket == "[":
                self._open += 1
            elif bracket == "]":
                # What begins a line in brackets, or ends brackets that an earlier line began, may define a link.
                self._defines = self._bare or self._open == 0
                self._open, self._bare = max(0, self._open - 1), False
            elif self._open == 0 and not _CONTAINER.fullmatch(bracket):
                self._bare = False

    def _new_line(self) -> None:
        self._at_start, self._bare, self._defines = True, True, False
        self._angles = self._open = 0

    def _opening(self, text: str, final: bool) -> _Unit:
        """The line that opens a block of code; nothing is read if it is none."""
        found = _FENCE.match(text)
        if found and (found[4] or final):
            language = _LANGUAGE.match(found[3])
            self._out.append(f"{found[1]}```{language[0] if language else ''}\n")
            self._fence = len(found[1]), found[2][0]
            self._new_line()
            return found.end(), ""
        return None if not final and _FENCE_BEGUN.match(text) else (0, "")

    def _line_of_code(self, text: str, final: bool) -> _Unit:
        """A line within a block of code. One with less indentation than the block ends it, as in lists."""
        assert self._fence is not None  # noqa: S101 - asked before
        line, newline, _ = text.partition("\n")
        if not newline and not final:
            return None
        indent, mark = self._fence
        closed = _FENCE_LINE.fullmatch(line) and (mark == "~" or "`" in line)
        if closed or (line.strip() and line[:indent].strip(" ")):
            self._fence = None
            self._out.append(f"{' ' * indent}```")
            self._last = "`"
            self._at_start = False
            if not closed:
                self._out.append("\n")
                self._new_line()
                return 0, ""
            return len(line), ""
        self._out.append(line + newline)
        self._new_line()
        self._at_start = bool(newline)
        return len(line) + len(newline), ""

    def _code(self, text: str, final: bool) -> _Unit:
        """Code within a line; backticks that enclose nothing readable become apostrophes."""
        run = re.match("`+", text)
        assert run is not None  # noqa: S101 - it begins with one
        line, newline, _ = text[run.end() : run.end() + CODE_CHARS].partition("\n")
        inner, closing, after = line.partition("`")
        complete = final or newline or len(line) == CODE_CHARS
        if not closing:
            return (run.end(), "'") if complete else None
        end = re.match("`*", after)
        assert end is not None  # noqa: S101 - matches anything
        if end.end() == len(after) and not complete:
            return None
        if end.end() + 1 != len(run[0]) or "|" in inner or not inner.strip():
            return run.end(), "'"
        return len(run[0]) * 2 + len(inner), f"`{inner}`"

    def _tildes(self, _text: str, _final: bool) -> _Unit:
        return 1, "" if self._last == "~~" else "~"

    def _angle(self, text: str, final: bool) -> _Unit:
        if angled := _ANGLED.match(text):
            return angled.end(), self._address(angled[1])
        if not final and _ANGLED_BEGUN.match(text):
            return None
        if len(text) > 1 and re.match(r"[A-Za-z/!?\[\\]", text[1]):  # in brackets a value may stand
            self._angles += 1
            return 1, "‹"
        return 1, "<"

    def _closing_angle(self, text: str, final: bool) -> _Unit:
        if self._angles:
            self._angles -= 1
            return 1, "›"
        return 1, ">"

    def _entity(self, text: str, final: bool) -> _Unit:
        """A character written by its name or number, as itself; one that could be part of an address, as a sign."""
        found = _ENTITY.match(text)
        if not found:
            return None if not final and _ENTITY_BEGUN.match(text) else (1, "&")
        meant = html.unescape(found[0])
        if meant == found[0]:
            return 1, "&"
        if meant == "&":
            after = text[found.end() :]
            if not final and not after:
                return None
            return found.end(), "& " if re.match(r"[#A-Za-z]", after) else "&"
        safe = DELETED.sub("\ufffd", meant)
        return found.end(), "".join(_READABLE.get(x, "\ufffd" if x.isascii() else x) for x in safe)

    def _escape(self, text: str, final: bool) -> _Unit:
        if len(text) < 2:
            return (1, "\\") if final else None
        following = text[1]
        if following == "`":
            return 1, ""  # an apostrophe or code follows
        if following == "<":
            return 1, ""  # a sign like it follows
        if following in ":/" or (following == "." and self._last.lower().endswith("w")):
            return 2, f"\\\\{following}"
        if re.match(r"[!-/:-@\[-`{-~]", following):
            return 2, text[:2]
        return 1, "\\"

    def _bracket(self, text: str, final: bool) -> _Unit:
        """A link or an image; or only a bracket, after which reading goes on."""
        image = text[0] == "!"
        if image and (len(text) == 1 or text[1] != "["):
            return (1, "!") if final or len(text) > 1 else None
        inside = text[1:] if image else text
        alone = 1 + image, "! [" if image else "["
        label = _LABEL.match(inside)
        if label is None:
            return None if not final and _LABEL_BEGUN.match(inside) else alone
        rest = inside[label.end() :]
        if not rest:
            return alone if final else None
        if rest[0] != "(":
            return alone
        target = _TARGET.match(rest[:_TOO_LONG])
        if target is None:
            open_ = not final and len(rest) < _TOO_LONG and not _NO_TARGET.match(rest)
            return None if open_ else alone
        read = int(image) + label.end() + target.end()
        address, inner = target[1], Outgoing(self._hosts, inline=True)
        words = inner.feed(label[1]) + inner.flush() or "…"
        allowed = (self._hosts.image if image else self._hosts.link)(address)
        if allowed and not allowed.startswith("www."):
            return read, f"{'!' * image}[{words}]({allowed})"
        shown = _URL.match(address)
        if image or shown is None:
            return read, f"[{words}]"
        bare = self._last[-1:] in _APART and not _TOKEN.fullmatch(words)
        return read, f"{words if bare else f'[{words}]'} (`{shown[0]}`)"

    def _url(self, text: str, final: bool) -> _Unit:
        found = _URL.match(text)
        assert found is not None  # noqa: S101 - `_SPECIAL` saw its beginning
        if found.end() == len(text) and not final and len(found[1]) < ADDRESS_CHARS:
            return None
        address = _URL_END.sub("", found[0])
        return len(address), self._address(address)

    def _address(self, address: str) -> str:
        """An address in running text: as code, which nothing makes a link, unless it is allowed."""
        return self._hosts.link(address) or f"`{address}`"


def cleaned(text: str, hosts: Hosts) -> str:
    """A whole text as `Outgoing` puts it out."""
    outgoing = Outgoing(hosts)
    return outgoing.feed(text) + outgoing.flush()
