"""A chat model behind any OpenAI-compatible address, over the `openai` package with its own retries switched off."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import httpx2
import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from openai.types.chat import ChatCompletion
from pydantic import PrivateAttr, SecretStr

from graph.errors import ContentRefused, StreamCut
from graph.models import openai_wire
from graph.models.bounds import bounded_client
from graph.models.faults import exceeds_context, translate

OPENAI_URL = "https://api.openai.com/v1"
OPTIONAL = (
    "stream_options",
    "reasoning_effort",
    "temperature",
    "stop",
    "max_completion_tokens",
    "max_tokens",
    "tool_choice",
    "tools",
)
"""Parameters that servers refuse now and then, and that an answer can do without."""
OTHER_NAME = {"max_completion_tokens": "max_tokens", "max_tokens": "max_completion_tokens"}
LOCAL_ONLY = frozenset({"grammar"})
HIDDEN_TOKENS = 2048
"""Room for hidden reasoning, which `max_completion_tokens` counts and `max_tokens` does not."""
TAIL_S = 1.0
"""How long to wait for usage after the finish reason; some servers keep the connection open."""


class HostedChatModel(BaseChatModel):
    """Speaks the chat completions protocol. Asynchronous only; raises `graph.errors.ModelFault` and nothing else.

    One chunk carries `finish_reason` in `response_metadata`; the last one has `usage_metadata` if the server counted. A
    stream that ends without a finish reason is a fault. A parameter that the server refuses by name is left out from
    then on. Close it with `aclose`.
    """

    model: str
    base_url: str | None = None
    api_key: SecretStr | None = None
    connect_s: float = 5.0
    read_s: float = 600.0
    temperature: float | None = None
    reasoning_effort: str | None = None

    _client: openai.AsyncOpenAI = PrivateAttr()
    _refused: frozenset[str] = PrivateAttr(default=frozenset())

    def model_post_init(self, context: Any, /) -> None:
        """Make the client; it connects when it is first used."""
        self._client = openai.AsyncOpenAI(
            api_key=(self.api_key.get_secret_value() if self.api_key else "") or "none",
            base_url=self.base_url or OPENAI_URL,
            max_retries=0,
            http_client=bounded_client(httpx2.Timeout(self.read_s, connect=self.connect_s)),
        )

    @property
    def _llm_type(self) -> str:
        return "parley-hosted"

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools to the model; `tool_choice` is `auto`, `none`, `required` or a tool's name."""
        choice: Any = tool_choice
        if tool_choice not in {None, "auto", "none", "required"}:
            choice = {"type": "function", "function": {"name": tool_choice}}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], tool_choice=choice, **kwargs)

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
        completion: ChatCompletion = await self._create(messages, stop, kwargs, stream=False)
        try:
            message = openai_wire.read_completion(completion)
        except Exception as error:  # the package builds its objects without checking them
            raise translate(error, streaming=True) from error
        _refuse_withheld(message.response_metadata["finish_reason"])
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        stream = await self._create(messages, stop, kwargs, stream=True)
        tail = openai_wire.Tail()
        try:
            events = aiter(stream)
            while True:
                try:
                    async with asyncio.timeout(TAIL_S if tail.finish_reason else None):
                        message = openai_wire.read_chunk(await anext(events), tail)
                except StopAsyncIteration:
                    break
                except Exception as error:
                    if tail.finish_reason:
                        break  # the answer is whole; only its usage is lost
                    raise translate(error, streaming=True) from error
                if message is not None:
                    _refuse_withheld(message.response_metadata.get("finish_reason"))
                    yield ChatGenerationChunk(message=message)
        finally:
            await stream.close()
        if not tail.finish_reason:
            raise StreamCut
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=tail.usage, chunk_position="last"))

    async def _create(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Mapping[str, Any], *, stream: bool
    ) -> Any:
        refused = self._refused
        while True:
            payload = self._payload(messages, stop, options, stream=stream, refused=refused)
            try:
                answer = await self._client.chat.completions.create(**payload)
            except Exception as error:
                name = _refused_parameter(error, payload)
                if name is None:
                    raise translate(error) from error
                refused = refused | {name}  # at most once for each of OPTIONAL
                continue
            self._refused = refused
            return answer

    def _payload(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        options: Mapping[str, Any],
        *,
        stream: bool,
        refused: frozenset[str],
    ) -> dict[str, Any]:
        limit_name = "max_tokens" if self.base_url else "max_completion_tokens"
        if limit_name in refused:
            limit_name = OTHER_NAME[limit_name]
        limit = options.get("max_tokens")
        if limit is not None and limit_name == "max_completion_tokens":
            limit += HIDDEN_TOKENS
        payload = {
            **{name: value for name, value in options.items() if name not in LOCAL_ONLY},
            "model": self.model,
            "messages": convert_to_openai_messages(messages),
            "stream": stream,
            "stream_options": {"include_usage": True} if stream else None,
            "temperature": options.get("temperature", self.temperature),
            "reasoning_effort": self.reasoning_effort,
            "stop": stop,
            "max_tokens": None,
            limit_name: limit,
        }
        if "tools" in refused:
            payload["tool_choice"] = None
        return {name: value for name, value in payload.items() if value is not None and name not in refused}


def _refuse_withheld(finish_reason: str | None) -> None:
    if finish_reason == "content_filter":
        raise ContentRefused


def _refused_parameter(error: Exception, payload: Mapping[str, Any]) -> str | None:
    """The parameter whose mere presence a server refused, if it is one that an answer can do without."""
    if not isinstance(error, openai.APIStatusError) or error.status_code not in {400, 422} or exceeds_context(error):
        return None
    if error.param in payload:
        return error.param if error.param in OPTIONAL else None
    return next((name for name in OPTIONAL if name in payload and name in error.message), None)
