"""What keeps an injected instruction from acting, whatever the model makes of it.

A model that has read a text which neither its visitor nor the site's owner wrote may do what that text says. So this
rule does not ask the model, and it looks at nothing that a text can talk its way around: it knows which texts the model
had read when it called a tool, and whose they were.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

Origin = Literal["owner", "visitor", "answer", "passage", "attachment", "tool"]
"""Whose words a text is: `answer` is what the assistant said earlier, which it took from documents and tools."""
UNTRUSTED: frozenset[Origin] = frozenset({"answer", "passage", "attachment", "tool"})
"""Words that others may have put in."""
Stems = Literal["visitor", "others", "model"]
"""Where a value comes from: the visitor's own words, words of others, or neither, so that the model made it."""
Verdict = Literal["allowed", "confirm", "refused"]

_WORD = re.compile(r"[^\W_]+")
_APART = re.compile(r"(?<=\d)[\s./-]+(?=\d)")
"""What people put between the digits of one number."""
_PRECISE = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail addresses
    r"|(?:https?://|www\.)\S+"
    r"|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b"  # IBAN
    r"|\+?\d(?:[\s./-]?\d)+"  # numbers of accounts, cards, telephones
    r"|\[[A-Z_]+_\d+\]"  # pseudonyms
    r"|[$€£¥]\s?\d[\d.,]*|\d[\d.,]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Read:
    """A text that a model has read.

    Attributes:
        suspicious: whether it seems to hold instructions to the assistant.
    """

    origin: Origin
    text: str
    suspicious: bool = False

    @property
    def untrusted(self) -> bool:
        """Whether others may have put it in."""
        return self.origin in UNTRUSTED


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a call.

    Attributes:
        verdict: `allowed` at once; `confirm`: only when the visitor agrees to this very call; `refused`: not at all.
        stems: for each argument, whose words its value is. A text of several is the least trusted one's.
    """

    verdict: Verdict
    stems: dict[str, Stems]


def judge(*, changes: bool, arguments: Mapping[str, JsonValue], read: Sequence[Read]) -> Judged:
    """Whether a model may call a tool.

    A tool that changes nothing may always be called. One that does may be called at once only by a model that has read
    nothing but the owner's and the visitor's words: then nobody else can have caused the call, and no address, number
    or amount in its arguments can be anybody else's. It is refused where the model has read a text that seems to
    instruct it: there is no reason to trouble the visitor with an attacker's wish.

    Args:
        changes: whether the tool does more than look something up.
        read: all texts that the model had read when it made the call.
    """
    others = [text for text in read if text.untrusted]
    stems = {name: stems_from(value, read) for name, value in arguments.items()}
    if not changes or not others:
        return Judged("allowed", stems)
    return Judged("refused" if any(text.suspicious for text in others) else "confirm", stems)


def stems_from(value: JsonValue, read: Sequence[Read]) -> Stems:
    """Whose words a value is. It is for the visitor's eyes: what may be done does not hang on it."""
    own = [_words(text.text) for text in read if text.origin == "visitor"]
    others = [_words(text.text) for text in read if text.untrusted]
    found = {_whose(part, own, others) for leaf in _leaves(value) for part in _parts(leaf)}
    if "others" in found:
        return "others"
    return "visitor" if found == {"visitor"} else "model"


def _whose(part: str, own: Sequence[str], others: Sequence[str]) -> Stems:
    words = _words(part)
    if words.strip() and any(words in text for text in own):
        return "visitor"
    return "others" if words.strip() and any(words in text for text in others) else "model"


def _parts(text: str) -> list[str]:
    """The text as a whole, and what in it is an address, a number or an amount."""
    precise = [found[0] for found in _PRECISE.finditer(text)]
    return [text, *precise]


def _leaves(value: JsonValue) -> list[str]:
    match value:
        case dict():
            return [leaf for each in value.values() for leaf in _leaves(each)]
        case list():
            return [leaf for each in value for leaf in _leaves(each)]
        case bool() | None:
            return []
        case _:
            return [str(value)]


def _words(text: str) -> str:
    """Words in one spelling, with a space around each, so that a whole word is found and no piece of one."""
    alike = _APART.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return f" {' '.join(_WORD.findall(alike))} "
