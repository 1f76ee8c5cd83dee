"""Finds personal data with Presidio's analyzer around one small spaCy model and recognizers of our own."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from spacy.language import Language
from spacy.tokens import Doc

from graph.context import PersonalSpan
from graph.errors import ConfigError
from graph.guards.language import worth_reading
from graph.guards.names import announced, believable
from graph.guards.patterns import found_by_form
from graph.guards.pseudonyms import TYPES

LANGUAGE = "en"
SLICE_CHARS = 2000
OVERLAP_CHARS = 300
"""A text is looked through in pieces of this size, which share this much: more than any span is long."""
_UNUSED_PIPES = ["tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]


class PresidioFinder:
    """Finds people, addresses, numbers and secrets; not organisations, dates or places alone. Safe in many threads."""

    def __init__(self, model: Path) -> None:
        """Load the spaCy model in a folder.

        Raises:
            ConfigError: there is none.
        """
        try:
            nlp = spacy.load(model, exclude=_UNUSED_PIPES)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{model} holds no spaCy model that can be loaded.") from error
        recognizers = [_Recognizer("forms", found_by_form), _Recognizer("announced", announced), _People()]
        self._engine = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers=recognizers, supported_languages=[LANGUAGE]),
            nlp_engine=_Pipes(nlp),
            supported_languages=[LANGUAGE],
        )

    def find(self, text: str) -> list[PersonalSpan]:
        """Return spans that do not overlap, by start. Blocks: call it in a thread.

        The time that it takes grows with the length of the text, whatever it holds.
        """
        found: list[PersonalSpan] = []
        for start, piece in slices(text):
            found += [
                PersonalSpan(each.entity_type, start + each.start, start + each.end, each.score)
                for each in self._engine.analyze(piece, language=LANGUAGE)
            ]
        return apart(found)


def slices(text: str) -> Iterator[tuple[int, str]]:
    """Cut a long text into pieces that overlap, where words end if they do; yield each with where it starts.

    What compares each match with every other stays quick on a piece, whatever the text.
    """
    start = 0
    while len(text) - start > SLICE_CHARS:
        end = start + SLICE_CHARS
        space = text.rfind(" ", end - OVERLAP_CHARS // 4, end)
        end = space if space > 0 else end
        yield start, text[start:end]
        begin = end - OVERLAP_CHARS
        space = text.find(" ", begin, begin + OVERLAP_CHARS // 4)
        start = space + 1 if space > 0 else begin
    yield start, text[start:]


def apart(spans: Iterable[PersonalSpan]) -> list[PersonalSpan]:
    """Of spans that overlap keep the likelier, then the longer; return them by start."""
    kept: list[PersonalSpan] = []
    ordered = sorted(spans, key=lambda each: (-each.score, each.start - each.end, each.start))
    taken = bytearray(max((span.end for span in ordered), default=0))
    for span in ordered:
        size = span.end - span.start
        if size > 0 and not any(taken[span.start : span.end]):
            kept.append(span)
            taken[span.start : span.end] = b"\x01" * size
    return sorted(kept, key=lambda each: each.start)


class _Recognizer(EntityRecognizer):
    """A function of the text as a Presidio recognizer."""

    def __init__(self, name: str, find: Callable[[str], Iterator[PersonalSpan]]) -> None:
        super().__init__(supported_entities=sorted(TYPES - {"TEXT"}), name=name, supported_language=LANGUAGE)
        self._find = find

    def load(self) -> None:
        """There is nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        return [RecognizerResult(span.type, span.start, span.end, span.score) for span in self._find(text)]


class _People(EntityRecognizer):
    """The people that the model names, less those that cannot be."""

    def __init__(self) -> None:
        super().__init__(supported_entities=["PERSON"], name="people", supported_language=LANGUAGE)

    def load(self) -> None:
        """There is nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        return [
            RecognizerResult("PERSON", entity.start_char, entity.end_char, 0.6)
            for entity in nlp_artifacts.entities
            if entity.label_ == "PERSON" and believable(entity.text)
        ]


class _Pipes(NlpEngine):
    """One loaded pipeline, as Presidio wants to see it."""

    def __init__(self, nlp: Language) -> None:
        self._nlp = nlp

    def load(self) -> None:
        """It is loaded."""

    def is_loaded(self) -> bool:
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        doc = self._nlp(text) if worth_reading(text) else Doc(self._nlp.vocab)
        words = [token.lower_ for token in doc]
        return NlpArtifacts(list(doc.ents), doc, [token.idx for token in doc], words, self, language)

    def process_batch(
        self, texts: Iterable[str], language: str, *_: Any, **__: Any
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:
        return bool(self._nlp.vocab[word].is_stop)

    def is_punct(self, word: str, language: str) -> bool:
        return bool(self._nlp.vocab[word].is_punct)

    def get_supported_entities(self) -> list[str]:
        return ["PERSON"]

    def get_supported_languages(self) -> list[str]:
        return [LANGUAGE]
