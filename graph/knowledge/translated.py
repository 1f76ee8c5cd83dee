"""Whether a sentence in another language than a passage may be said of it.

Its words cannot be held against the passage's. What can: figures with their units, code and addresses, denial and the
words that have an opposite in every language, strong words, and whether anything at all that is spoken of is the same.
"""

import re
from collections.abc import Sequence
from functools import cached_property

from graph.context import Encoder
from graph.knowledge.claims import names
from graph.knowledge.denials import denies, nearly
from graph.knowledge.differences import in_small_letters, named, without_exception
from graph.knowledge.evidence import Evidence, Piece
from graph.knowledge.figures import agree, quantities
from graph.knowledge.fold import fold
from graph.knowledge.glossary import subjects
from graph.knowledge.opposites import LANGUAGES, beyond, opposable

PROBE = (
    (
        "The parcel arrives tomorrow.",
        "Das Paket kommt morgen an.",
        "Le colis arrive demain.",
        "El paquete llega mañana.",
    ),
    (
        "I forgot my password.",
        "Ich habe mein Passwort vergessen.",
        "J'ai oublié mon mot de passe.",
        "Olvidé la contraseña.",
    ),
)
"""Two sentences, each in four languages: an encoder of several languages sets what means the same together."""
CLEAR = 0.15
"""By so much must the least alike of what means the same be nearer than the most alike of what does not."""
FIGURE_WORTH, NAME_WORTH = 2, 2
SHARED = 0.5
"""Of what a sentence speaks of that can be recognised, the share that the passage must speak of too."""
_WORD = re.compile(r"[^\W\d_]{4,}")
_COGNATE, _LONG = 5, 6


class Translated:
    """Holds sentences against the passages that they cite, in another language than those are in."""

    def __init__(self, evidence: Evidence, language: str, question: str, encoder: Encoder) -> None:
        self._evidence = evidence
        self._language = language
        self._question = question
        self._encoder = encoder

    @cached_property
    def _least(self) -> float | None:
        return least_likeness(self._encoder)

    def support(self, claim: str, places: Sequence[int]) -> tuple[int | None, str]:
        """The first of the cited passages that a sentence may be said of, or why none is one."""
        reason = "cites no passage"
        for place in places:
            pieces = [piece for piece in self._evidence.pieces if piece.place == place]
            reason = self._difference(claim, pieces)
            if not reason:
                return place, ""
        return None, reason

    def _difference(self, claim: str, pieces: Sequence[Piece]) -> str:
        written = pieces[0].language
        whole = " ".join(dict.fromkeys(piece.whole for piece in pieces))
        claimed = quantities(claim, self._language)
        if not agree(claimed, quantities(whole, written) | quantities(self._question, self._language)):
            return "a figure that the passage does not have"
        exact = [name for name in names(claim) if name.startswith("`") or "@" in name]
        if not all(named(name, in_small_letters(whole)) for name in exact):
            return "a name that the passage does not have"
        if strong := beyond(claim, whole, self._language, written):
            return f"{strong}: the passage does not say so"
        best = self._nearest(claim, pieces, written, whole)
        if not best:
            return "shares nothing that can be compared with the passage"
        return "" if any(not self._opposed(claim, piece) for piece in best) else "the passage says the opposite"

    def _nearest(self, claim: str, pieces: Sequence[Piece], written: str, whole: str) -> list[Piece]:
        """The pieces that a sentence is about, as far as can be told; none if it seems to be about something else."""
        if (least := self._least) is not None:
            cosines = self._evidence.nearness([claim])[0].tolist()
            of = {id(piece): cosine for piece, cosine in zip(self._evidence.pieces, cosines, strict=True)}
            near = max(of[id(piece)] for piece in pieces)
            return [piece for piece in pieces if of[id(piece)] == near >= least]
        said = subjects(claim, self._language)
        if said and len(said & subjects(whole, written)) < SHARED * len(said):
            return []
        worth = {id(piece): self._shared(claim, piece, said) for piece in pieces}
        most = max(worth.values())
        return [piece for piece in pieces if worth[id(piece)] == most > 0]

    def _shared(self, claim: str, piece: Piece, said: frozenset[int]) -> int:
        """How much a sentence has of a piece that can be compared across languages."""
        language = piece.language
        known = quantities(piece.text, language)
        figures = sum(agree(frozenset({each}), known) for each in quantities(claim, self._language))
        text = in_small_letters(piece.text)
        called = sum(named(name, text) for name in names(claim))
        mine, theirs = dict(opposable(claim, self._language)), dict(opposable(piece.text, language))
        alike = len(said & subjects(piece.text, language)) + len(mine.keys() & theirs.keys())
        return FIGURE_WORTH * figures + NAME_WORTH * called + alike + len(_cognates(claim, piece.text))

    def _opposed(self, claim: str, piece: Piece) -> bool:
        """Whether a sentence affirms what a piece denies, or the other way round."""
        if self._language not in LANGUAGES or piece.language not in LANGUAGES:
            return False
        text = without_exception(piece.text, claim)
        mine, theirs = dict(opposable(claim, self._language)), dict(opposable(text, piece.language))
        turned = sum(mine[name] != theirs[name] for name in mine.keys() & theirs.keys()) % 2 == 1
        unlike = denies(claim, self._language) != denies(text, piece.language)
        if not unlike and not turned and denies(claim, self._language):
            return nearly(claim, self._language) != nearly(text, piece.language)
        return turned != unlike


def least_likeness(encoder: Encoder) -> float | None:
    """The cosine from which two sentences of different languages may mean the same; None if the encoder cannot tell.

    Halfway between what means the same in four languages and what does not.
    """
    first, second = (encoder.encode(list(meaning)) for meaning in PROBE)
    alike = min(float((vectors @ vectors.T).min()) for vectors in (first, second))
    unlike = float((first @ second.T).max())
    return (alike + unlike) / 2 if alike >= unlike + CLEAR else None


def _cognates(one: str, other: str) -> set[str]:
    """Words that begin alike in both texts: "Garagentor" and "garage door" have one, "reparieren" and "repair" none."""
    first, second = ({fold(word) for word in _WORD.findall(text)} for text in (one, other))
    beginnings = {word[:_COGNATE] for word in second if len(word) >= _LONG}
    return {word for word in first if word in second or (len(word) >= _LONG and word[:_COGNATE] in beginnings)}
