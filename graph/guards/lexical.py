"""Signs of an injected instruction that can be read off the letters."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signal:
    """A sign that was found: how strong it is, in [0, 1], and what it is called before staff."""

    score: float
    reason: str


_RULES = (
    "(?:instruction|prompt|rule|guideline|directive|direction|command|programming|restriction|constraint|training"
    "|order)s?"
)
_WHOSE = (
    "(?:your|the|these|those|all|any|every|previous|prior|earlier|above|preceding|initial|original|system|of|what|my"
    "|last)"
)
_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE), Signal(score, reason))
    for score, reason, pattern in (
        (
            0.97,
            "tells the assistant to set its instructions aside",
            r"(?:^|[.!?:;,\n\"'(>]|\b(?:please|now|and|then|just|must|should you|to|so))\s{0,3}"
            r"(?:ignore|disregard|forget|override|bypass|discard|drop)\s{1,3}(?:about\s{1,3})?"
            rf"(?!(?:my|the) (?:last|previous|earlier)? ?(?:message|mail|email"
            rf"|order))(?:{_WHOSE}\s{{1,3}}){{1,4}}{_RULES}\b",
        ),
        (
            0.97,
            "tells the assistant to set aside all that was said before",
            r"(?:^|[.!?:;,\n]\s{0,3}|please )(?:ignore|disregard|forget) (?:everything|all|anything)"
            r"(?: that)?(?: (?:was|is|has been|you were|you have been|i|we))?(?: said| written| told)?(?: to you)?"
            r" (?:above|before|prior|previous|so far|until now|up to (?:here|now))",
        ),
        (
            0.95,
            "asks for the assistant's hidden instructions",
            r"\b(?:reveal|show|print|repeat|output|display|leak|dump|recite|give|tell|send|write out|what(?:'s"
            r"| is| are| was| were))\b"
            r"(?:\s{1,3}\w{1,30}){0,4}?\s{1,3}(?:your\s{1,3}(?:\w{1,30}\s{1,3}){0,2}(?:system|initial|hidden"
            r"|secret|original|internal)\s{1,3}(?:\w{1,30}\s{1,3})?"
            r"(?:prompt|instructions?|rules|message|guidelines)|your (?:whole |full |entire )?(?:system )?prompt\b)",
        ),
        (
            0.95,
            "wants the assistant to play a part without rules",
            r"\b(?:do anything now|DAN mode|developer mode (?:enabled|on|activated)|jailbr(?:eak|oken) mode"
            r"|(?:you are|act as|pretend|simulate|become|respond as)\b[^.\n]{0,80}\b(?:unrestricted|uncensored"
            r"|unfiltered|amoral"
            r"|without (?:any )?(?:rules|restrictions|limits|filters|limitations)|no (?:rules|restrictions"
            r"|limits|filters|limitations)"
            r"|free (?:from|of) (?:all |any )?(?:rules|restrictions|limits)))",
        ),
        (
            0.95,
            "asks for the text that stands before the conversation",
            r"\b(?:repeat|print|output|copy|recite|reproduce|spell out) (?:back )?(?:to me )?"
            r"(?:all |everything |exactly )?(?:(?:of )?the )?(?:text|words|content|message|prompt|lines)?\s?"
            r"(?:written |that is |that are )?(?:above|before this)\b.{0,30}?"
            r"\b(?:verbatim|word for word|starting with|beginning with|you are)\b",
        ),
        (
            0.93,
            "claims to have the system's authority",
            r"(?:^|[.!?:\n])\s{0,3}\W{0,3}(?:system|admin(?:istrator)?|developer)"
            r" (?:override|mode activated|command)\s?[:!\]-]",
        ),
        (
            0.97,
            "tells the assistant to set its instructions aside",
            r"\b(?:ignoriere?n?|vergiss|missachte|ignorez|ignore|oubliez?|ignora|olvida|dimentica|negeer|vergeet|esqueça)\s{1,3}"
            r"(?:(?:alle?|sämtliche|deine|die|toutes|tous|les|tes|vos|todas?|las|tus|tutte|le|tue|as|suas|je|de)\s{1,3}){1,3}"
            r"(?:(?:vorherigen|bisherigen|vorigen|precedenti|anteriores|vorige|eerdere)\s{1,3})?"
            r"(?:anweisungen|instruktionen|regeln|instructions|consignes|règles|instrucciones|reglas|istruzioni"
            r"|regole|instructies|regels|instruções|regras)\b",
        ),
        (
            0.93,
            "carries marks that separate roles inside a model's prompt",
            r"<\|(?:im_start|im_end|system|start_header_id|endoftext)\|?>?|\[/?INST\]|<</?SYS>>"
            r"|^#{2,} ?(?:system|new instructions?)\s{0,3}:",
        ),
    )
)

LONG_WORD_CHARS = 16
_RUN_TOGETHER = re.compile(
    r"(?:ignore|disregard|forget|override|bypass)(?:all|any|your|the|my|previous|prior|above|earlier|system){1,4}"
    r"(?:instruction|prompt|rule|guideline|command)",
    re.IGNORECASE,
)
"""What is left of a sentence whose letters stood apart, once the gaps are closed."""


def signal(text: str) -> Signal | None:
    """The strongest sign in the letters of `text`, which `plain` has made."""
    found = [signal for pattern, signal in _PATTERNS if pattern.search(text)]
    if any(_RUN_TOGETHER.search(word) for word in text.split() if len(word) > LONG_WORD_CHARS):
        found.append(Signal(0.97, "tells the assistant, letter by letter, to set its instructions aside"))
    return max(found, key=lambda each: each.score, default=None)
