"""What a visitor is told of a call that waits for their word, for doors without buttons and for the conversation."""

import re
import unicodedata

from graph.events import Asked
from graph.replies import said


def asking(asked: Asked, language: str) -> str:
    """The call in words: what would be done, with which values, and which of those are words of others."""
    lines = [said("confirm.ask", language, title=asked.title)]
    if asked.repeats:
        lines[0] += f" {said('confirm.repeats', language)}"
    for argument in asked.arguments:
        line = f"- {argument.name}: {_exactly(argument.value)}"
        if argument.stems == "others":
            line += f" — {said('confirm.others', language)}"
        lines.append(line)
    return "\n".join(lines)


def _exactly(text: str) -> str:
    """As code, in which Markdown changes nothing, with what cannot be seen or turns letters around written out."""
    line = "".join(_seen(letter) for letter in " ".join(text.split()))
    if not line:
        return "–"
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def _seen(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cs") else letter
