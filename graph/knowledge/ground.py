"""Whether an answer is supported by the passages it was made from, sentence by sentence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from graph.context import Encoder, Passage
from graph.knowledge.sentences import pieces, sentences
from graph.knowledge.words import content_words, coverage, figures, negated

SAME_MEANING = 0.62
"""Cosine from which a sentence says what a piece of a passage says."""
SAME_WORDS = 0.7
"""Share of a sentence's content words that make it a rewording of a passage."""
FEW_WORDS = 3
"""A sentence with fewer content words ("Sure, here is how:") claims nothing."""

_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*+])\s+")
_CITATION = re.compile(r"\s*\[(\d{1,2})\]")


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of an answer: whether it may be said, and the number of the passage that supports it best."""

    text: str
    supported: bool
    number: int | None
    reason: str = ""


def cited(text: str) -> list[int]:
    """Numbers of the passages that a text cites, in the order of their first mention."""
    return list(dict.fromkeys(int(number) for number in _CITATION.findall(text)))


def without_citations(text: str) -> str:
    """The text without its `[1]` marks."""
    return _CITATION.sub("", text)


def check(answer: str, question: str, passages: Sequence[Passage], encoder: Encoder) -> list[list[Checked]]:
    """Hold every sentence of an answer against the passages; one inner list for each line of the answer.

    A sentence is supported when a passage says the same in meaning or in words, has its figures, and does not deny
    what the sentence affirms. Blocks: call it in a thread.
    """
    lines = [_split(line) for line in _lines(answer)]
    claims = [sentence for line in lines for sentence in line]
    sources = [(number, piece.text) for number, p in enumerate(passages, start=1) for piece in pieces(p.text)]
    if not claims or not sources:
        return [
            [Checked(sentence, not content_words(sentence), None, "no source") for sentence in line] for line in lines
        ]
    likeness = encoder.encode([without_citations(c) for c in claims]) @ encoder.encode([text for _, text in sources]).T
    verdicts = iter(
        _judge(sentence, question, passages, sources, row)
        for sentence, row in zip(claims, likeness.tolist(), strict=True)
    )
    return [[next(verdicts) for _ in line] for line in lines]


def kept(lines: Sequence[Sequence[Checked]]) -> str:
    """The answer without its unsupported sentences."""
    texts = [" ".join(checked.text for checked in line if checked.supported) for line in lines]
    text = "\n".join(text for text, line in zip(texts, lines, strict=True) if text or not line)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _judge(
    sentence: str, question: str, passages: Sequence[Passage], sources: Sequence[tuple[int, str]], row: Sequence[float]
) -> Checked:
    plain = _ITEM.sub("", without_citations(sentence))
    words = content_words(plain)
    best = max(range(len(row)), key=row.__getitem__)
    number, text = sources[best]
    if len(words) < FEW_WORDS and not figures(plain):
        return Checked(sentence, True, None)
    near = _neighbourhood(sources, best)
    overlaps = [coverage(words, passage.text) for passage in passages]
    if row[best] < SAME_MEANING and max(overlaps) < SAME_WORDS:
        return Checked(sentence, False, None, "no passage says this")
    if row[best] < SAME_MEANING:
        number = overlaps.index(max(overlaps)) + 1
        near = passages[number - 1].text
    known = figures(passages[number - 1].text) | figures(passages[number - 1].heading) | figures(question)
    if not figures(plain) <= known:
        return Checked(sentence, False, None, "a figure that no passage has")
    if row[best] >= SAME_MEANING and negated(plain) != negated(near) and negated(plain) != negated(text):
        return Checked(sentence, False, None, "the passage says the opposite")
    return Checked(sentence, True, number)


def _neighbourhood(sources: Sequence[tuple[int, str]], place: int) -> str:
    number = sources[place][0]
    return " ".join(text for at, (of, text) in enumerate(sources) if of == number and abs(at - place) <= 1)


def _lines(answer: str) -> list[str]:
    """Lines of an answer, a code block being one of them."""
    lines: list[str] = []
    fenced = False
    for line in answer.splitlines():
        if fenced:
            lines[-1] += "\n" + line
        else:
            lines.append(line)
        if line.lstrip().startswith("```"):
            fenced = not fenced
    return lines


def _split(line: str) -> list[str]:
    if line.lstrip().startswith("```"):
        return [line]
    # A mark behind the full stop belongs to the sentence before it: "… within a day. [2] Then …"
    text = re.sub(r"([.!?])\s*((?:\[\d{1,2}\]\s*)+)", lambda found: f" {found[2].strip()}{found[1]} ", line)
    indent = line[: len(line) - len(line.lstrip())]
    parts = sentences(text)
    return [indent + parts[0], *parts[1:]] if parts else []
