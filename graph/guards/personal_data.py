"""Finds personal data with Presidio's analyzer around recognizers of our own and a tagger or, without it, spaCy."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from graph.context import PersonalSpan
from graph.errors import ConfigError
from graph.guards.apart import apart
from graph.guards.language import worth_reading
from graph.guards.names import announced, believable
from graph.guards.patterns import found_by_form
from graph.guards.tagger import Reading, Tagger
from graph.guards.tokens import TYPES

LANGUAGE = "en"
SLICE_CHARS = 2000
OVERLAP_CHARS = 300
"""A text is looked through in pieces of this size, which share this much: more than any span is long."""
SURE = 0.8
"""A pattern with a lower score does not count where the tagger sees nothing of the kind."""
DOUBT = 0.02
"""The chance of anything personal below which the tagger sees nothing."""
_UNUSED_PIPES = ["tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]


class PresidioFinder:
    """Finds people, addresses, numbers and secrets; not organisations or dates. Safe in many threads."""

    def __init__(self, reader: Tagger | Path) -> None:
        """Read with a tagger or, where there is none for the encoder, with the spaCy model in a folder.

        Raises:
            ConfigError: the folder holds none.
        """
        pipes = _Spacy(reader) if isinstance(reader, Path) else _Tagging(reader)
        recognizers = [_Recognizer("forms", found_by_form), _Recognizer("announced", announced), _Read()]
        self._engine = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers=recognizers, supported_languages=[LANGUAGE]),
            nlp_engine=pipes,
            context_aware_enhancer=_Unchanged(),
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
        return apart(text, found)


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


class _Artifacts(NlpArtifacts):
    """What was read of a text, handed from the engine to the recognizers. Presidio's own parts of it stay empty."""

    def __init__(self, vocab: Vocab, engine: NlpEngine, spans: list[PersonalSpan], reading: Reading | None) -> None:
        super().__init__([], Doc(vocab), [], [], engine, LANGUAGE)
        self.spans = spans
        self.reading = reading


class _Recognizer(EntityRecognizer):
    """A function of the text as a Presidio recognizer."""

    def __init__(self, name: str, find: Callable[[str], Iterator[PersonalSpan]]) -> None:
        super().__init__(supported_entities=sorted(TYPES - {"TEXT"}), name=name, supported_language=LANGUAGE)
        self._find = find

    def load(self) -> None:
        """There is nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        reading = nlp_artifacts.reading if isinstance(nlp_artifacts, _Artifacts) else None
        return [
            RecognizerResult(span.type, span.start, span.end, span.score)
            for span in self._find(text)
            if reading is None or span.score >= SURE or reading.chance(span.start, span.end) >= DOUBT
        ]


class _Read(EntityRecognizer):
    """What the engine itself read."""

    def __init__(self) -> None:
        super().__init__(supported_entities=sorted(TYPES - {"TEXT"}), name="read", supported_language=LANGUAGE)

    def load(self) -> None:
        """There is nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        spans = nlp_artifacts.spans if isinstance(nlp_artifacts, _Artifacts) else []
        return [RecognizerResult(span.type, span.start, span.end, span.score) for span in spans]


class _Unchanged(ContextAwareEnhancer):
    """Leaves scores as they are: our recognizers look at the context themselves. Presidio's own copies each result."""

    def __init__(self) -> None:
        super().__init__(0, 0, 0, 0)

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        return raw_results


class _Engine(NlpEngine):
    """What Presidio asks of an engine beside reading."""

    def load(self) -> None:
        """It is loaded."""

    def is_loaded(self) -> bool:
        return True

    def process_batch(
        self, texts: Iterable[str], language: str, *_: Any, **__: Any
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:
        return False

    def is_punct(self, word: str, language: str) -> bool:
        return False

    def get_supported_entities(self) -> list[str]:
        return sorted(TYPES - {"TEXT"})

    def get_supported_languages(self) -> list[str]:
        return [LANGUAGE]


class _Tagging(_Engine):
    """The tagger as Presidio's engine."""

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger
        self._vocab = Vocab()

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        reading = self._tagger.read(text)
        return _Artifacts(self._vocab, self, reading.spans, reading)


class _Spacy(_Engine):
    """A spaCy model as Presidio's engine: the people that it names, less those that cannot be."""

    def __init__(self, model: Path) -> None:
        try:
            self._nlp: Language = spacy.load(model, exclude=_UNUSED_PIPES)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{model} holds no spaCy model that can be loaded.") from error

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        entities = self._nlp(text).ents if worth_reading(text) else ()
        spans = [
            PersonalSpan("PERSON", entity.start_char, entity.end_char, 0.6)
            for entity in entities
            if entity.label_ == "PERSON" and believable(entity.text)
        ]
        return _Artifacts(self._nlp.vocab, self, spans, None)
