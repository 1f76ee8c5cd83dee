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
from graph.knowledge.claims import beyond, denied, denies, exchanged, names, other_object, parts, reversals, statements
from graph.knowledge.evidence import Evidence, Piece
from graph.knowledge.figures import is_unit, kind_of, quantities, same_quantities
from graph.knowledge.sentences import sentences
from graph.knowledge.words import content_words, figures

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
_PRONOUN = r"(?!(?i:you|we|it|they|this|that|these|those|if|when|to)\b)"
_OWN_SUBJECT = re.compile(
    rf"^{_PRONOUN}[A-Z]|^;\s*{_PRONOUN}|^[\s,:–—]*(?:(?i:and|but|whereas|while|or)\s+)?"
    r"(?i:the|an?|all|both|each|every|other|our|your)\b"
)
_PSEUDONYM = re.compile(r"\[[A-Z_]+_\d+\]")
_PREAMBLE = re.compile(
    r"^(?:To|In order to|If you (?:want|wish|would like|need) to|If you|When you)\s+([^,]{3,120}),\s*", re.IGNORECASE
)
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://)[^)]*\)")
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
        self._evidence = Evidence(passages, encoder)
        spoken, written = language_of(answer), language_of(" ".join(passage.text for passage in passages))
        self._translated = None not in (spoken, written) and spoken != written

    def sentence(self, sentence: str) -> Checked:
        """Judge one sentence of the answer."""
        plain = _INTO.sub("", _VERDICT.sub("", _claim(sentence)))
        plain = self._without_preamble(_PSEUDONYM.sub(self._unless_asked, plain))
        if _claims_nothing(plain):
            return Checked(sentence, True, None)
        if not self._evidence.pieces:
            return Checked(sentence, False, None, "no source")
        marks = [number - 1 for number in cited(sentence) if number <= len(self._passages)]
        if self._translated:
            return self._in_another_language(sentence, plain, marks)
        place: int | None = None
        for part in statements(plain):
            found, reason = self._best(part, marks, near=place)
            if found is None:
                return Checked(sentence, False, None, reason)
            place = found.place if place is None else place
        return Checked(sentence, True, (place or 0) + 1)

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
        return plain[found.end() :] if repeats and not quantities(found[1]) else plain

    def _best(self, claim: str, marks: Sequence[int], near: int | None) -> tuple[Piece | None, str]:
        """The piece that supports a claim, or why none does."""
        pieces = self._evidence.pieces
        cosines = self._evidence.nearness([claim])[0].tolist()
        scored = []
        figured = quantities(claim)
        for piece, cosine in zip(pieces, cosines, strict=True):
            coverage = self._evidence.coverage(claim, piece)
            if coverage < COVERAGE:
                continue
            score = (1 - NEARNESS_WEIGHT) * coverage + NEARNESS_WEIGHT * min(1.0, max(0.0, cosine) / 0.8)
            agrees = bool(figured) and same_quantities(claim, piece.whole)
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

    def _in_another_language(self, sentence: str, plain: str, marks: Sequence[int]) -> Checked:
        """Judge a sentence whose words the passages cannot have: by what is written alike in every language."""
        for place in marks:
            text = " ".join(piece.whole for piece in self._evidence.pieces if piece.place == place)
            same_figures = figures(plain) <= figures(f"{text} {self._question}")
            if same_figures and all(_named(name, _seen(text)) for name in names(plain) if name.startswith("`")):
                return Checked(sentence, True, place + 1)
        return Checked(sentence, False, None, "names no passage with its figures and names")


def difference(claim: str, piece: Piece, known: str) -> str:
    """What a claim changes of a piece that speaks of the same; empty if nothing. `known` are names beside its own."""
    whole = piece.whole
    if not same_quantities(claim, whole):
        return "a figure that the passage does not have"
    if _of_another_clause(claim, piece.text):
        return "a figure that the passage gives for another"
    seen = _seen(f"{whole} {known}")
    if not all(_named(name, seen) for name in names(claim)):
        return "a name that the passage does not have"
    if strong := beyond(claim, whole):
        return f"{strong}: the passage does not say so"
    if exchanged(claim, piece.text) or other_object(claim, piece.text):
        return "the passage says it of another"
    if _other_subject(claim, piece.text):
        return "the passage says it of another"
    if any(_opposed(part, piece.text) for part in parts(claim)):
        return "the passage says the opposite"
    return ""


