"""Finds personal data with Presidio's analyzer around one small spaCy model and recognizers of our own."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from spacy.language import Language

from graph.context import PersonalSpan
from graph.errors import ConfigError
from graph.guards.names import announced, believable
from graph.guards.patterns import found_by_form
from graph.guards.pseudonyms import TYPES

LANGUAGE = "en"
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
        """Return spans that do not overlap, by start. Blocks: call it in a thread."""
        results = self._engine.analyze(text, language=LANGUAGE)
        return apart(PersonalSpan(each.entity_type, each.start, each.end, each.score) for each in results)


def apart(spans: Iterable[PersonalSpan]) -> list[PersonalSpan]:
    """Of spans that overlap keep the likelier, then the longer; return them by start."""
    kept: list[PersonalSpan] = []
    for span in sorted(spans, key=lambda each: (-each.score, each.start - each.end, each.start)):
        if span.start < span.end and all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
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
        doc = self._nlp(text)
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
