"""The local model as a chat model of LangChain's."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from graph.models.local.calls import NONE, CallReader, grammar_of_calls, with_tools
from graph.models.local.engine import Engine
from graph.models.local.grammar import grammar_of_schema
from graph.models.local.load import load
from graph.models.local.request import Finished
from graph.models.local.sampling import Sampling
from graph.models.local.template import Template

SAMPLING = ("temperature", "top_k", "top_p", "min_p", "repeat_penalty", "max_tokens", "seed", "grammar")


class LocalChatModel(BaseChatModel):
    """Answers in this process. Asynchronous only; raises `graph.errors.ModelFault` and nothing else.

    Takes `stop`, the fields of `Sampling`, `json_schema` (a dictionary) and tools with each call. Requests run side by
    side. Leaving a stream early frees what it holds within one step. Made by `open`; end it with `close`.
    """

    model: str
    temperature: float = 0.0
    repeat_penalty: float = 1.1
    max_tokens: int = 256

    _engine: Engine = PrivateAttr()
    _template: Template = PrivateAttr()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        context_tokens: int,
        memory_tokens: int | None = None,
        slots: int = 4,
        waiting: int = 16,
        threads: int | None = None,
        gpu_layers: int = -1,
        adapters: Sequence[Path] = (),
    ) -> Self:
        """Load a GGUF file. Blocks for seconds: call it in a thread.

        Args:
            waiting: requests that may wait beside the `slots` that run; more raise `Busy`.
            context_tokens: this and the rest as in `graph.models.local.load.load`.

        Raises:
            ConfigError: see `graph.models.local.load.load`; or the file has no chat template.
        """
        loaded = load(
            path,
            context_tokens=context_tokens,
            memory_tokens=memory_tokens,
            slots=slots,
            threads=threads,
            gpu_layers=gpu_layers,
            adapters=adapters,
        )
        model = cls(model=path.stem)
        model._template = Template(loaded.vocabulary)
        model._engine = Engine(loaded, waiting=waiting)
        return model

    @property
    def load(self) -> tuple[int, int]:
        """Requests whose answers are being written just now, and requests that wait."""
        return self._engine.running, self._engine.waiting

    @property
    def offloaded(self) -> tuple[int, int]:
        """Layers on a GPU, and layers in all; `(0, 0)` where the build of llama.cpp knows no GPU."""
        return self._engine.loaded.offloaded, self._engine.loaded.layers

    @property
    def context_tokens(self) -> int:
        """Length of the context window."""
        return self._engine.loaded.window

    @property
    def _llm_type(self) -> str:
        return "parley-local"

    def close(self) -> None:
        """Break off what is running and free the memory. Blocks for a step's time."""
        self._engine.close()

    def count_tokens(self, messages: list[BaseMessage]) -> int:
        """Tokens of the prompt that these messages make, exactly."""
        return len(self._template.tokens(messages))

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the model call tools; `tool_choice` as in `graph.models.local.calls.grammar_of_calls`."""
        given = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=given, tool_choice=tool_choice, **kwargs)

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
        tools: Sequence[dict[str, Any]] = kwargs.get("tools") or ()
        calls = CallReader() if tools and kwargs.get("tool_choice") != NONE else None
        prompt = self._template.tokens(with_tools(messages, tools) if tools else messages)
        async with aclosing(self._engine.generate(prompt, self._sampling(stop, kwargs))) as pieces:
            async for piece in pieces:
                if isinstance(piece, Finished):
                    yield ChatGenerationChunk(message=self._last(piece, calls))
                elif text := calls.add(piece) if calls else piece:
                    yield ChatGenerationChunk(message=AIMessageChunk(content=text))

    def _sampling(self, stop: Sequence[str] | None, options: dict[str, Any]) -> Sampling:
        chosen = {
            "temperature": self.temperature,
            "repeat_penalty": self.repeat_penalty,
            "max_tokens": self.max_tokens,
            **{name: options[name] for name in SAMPLING if options.get(name) is not None},
        }
        if (tools := options.get("tools")) and options.get("tool_choice") != NONE:
            chosen["grammar"] = grammar_of_calls(tools, options.get("tool_choice"))
        elif schema := options.get("json_schema"):
            chosen["grammar"] = grammar_of_schema(schema)
        return Sampling(stop=tuple(stop or ()), **chosen)

    def _last(self, finished: Finished, calls: CallReader | None) -> AIMessageChunk:
        text, call = calls.end() if calls else ("", None)
        return AIMessageChunk(
            content=text,
            tool_call_chunks=[call] if call else [],
            response_metadata={
                "finish_reason": "tool_calls" if call else finished.reason,
                "model_name": self.model,
            },
            usage_metadata=UsageMetadata(
                input_tokens=finished.input_tokens,
                output_tokens=finished.output_tokens,
                total_tokens=finished.input_tokens + finished.output_tokens,
                input_token_details=InputTokenDetails(cache_read=finished.reused_tokens),
            ),
            chunk_position="last",
        )