def _opposed(claim: str, text: str) -> bool:
    """Whether a clause affirms what a piece denies, or the other way round, or says an opposite word."""
    clauses = parts(text)
    source = _closest(claim, clauses)
    if not set(content_words(claim)) & set(content_words(text)):
        return False
    reversed_ = reversals(claim, text, source) % 2 == 1
    if len({denies(clause) for clause in clauses}) == 1:
        unlike = denies(claim) != denies(source)
        return reversed_ != unlike and not (unlike and denied(claim) & denied(text))
    if reversed_ and denies(claim) == denies(source):
        return True
    mine, theirs = denied(claim), denied(text)
    having = [clause for clause in clauses if mine & set(content_words(clause))]
    if mine and having and not mine & theirs:
        return not denies(_closest(claim, having, alike=0))
    return (
        not denies(claim)
        and not reversed_
        and bool(theirs & set(content_words(claim)))
        and not any(theirs & set(content_words(clause)) for clause in clauses if not denies(clause))
    )


def _other_subject(claim: str, text: str) -> bool:
    """Whether a claim gives one thing of a piece what the piece says of another.

    "The fern likes shade; the cactus needs full sun" has no sun for the fern.
    """
    clauses = [clause for clause in parts(text) if _OWN_SUBJECT.match(clause)]
    if len(clauses) < 2:
        return False
    words = set(content_words(claim))
    stems = [content_words(clause) for clause in clauses]
    for at, own in enumerate(stems):
        elsewhere = set().union(*(stem for place, stem in enumerate(stems) if place != at))
        subject_missing = bool(own) and own[0] not in words and own[0] not in elsewhere
        taken = (set(own) - elsewhere) & words
        if not subject_missing or not taken:
            continue
        for place, other in enumerate(stems):
            fits = any(quantity in quantities(clauses[place]) for quantity in quantities(claim))
            if place != at and other and other[0] in words and other[0] not in own and not fits:
                return True
    return False


def _of_another_clause(claim: str, text: str) -> bool:
    """Whether a figure stands in a clause about something that the claim does not name, beside one about what it does.

    "The juniper gate closes at 9 pm, the maple gate at 6 pm" gives no 6 pm for the juniper gate.
    """
    clauses = parts(text)
    if len(clauses) == 1:
        return False
    words = _things(claim)
    stems = [_things(clause) for clause in clauses]
    for quantity in quantities(claim):
        having = [at for at, clause in enumerate(clauses) if quantity in quantities(clause)]
        if len(having) != 1:
            continue
        own = stems[having[0]] - set().union(*(stem for at, stem in enumerate(stems) if at not in having))
        for at, clause in enumerate(clauses):
            if at in having or not (stems[at] - stems[having[0]]) & words:
                continue
            rivals = quantities(clause) - quantities(claim)
            if own - words and any(kind_of(rival.unit) == kind_of(quantity.unit) for rival in rivals):
                return True
    return False


def _things(text: str) -> set[str]:
    return {word for word in content_words(text) if not word.isdigit() and not is_unit(word)}


def _closest(claim: str, clauses: Sequence[str], *, alike: float = 0.5) -> str:
    """The clause of a piece that a claim is about; of two, the one that is as much a denial as the claim."""
    words = set(content_words(claim))
    return max(
        clauses,
        key=lambda part: len(words & set(content_words(part))) + alike * (denies(part) == denies(claim)),
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


def _seen(text: str) -> str:
    return text.lower().replace("’", "'")


def _named(name: str, seen: str) -> bool:
    """Whether a text in small letters has a name: code to the letter, a label or a word by its words."""
    if name.startswith("`"):
        return name.strip("` ") in seen
    return name in seen or (
        bool(content_words(name)) and " > " not in name and set(content_words(name)) <= set(content_words(seen))
    )


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
    for line in _LINK.sub(r"\1", answer).splitlines():
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
