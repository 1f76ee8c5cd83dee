"""Loading the parts that read and answer: each from what the settings name or, unset, from what is installed.

A part is imported when it is loaded: together they take seconds to import, and most commands need few of them.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app import model_files
from app.personal_data import types_of
from app.settings import Settings
from app.settings_models import Hosted, Local, Model
from graph.context import Encoder, InjectionScreen, IntentClassifier, ModelRoute, PersonalDataFinder, Reranker
from graph.errors import ConfigError
from graph.guards.letters import LETTERS, marked_by_letters

if TYPE_CHECKING:
    from graph.encoder.hosted import HostedEncoder
    from graph.guards.documents import DocumentScreen

log = logging.getLogger(__name__)


def load_encoder(settings: Settings) -> Encoder:
    """Load the sentence encoder. Blocks for a moment.

    Raises:
        ConfigError: a file that the settings name is not what it should be.
        ModelFileError: the installed one is missing or damaged.
    """
    model = settings.embedding.model or model_files.checked(model_files.ENCODER)
    return _encoder(settings, encoder_name(settings), model, settings.embedding.tokenizer)


def encoder_name(settings: Settings) -> str:
    """The name of the sentence encoder, under which its vectors are stored. Reads its file, but loads nothing."""
    return _named(settings.embedding.model) if settings.embedding.model else model_files.ENCODER.path.stem


@dataclass(frozen=True, slots=True)
class Former:
    """A sentence encoder that may have been the installed one before. `load` blocks for a moment."""

    name: str
    load: Callable[[], Encoder]


def former_encoders(settings: Settings) -> list[Former]:
    """Those from before that can still be loaded: the one that the settings name, and the one that Parley brings.

    Raises:
        ConfigError: the one that the settings name is not there.
    """
    given = settings.embedding
    formers = []
    if given.former is not None:
        if not given.former.is_file():
            raise ConfigError(f"The setting embedding.former names {given.former}, and there is no such file.")
        name = _named(given.former)
        formers.append(Former(name, partial(_encoder, settings, name, given.former, given.former_tokenizer)))
    if given.model is not None:
        formers.append(Former(model_files.ENCODER.path.stem, partial(load_encoder, _with_the_one_brought(settings))))
    return formers


def _with_the_one_brought(settings: Settings) -> Settings:
    brought = settings.embedding.model_copy(update={"model": None, "tokenizer": None})
    return settings.model_copy(update={"embedding": brought})


def _encoder(settings: Settings, name: str, model: Path, tokenizer: Path | None) -> Encoder:
    from graph.encoder.onnx import OnnxEncoder
    from graph.encoder.remembering import RememberingEncoder

    tokenizer = tokenizer or model_files.checked(model_files.TOKENIZER)
    return RememberingEncoder(OnnxEncoder(model, tokenizer, threads=settings.embedding.threads, name=name))


def _named(model: Path) -> str:
    """Most are called `model.onnx`: the content tells them apart."""
    if not model.is_file():
        return model.stem
    with model.open("rb") as file:
        return f"{model.stem}@{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"


def load_reranker(settings: Settings) -> Reranker | None:
    """Load the cross-encoder that the settings name, if they do.

    Raises:
        ConfigError: a file that the settings name is not what it should be.
    """
    model = settings.knowledge.reranker
    if model is None:
        return None
    from graph.encoder.cross import OnnxReranker

    tokenizer = settings.knowledge.reranker_tokenizer or model.with_name("tokenizer.json")
    return OnnxReranker(model, tokenizer, threads=settings.embedding.threads)


def load_injection(settings: Settings, encoder: Encoder) -> InjectionScreen:
    """Load the screen for injected instructions, which reads this encoder's vectors."""
    from graph.guards.injection import InjectionHead

    return InjectionHead(encoder, threshold=settings.guards.injection_threshold)


def load_passage_screen(encoder: Encoder, threshold: float | None = None) -> "DocumentScreen":
    """Load the screen for instructions in passages, which reads this encoder's vectors.

    Args:
        threshold: in log-odds; by default the one that was fitted with it.

    Raises:
        ConfigError: it was trained for another encoder.
    """
    from graph.guards.documents import DocumentScreen

    return DocumentScreen(encoder, threshold=threshold)


@dataclass(frozen=True, slots=True)
class NamedMarks:
    """Tells which texts seem to hold instructions, and who says so.

    Attributes:
        judge: who judges. The name changes when its judgement may.
        better: names of judges whose marks stand where this one has not judged.
    """

    judge: str
    better: frozenset[str]
    _suspicious: Callable[[Sequence[str], Sequence[str] | None], Sequence[bool]]

    def __call__(self, texts: Sequence[str], above: Sequence[str] | None = None) -> Sequence[bool]:
        """Whether each text, read below the headings `above` it, is suspicious. Blocks: call it in a thread."""
        return self._suspicious(texts, above)


BY_LETTERS = NamedMarks(LETTERS, frozenset(), marked_by_letters)


