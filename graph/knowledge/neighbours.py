"""A passage that was cut in the middle of a list or table is read with the rest of it."""

import re

_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\S|[ \t]*\|")
_INDENTED = re.compile(r"[ \t]{2,}\S")
MOST_CHARS = 1200
"""Longest rest that is read along; a longer one is cut between lines."""


def completed(text: str, following: str | None) -> str:
    """Return a passage with the rest of the list or table that it ends in.

    Args:
        text: the passage, Markdown.
        following: the next passage below the same heading; None if there is none.
    """
    if following is None:
        return text
    last = text.rstrip().rpartition("\n")[2]
    if not (_ITEM.match(last) or _INDENTED.match(last) or last.rstrip().endswith(":")):
        return text
    rest: list[str] = []
    used = 0
    for line in following.splitlines():
        used += len(line) + 1
        if used > MOST_CHARS or not (_ITEM.match(line) or (rest and _INDENTED.match(line)) or not line.strip()):
            break
        rest.append(line)
    added = "\n".join(rest).strip("\n")
    if not added.strip():
        return text
    return f"{text.rstrip()}\n{added}" if not last.rstrip().endswith(":") else f"{text.rstrip()}\n\n{added}"
