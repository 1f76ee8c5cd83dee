"""Loading the parts that read and answer: each from what the settings name or, unset, from what is installed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app import model_files
from app.settings import Settings
from graph.context import Encoder, InjectionScreen, IntentClassifier, ModelRoute, PersonalDataFinder
from graph.encoder.onnx import OnnxEncoder
from graph.encoder.remembering import RememberingEncoder
from graph.guards.injection import InjectionHead
from graph.guards.personal_data import PresidioFinder
from graph.intents.classifier import HeadClassifier
from graph.intents.starter import starter_intents
from graph.models.hosted import HostedChatModel
from graph.models.local import LocalChatModel


def load_encoder(settings: Settings) -> Encoder:
    """Load the sentence encoder. Blocks for a moment.

    Raises:
        ConfigError: a file that the settings name is not what it should be.
        ModelFileError: the installed one is missing or damaged.
    """
    model = settings.embedding.model or model_files.checked(model_files.ENCODER)
    tokenizer = settings.embedding.tokenizer or model_files.checked(model_files.TOKENIZER)
    return RememberingEncoder(OnnxEncoder(model, tokenizer, threads=settings.embedding.threads))


def load_injection(settings: Settings, encoder: Encoder) -> InjectionScreen:
    """Load the screen for injected instructions, which reads this encoder's vectors."""
    return InjectionHead(encoder, threshold=settings.guards.injection_threshold)


def load_personal_data() -> PersonalDataFinder:
    """Load the finder of personal data. Blocks for seconds."""
    return PresidioFinder(model_files.checked(model_files.SPACY))


def load_intents(encoder: Encoder) -> IntentClassifier:
    """Fit the classifier of intents to the starter set. Blocks for a moment."""
    return HeadClassifier(starter_intents(), encoder)


@asynccontextmanager
async def open_models(settings: Settings) -> AsyncIterator[tuple[ModelRoute, ...]]:
    """Open the models that may answer, in the order in which they are asked; close them on leaving.

    Raises:
        ConfigError: the file of the local model is not one.
        ModelFileError: the installed local model is missing or damaged.
    """
    routes: list[ModelRoute] = []
    hosted, local = settings.hosted, settings.local
    if hosted.api_key is not None or hosted.base_url is not None:
        routes.append(
            ModelRoute(
                name=hosted.model,
                rung="hosted",
                model=HostedChatModel(
                    model=hosted.model, api_key=hosted.api_key, base_url=hosted.base_url, connect_s=hosted.connect_s
                ),
                first_token_s=hosted.first_token_s,
                between_tokens_s=hosted.between_tokens_s,
                trusted=True,
            )
        )
    own: LocalChatModel | None = None
    if local.enabled:
        path: Path = local.model or await asyncio.to_thread(model_files.checked, model_files.CHAT)
        own = await asyncio.to_thread(
            LocalChatModel.open,
            path,
            context_tokens=local.context_tokens,
            threads=local.threads,
            gpu_layers=local.gpu_layers,
        )
        routes.append(
            ModelRoute(
                name=own.model,
                rung="local",
                model=own,
                first_token_s=local.first_token_s,
                between_tokens_s=local.between_tokens_s,
                trusted=local.trusted,
            )
        )
    try:
        yield tuple(routes)
    finally:
        if own is not None:
            await asyncio.to_thread(own.close)