def marks_for(encoder: Encoder, threshold: float | None = None) -> NamedMarks:
    """What marks texts: by their vectors and letters; with a warning for another encoder, by letters alone.

    Args:
        threshold: log-odds from which the head is believed; by default those that were fitted with it.

    Raises:
        ConfigError: the head of the installation is gone.
    """
    from graph.guards.documents import judge_of

    head = judge_of()
    try:
        return NamedMarks(head, frozenset(), load_passage_screen(encoder, threshold).suspicious)
    except ConfigError as error:
        log.warning("documents and files are screened for instructions by their letters alone: %s", error)
        return replace(BY_LETTERS, better=frozenset({head}))


def load_personal_data(encoder: Encoder) -> PersonalDataFinder:
    """Load the finder of personal data, which reads this encoder's tokens if it can. Blocks for seconds."""
    from graph.guards.personal_data import PresidioFinder
    from graph.guards.tagger import tagger_for

    return PresidioFinder(tagger_for(encoder) or model_files.checked(model_files.SPACY))


def load_intents(encoder: Encoder) -> IntentClassifier:
    """Fit the classifier of intents to the starter set. Blocks for a moment."""
    from graph.intents.classifier import HeadClassifier
    from graph.intents.starter import starter_intents

    return HeadClassifier.learn(starter_intents(), encoder)


@asynccontextmanager
async def open_models(settings: Settings) -> AsyncIterator[tuple[ModelRoute, ...]]:
    """Open the models that may answer, in the order in which they are asked; close them on leaving.

    Raises:
        ConfigError: the file of the local model is not one.
        ModelFileError: the installed local model is missing or damaged.
    """
    routes: list[ModelRoute] = []
    async with AsyncExitStack() as stack:
        routes += [_route(model, stack) for model in settings.models]
        hosted = settings.hosted
        if hosted.api_key is not None or hosted.base_url is not None:
            given = {name: getattr(hosted, name) for name in Hosted.model_fields if name in Model.model_fields}
            routes.append(_route(Model(**given | {"name": hosted.model}), stack))
        if settings.local.enabled:
            routes.append(await _local_route(settings.local, stack))
        yield tuple(routes)


def _route(settings: Model, stack: AsyncExitStack) -> ModelRoute:
    from graph.models.hosted import HostedChatModel

    model = HostedChatModel(
        model=settings.model or settings.name,
        api_key=settings.api_key,
        base_url=settings.base_url,
        connect_s=settings.connect_s,
        reasoning_effort=settings.reasoning_effort,
    )
    stack.push_async_callback(model.aclose)
    return ModelRoute(
        name=settings.name,
        rung="local" if settings.own else "hosted",
        model=model,
        first_token_s=settings.first_token_s,
        between_tokens_s=settings.between_tokens_s,
        trusted=settings.trusted,
        context_tokens=settings.context_tokens,
        continues=settings.continues,
        small=settings.small,
        sees=types_of(settings.sees),
    )


@dataclass(frozen=True, slots=True)
class Offload:
    """How many layers of the local model are on a GPU, and how many it has."""

    layers: int
    of: int


@asynccontextmanager
async def open_embedders(settings: Settings) -> AsyncIterator[tuple["HostedEncoder", ...]]:
    """Open the hosted encoders of the settings, in their order; close them on leaving."""
    from graph.encoder.hosted import HostedEncoder

    async with AsyncExitStack() as stack:
        encoders = []
        for each in settings.embeddings:
            given = each.model_dump(exclude={"api_key_env", "name", "model", "input_usd"})
            encoders.append(HostedEncoder(each.name, model=each.model or each.name, **given))
            stack.push_async_callback(encoders[-1].aclose)
        yield tuple(encoders)


@dataclass(frozen=True, slots=True)
class Load:
    """Requests in the local model's engine."""

    running: int
    waiting: int


def load_of(route: ModelRoute) -> Load | None:
    """How busy a route's model is; None where it is not one of this process."""
    from graph.models.local import LocalChatModel

    return Load(*route.model.load) if isinstance(route.model, LocalChatModel) else None


def offload_of(route: ModelRoute) -> Offload | None:
    """What of a route's model is on a GPU; None where no model of this process can be on one."""
    from graph.models.local import LocalChatModel

    if not isinstance(route.model, LocalChatModel):
        return None
    layers, of = route.model.offloaded
    return Offload(layers, of) if of else None


async def _local_route(settings: Local, stack: AsyncExitStack) -> ModelRoute:
    from graph.models.local import LocalChatModel

    path = settings.model
    if path is None:
        path = await asyncio.to_thread(model_files.checked, model_files.CHAT)
    model = await asyncio.to_thread(
        LocalChatModel.open,
        path,
        context_tokens=settings.context_tokens,
        memory_tokens=settings.memory_tokens,
        slots=settings.slots,
        waiting=settings.waiting,
        threads=settings.threads,
        gpu_layers=settings.gpu_layers,
        adapters=settings.adapters,
    )
    stack.push_async_callback(asyncio.to_thread, model.close)
    return ModelRoute(
        name=model.model,
        rung="local",
        model=model,
        first_token_s=settings.first_token_s,
        between_tokens_s=settings.between_tokens_s,
        trusted=settings.trusted,
        context_tokens=settings.context_tokens,
        sees=types_of(settings.sees),
    )
