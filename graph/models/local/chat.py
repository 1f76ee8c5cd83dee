"""The local model as a chat model of LangChain's."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from graph.models.local.engine import Engine, Finished, Sampling
from graph.models.local.load import load
from graph.models.local.template import Template


class LocalChatModel(BaseChatModel):
    """Answers in this process. Asynchronous only; raises `graph.errors.ModelFault` and nothing else.

    Takes `temperature`, `repeat_penalty`, `max_tokens`, `stop` and `grammar` (GBNF) with each call. Requests are served
    one after the other. Leaving a stream early frees the model within one token, or one step (`load.PROMPT_STEP`)
    of a prompt that is being read. Made by `open`; end it with `close`.
    """

    model: str
    temperature: float = 0.0
    repeat_penalty: float = 1.1
    max_tokens: int = 256

    _engine: Engine = PrivateAttr()
    _template: Template = PrivateAttr()

    @classmethod
    def open(cls, path: Path, *, context_tokens: int, threads: int | None = None, gpu_layers: int = -1) -> Self:
        """Load a GGUF file. Blocks for seconds: call it in a thread.

        Raises:
            ConfigError: see `graph.models.local.load.load`; or the file has no chat template.
        """
        loaded = load(path, context_tokens=context_tokens, threads=threads, gpu_layers=gpu_layers)
        model = cls(model=path.stem)
        model._template = Template(loaded.llama)
        model._engine = Engine(loaded)
        return model

    @property
    def offloaded(self) -> tuple[int, int]:
        """Layers on a GPU, and layers in all; `(0, 0)` where the build of llama.cpp knows no GPU."""
        return self._engine.loaded.offloaded, self._engine.loaded.layers

    @property
    def context_tokens(self) -> int:
        """Length of the context window."""
        return self._engine.context_tokens

    @property
    def _llm_type(self) -> str:
        return "parley-local"

    def close(self) -> None:
        """Break off what is running and free the memory. Blocks for a token's time."""
        self._engine.close()

    def count_tokens(self, messages: list[BaseMessage]) -> int:
        """Tokens of the prompt that these messages make, exactly."""
        self._engine.check_open()
        return len(self._template.tokens(messages))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("This model is asynchronous only; use ainvoke or astream.")

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, run_manager, **kwargs))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._engine.check_open()
        sampling = Sampling(
            temperature=kwargs.get("temperature", self.temperature),
            repeat_penalty=kwargs.get("repeat_penalty", self.repeat_penalty),
            max_tokens=kwargs.get("max_tokens", self.max_tokens),
            stop=tuple(stop or ()),
            grammar=kwargs.get("grammar"),
        )
        async with aclosing(self._engine.generate(self._template.tokens(messages), sampling)) as pieces:
            async for piece in pieces:
                message = self._last(piece) if isinstance(piece, Finished) else AIMessageChunk(content=piece)
                yield ChatGenerationChunk(message=message)

    def _last(self, finished: Finished) -> AIMessageChunk:
        return AIMessageChunk(
            content="",
            response_metadata={"finish_reason": finished.reason, "model_name": self.model},
            usage_metadata=UsageMetadata(
                input_tokens=finished.input_tokens,
                output_tokens=finished.output_tokens,
                total_tokens=finished.input_tokens + finished.output_tokens,
                input_token_details=InputTokenDetails(cache_read=finished.reused_tokens),
            ),
            chunk_position="last",
        )
