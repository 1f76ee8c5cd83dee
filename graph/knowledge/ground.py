"""Whether an answer is supported by the passages it was made from, sentence by sentence.

No model of entailment can be had without a network, so a sentence is held to what can be compared: its words, or words
like them, must stand together in one piece of a passage, near it in meaning; its figures, names, denials, bounds and
strong words ("only", "always") must be that piece's. `parley eval grounding` measures what that catches.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from graph.context import Encoder, Passage
from graph.guards.language import language_of
from graph.knowledge.claims import statements
from graph.knowledge.differences import difference
from graph.knowledge.evidence import Evidence, Piece
from graph.knowledge.figures import canonical, quantities, same_quantities
from graph.knowledge.plain import without_inner_links
from graph.knowledge.sentences import sentences
from graph.knowledge.translated import Translated
from graph.knowledge.words import content_words, coverage, figures

SUPPORT = 0.62
"""Score from which a piece says what a claim says: coverage of its words, and nearness in meaning."""
COVERAGE = 0.5
"""Share of its words that a claim must have from the piece, however near it is."""
NEARNESS_WEIGHT = 0.35
FIGURES_AGREE, MARKED = 0.08, 0.05
"""What a piece gains for having the claim's figures, and for being of the passage that the model named."""
FAR_BEHIND = 0.06
"""A piece that scores that much below the best one is about something else."""
MOST_PIECES = 4
"""Pieces, best first, among which one must agree in all that is compared exactly."""
SAME_WORDS = 0.5
"""Share of an answer's words that a passage in another language never has."""

