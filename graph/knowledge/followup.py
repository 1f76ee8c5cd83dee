"""Questions that lean on what was said before ("and how long does that take?"), made to stand alone by rules."""

from collections.abc import Iterator, Sequence

from graph.knowledge.leaning import FEW_WORDS, leans, named, names_in, points, proper_names_in, spoken, words_of
from graph.knowledge.words import content_words, figures
from graph.state import Earlier

MOST_ADDED_CHARS = 200
MOST_NAMES = 4
"""Names of the last answer that are searched for, too: a long one names many things."""


def may_lean(question: str, history: Sequence[Earlier]) -> bool:
    """Whether a question may lean on what was said, so that it is worth a model's time to make it stand alone."""
    said = _visitors(history)
    if not said:
        return False
    language = spoken(question, *said)
    return len(named(question, language)) <= FEW_WORDS or points(question, language)


def stands_for(reworded: str, question: str, history: Sequence[Earlier]) -> bool:
    """Whether a model's wording may be searched for in place of the question.

    It keeps all that the question names, its figures to the letter, and names nothing that was not said: a model that
    answers, obeys or invents is not followed.
    """
    if not reworded or "\n" in reworded or len(reworded) > len(question) + MOST_ADDED_CHARS:
        return False
    language = spoken(question, *_visitors(history))
    words = set(words_of(reworded, language))
    said = set(words_of(question, language)).union(*(words_of(earlier.text, language) for earlier in history))
    return set(named(question, language)) <= words <= said and figures(question) <= figures(reworded)


def search_text(question: str, history: Sequence[Earlier]) -> str:
    """The text to search for: the question and, if it leans on what was said, what that was about.

    These are the words of the visitor's last message that stands alone, of those since then, and the names in the last
    answer. They stand behind the question, alone: with the whole message, its own passages would come first.
    """
    said = _visitors(history)
    if not said or not leans(question, spoken(question, *said)):
        return question
    languages = [spoken(text, question, *said) for text in said]
    messages = list(zip(said, languages, strict=True))
    alone = (place for place, (text, language) in enumerate(messages) if not leans(text, language))
    about = [
        word for text, language in reversed(messages[: next(alone, len(said)) + 1]) for word in names_in(text, language)
    ]
    answer = next((earlier.text for earlier in reversed(history) if earlier.role == "assistant"), "")
    about += list(dict.fromkeys(proper_names_in(answer, languages[0])))[:MOST_NAMES]
    return " ".join([question, *_new(about, question)])


def _new(words: Sequence[str], question: str) -> Iterator[str]:
    """Each word once that the question does not have."""
    there = set(content_words(question))
    for word in words:
        stems = set(content_words(word))
        if not stems <= there:
            there |= stems
            yield word


def _visitors(history: Sequence[Earlier]) -> list[str]:
    """What the visitor said before, the last first."""
    return [earlier.text for earlier in reversed(history) if earlier.role == "visitor"]
