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
MOST_ENCODED = 2
"""Passages that a sentence is held against by meaning, unless the answer cites more."""

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

    A sentence is supported when a passage says the same in words or in meaning, has its figures, and does not deny
    what the sentence affirms. Only what the words do not settle is encoded. Blocks: call it in a thread.
    """
    lines = [_split(line) for line in _lines(answer)]
    sources = _Sources(question, passages)
    verdicts = {sentence: sources.by_words(sentence) for line in lines for sentence in line}
    open_ = [sentence for sentence, verdict in verdicts.items() if verdict is None]
    verdicts |= zip(open_, sources.by_meaning(open_, answer, encoder), strict=True)
    return [[verdict for sentence in line if (verdict := verdicts[sentence])] for line in lines]


def kept(lines: Sequence[Sequence[Checked]]) -> str:
    """The answer without its unsupported sentences."""
    texts = [" ".join(checked.text for checked in line if checked.supported) for line in lines]
    text = "\n".join(text for text, line in zip(texts, lines, strict=True) if text or not line)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


class _Sources:
    """The passages that an answer was made from."""

    def __init__(self, question: str, passages: Sequence[Passage]) -> None:
        self._question = question
        self._passages = passages
        self._pieces = [[piece.text for piece in pieces(passage.text)] for passage in passages]

    def by_words(self, sentence: str) -> Checked | None:
        """Judge a sentence that claims nothing, or that rewords a passage; None if its words do not settle it."""
        plain = _claim(sentence)
        words = content_words(plain)
        if len(words) < FEW_WORDS and not figures(plain):
            return Checked(sentence, True, None)
        shares = [coverage(words, passage.text) for passage in self._passages]
        best = max(shares, default=0.0)
        if best < SAME_WORDS:
            return None if self._passages else Checked(sentence, False, None, "no source")
        place = shares.index(best)
        near = max(self._pieces[place], key=lambda piece: coverage(words, piece), default="")
        opposed = coverage(words, near) >= SAME_WORDS and self._opposed(plain, place, near)
        return self._settled(sentence, plain, place, opposed=opposed)

    def by_meaning(self, sentences: Sequence[str], answer: str, encoder: Encoder) -> list[Checked]:
        """Judge sentences by their nearness to the pieces of the passages that the answer is most about."""
        if not sentences:
            return []
        words = content_words(without_citations(answer))
        likeliest = sorted(range(len(self._passages)), key=lambda place: -coverage(words, self._passages[place].text))
        named = [number - 1 for number in cited(answer) if 1 <= number <= len(self._passages)]
        places = list(dict.fromkeys([*named, *likeliest]))[: max(len(named), MOST_ENCODED)]
        known = [(place, piece) for place in places for piece in self._pieces[place]]
        if not known:
            return [Checked(sentence, False, None, "no source") for sentence in sentences]
        claims = encoder.encode([_claim(sentence) for sentence in sentences])
        nearness = (claims @ encoder.encode([piece for _, piece in known]).T).tolist()
        verdicts = []
        for sentence, row in zip(sentences, nearness, strict=True):
            nearest = max(range(len(row)), key=row.__getitem__)
            if row[nearest] < SAME_MEANING:
                verdicts.append(Checked(sentence, False, None, "no passage says this"))
                continue
            place, near = known[nearest]
            plain = _claim(sentence)
            verdicts.append(self._settled(sentence, plain, place, opposed=self._opposed(plain, place, near)))
        return verdicts

    def _settled(self, sentence: str, plain: str, place: int, *, opposed: bool) -> Checked:
        passage = self._passages[place]
        if not figures(plain) <= figures(f"{passage.heading} {passage.text} {self._question}"):
            return Checked(sentence, False, None, "a figure that no passage has")
        if opposed:
            return Checked(sentence, False, None, "the passage says the opposite")
        return Checked(sentence, True, place + 1)

    def _opposed(self, plain: str, place: int, near: str) -> bool:
        """Whether a claim affirms what the piece and those around it deny, or the other way round."""
        around = self._pieces[place]
        at = around.index(near)
        return negated(plain) != negated(near) and negated(plain) != negated(" ".join(around[max(0, at - 1) : at + 2]))


def _claim(sentence: str) -> str:
    return _ITEM.sub("", without_citations(sentence))


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