_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*+])\s+")
_CITATION = re.compile(r"\s*\[(\d{1,2})\]")
_SAYS_NOTHING = frozenset(
    content_words(
        "sure yes okay great certainly course happy glad help hope helps hello hi thanks thank question answer "
        "following follow steps step below details information please know let further more based passages passage "
        "documentation documents according summary short here's that's"
    )
)
_VERDICT = re.compile(r"^\W*(?:yes|no|yep|nope|correct|exactly)(?:\s*[,.!:;–—-]+\s*|$)", re.IGNORECASE)
_PSEUDONYM = re.compile(r"\[[A-Z_]+_\d+\]")
_PREAMBLE = re.compile(
    r"^(?:To|In order to|If you (?:want|wish|would like|need) to|If you|When you)\s+([^,]{3,120}),\s*", re.IGNORECASE
)
"""Links within the documents lead nowhere from an answer."""
_INTO = re.compile(
    r"^\W*(?:so|then|also|additionally|however|therefore|in short|in summary|note that|please note that)\b,?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of an answer: whether it may be said, and the number of the passage that supports it best.

    A supported sentence without a number claims nothing ("Sure, here is how:").
    """

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

    Blocks: call it in a thread.
    """
    judge = _Judge(answer, question, passages, encoder)
    checked = [[judge.sentence(sentence) for sentence in _split(line)] for line in _lines(answer)]
    return _without_loose_ends(checked)


def kept(lines: Sequence[Sequence[Checked]]) -> str:
    """The answer without its unsupported sentences, each of the others followed by the mark of what supports it."""
    texts = [" ".join(_marked(checked) for checked in line if checked.supported) for line in lines]
    text = "\n".join(text for text, line in zip(texts, lines, strict=True) if text or not line)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def unsupported(lines: Sequence[Sequence[Checked]]) -> list[str]:
    """The sentences that may not be said."""
    return [without_citations(checked.text).strip() for line in lines for checked in line if not checked.supported]


def supported(lines: Sequence[Sequence[Checked]]) -> int:
    """How many sentences say something that a passage supports."""
    return sum(checked.supported and checked.number is not None for line in lines for checked in line)


class _Judge:
    def __init__(self, answer: str, question: str, passages: Sequence[Passage], encoder: Encoder) -> None:
        self._question = question
        self._passages = passages
        self._language = _language(answer, passages)
        self._evidence = Evidence(passages, encoder, self._language)
        self._translated = Translated(self._evidence, self._language, question, encoder)
        self._comparable = [piece for piece in self._evidence.pieces if piece.language == self._language]

    def sentence(self, sentence: str) -> Checked:
        """Judge one sentence of the answer."""
        plain = _INTO.sub("", _VERDICT.sub("", _claim(sentence)))
        plain = self._without_preamble(_PSEUDONYM.sub(self._unless_asked, plain))
        if _claims_nothing(plain):
            return Checked(sentence, True, None)
        if not self._evidence.pieces:
            return Checked(sentence, False, None, "no source")
        marks = [number - 1 for number in cited(sentence) if number <= len(self._passages)]
        place, reason = self._said_here(plain, marks) if self._comparable else (None, "")
        if place is None:
            abroad = self._translated.support(plain, [mark for mark in marks if self._foreign(mark)])
            place, reason = (abroad[0], "") if abroad[0] is not None else (None, reason or abroad[1])
        return Checked(sentence, place is not None, None if place is None else place + 1, reason)

    def _foreign(self, place: int) -> bool:
        """Whether a passage is in another language than the answer."""
        return any(piece.place == place and piece.language != self._language for piece in self._evidence.pieces)

    def _said_here(self, plain: str, marks: Sequence[int]) -> tuple[int | None, str]:
        """The place of the passage in the answer's language that says a sentence, or why none does."""
        place: int | None = None
        for part in statements(canonical(plain, self._language)):
            found, reason = self._best(part, marks, near=place)
            if found is None:
                return None, reason
            place = found.place if place is None else place
        return place or 0, ""

    def _unless_asked(self, pseudonym: re.Match[str]) -> str:
        """The visitor's own data may be repeated."""
        return "" if pseudonym[0] in self._question else pseudonym[0]

    def _without_preamble(self, plain: str) -> str:
        """Without "To cancel your plan, " when that only repeats the question."""
        found = _PREAMBLE.match(plain)
        if not found or len(content_words(plain[found.end() :])) < 2:
            return plain
        words, asked = content_words(found[1]), set(content_words(self._question))
        repeats = sum(word in asked for word in words) * 2 >= len(words)
        return plain[found.end() :] if repeats and not quantities(found[1], self._language) else plain

    def _best(self, claim: str, marks: Sequence[int], near: int | None) -> tuple[Piece | None, str]:
        """The piece that supports a claim, or why none does."""
        pieces, language = self._evidence.pieces, self._language
        cosines = self._evidence.nearness([claim])[0].tolist()
        scored = []
        figured = quantities(claim, language)
        for piece, cosine in zip(pieces, cosines, strict=True):
            if piece.language != language:
                continue
            coverage = self._evidence.coverage(claim, piece)
            if coverage < COVERAGE:
                continue
            score = (1 - NEARNESS_WEIGHT) * coverage + NEARNESS_WEIGHT * min(1.0, max(0.0, cosine) / 0.8)
            agrees = bool(figured) and same_quantities(claim, piece.whole, language)
            bonus = FIGURES_AGREE * agrees + MARKED * (piece.place in marks) + 0.02 * (piece.place == near)
            scored.append((score + bonus, piece))
        scored.sort(key=lambda each: (-each[0], each[1].place not in marks))
        reason = "no passage says this"
        for score, piece in scored[:MOST_PIECES]:
            if score < max(SUPPORT, scored[0][0] - FAR_BEHIND):
                break
            differs = difference(claim, piece, f"{self._question} {' '.join(self._evidence.common)}")
            if not differs and self._evidence.replaced(claim, piece):
                differs = "the passage says it of another"
            if not differs:
                return piece, ""
            reason = differs if reason == "no passage says this" else reason
        return None, reason


def _language(answer: str, passages: Sequence[Passage]) -> str:
    """The language of an answer: that of a passage that has half of its words, whatever a short answer looks like."""
    words = content_words(without_citations(answer))
    alike = [passage for passage in passages if coverage(words, passage.text) >= SAME_WORDS]
    alike.sort(key=lambda passage: -coverage(words, passage.text))
    return (
        language_of(*(passage.text for passage in alike[:1]), answer, *(passage.text for passage in passages)) or "en"
    )


def _claims_nothing(plain: str) -> bool:
    words = [word for word in content_words(plain) if word not in _SAYS_NOTHING]
    return not words and not figures(plain)


def _without_loose_ends(lines: list[list[Checked]]) -> list[list[Checked]]:
    """Without the "Yes." and the "Here is how:" whose sentences went."""
    flat = [(row, column) for row, line in enumerate(lines) for column in range(len(line))]
    result = [list(line) for line in lines]
    for at in range(len(flat) - 1, -1, -1):
        row, column = flat[at]
        verdict = result[row][column]
        if not verdict.supported or verdict.number is not None:
            continue
        follower = result[flat[at + 1][0]][flat[at + 1][1]] if at + 1 < len(flat) else None
        leads = verdict.text.rstrip().endswith(":") or _VERDICT.match(_claim(verdict.text))
        if leads and (follower is None or not follower.supported):
            result[row][column] = Checked(verdict.text, False, None, "what it leads to is not supported")
    return result


def _marked(checked: Checked) -> str:
    """The sentence with the mark of the passage that supports it, before its full stop."""
    if checked.number is None:
        return _CITATION.sub("", checked.text)
    text = _CITATION.sub("", checked.text).rstrip()
    mark = f"[{checked.number}]"
    if text.endswith("```"):
        return f"{text}\n{mark}"
    end = re.search(r"[.!?:]+[\"')*_]*$", text)
    if end and not text.endswith((":", "**")):
        return f"{text[: end.start()]} {mark}{text[end.start() :]}"
    return f"{text} {mark}"


def _claim(sentence: str) -> str:
    return _ITEM.sub("", without_citations(sentence)).strip()


def _lines(answer: str) -> list[str]:
    """Lines of an answer, a code block being one of them."""
    lines: list[str] = []
    fenced = False
    for line in without_inner_links(answer).splitlines():
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
    parts_ = sentences(text)
    return [indent + parts_[0], *parts_[1:]] if parts_ else []
