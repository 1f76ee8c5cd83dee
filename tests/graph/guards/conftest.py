"""The real guards, loaded once."""

import pytest

from app.model_files import ENCODER, SPACY, TOKENIZER, checked
from graph.encoder.onnx import OnnxEncoder
from graph.guards.injection import InjectionHead
from graph.guards.personal_data import PresidioFinder


@pytest.fixture(scope="session")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(checked(ENCODER), checked(TOKENIZER), threads=1)


@pytest.fixture(scope="session")
def screen(encoder: OnnxEncoder) -> InjectionHead:
    return InjectionHead(encoder)


@pytest.fixture(scope="session")
def finder() -> PresidioFinder:
    return PresidioFinder(checked(SPACY))
