"""An answer's text as the page shows it: citations that can be clicked, its sources, a notice, how it ended."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol


class Cited(Protocol):
    """A source as it streams, or as it was stored."""

    @property
    def number(self) -> int:
        """What the answer cites it as."""
        ...

    @property
    def title(self) -> str:
        """Of the document."""
        ...

    @property
    def heading(self) -> str:
        """Of the passage."""
        ...


ENDINGS: Mapping[str, str] = {
    "open": "This answer is still being written. Open the conversation again in a moment.",
    "stopped": "You stopped this answer.",
    "cut": "This answer was cut off.",
    "failed": "This answer failed.",
}
RETRYABLE = frozenset({"stopped", "cut", "failed"})

_CITATION = re.compile(r"\[(\d{1,3})\](?!\()")
_CODE = re.compile(r"(```.*?(?:```|\Z)|(?<!\\)(?:\\\\)*`[^`\n]*`)", re.DOTALL)
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")


def source_path(answer_id: str, number: int) -> str:
    """Where a source's passage can be read."""
    return f"/sources/{answer_id}/{number}"


def source_name(source: Cited) -> str:
    """Title and heading of a source."""
    return f"{source.title} › {source.heading}" if source.heading and source.heading != source.title else source.title


def plain(text: str) -> str:
    """Text in which Markdown sees nothing special."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def shown_answer(
    answer_id: str, text: str, sources: Sequence[Cited], *, notice: str | None = None, ending: str | None = None
) -> str:
    """Return the Markdown of an answer with its sources; `notice` and `ending` stand below in small type."""
    numbers = {source.number for source in sources}

    def link(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return rf"[\[{number}\]]({source_path(answer_id, number)})" if number in numbers else match.group()

    pieces = [part if at % 2 else _CITATION.sub(link, part) for at, part in enumerate(_CODE.split(text))]
    blocks = ["".join(pieces)]
    if sources:
        blocks.append(
            "\n".join(
                f"- [{source.number} · {plain(source_name(source))}]({source_path(answer_id, source.number)}#listed)"
                for source in sources
            )
        )
    blocks += [f"***{plain(line)}***" for line in (notice, ending) if line]
    return "\n\n".join(block for block in blocks if block.strip())
