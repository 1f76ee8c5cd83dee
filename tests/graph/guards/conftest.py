"""The real guards, loaded once."""

import pytest

from app.model_files import ENCODER, SPACY, TOKENIZER, checked
from graph.encoder.onnx import OnnxEncoder
from graph.guards.injection import InjectionHead
from graph.guards.personal_data import PresidioFinder
from graph.guards.tagger import Tagger


@pytest.fixture(scope="session")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(checked(ENCODER), checked(TOKENIZER), threads=1)


@pytest.fixture(scope="session")
def screen(encoder: OnnxEncoder) -> InjectionHead:
    return InjectionHead(encoder)


@pytest.fixture(scope="session")
def tagger(encoder: OnnxEncoder) -> Tagger:
    return Tagger(encoder)


@pytest.fixture(scope="session", params=["tagger", "spacy"])
def either_finder(request: pytest.FixtureRequest) -> PresidioFinder:
    """With the tagger and, as with an encoder that it was not trained for, without."""
    return PresidioFinder(checked(SPACY) if request.param == "spacy" else request.getfixturevalue("tagger"))


@pytest.fixture(scope="session")
def finder(tagger: Tagger) -> PresidioFinder:
    return PresidioFinder(tagger)
