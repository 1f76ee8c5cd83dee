"""A chat model that answers at once with sentences of a passage that it was given, so that only the rest takes time."""

import re
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from graph.context import ModelRoute

SENTENCES = 3
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


class InstantChatModel(BaseChatModel):
    """Streams the first whole sentences of the first passage, slightly reworded and cited, word by word."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("the agent streams")

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for word in answer_of(str(messages[-1].content)).split(" "):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word + " "))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata={"finish_reason": "stop"}))


def answer_of(prompt: str) -> str:
    """An answer that the prompt's first passage supports. Reworded, so that no vector of it is known already."""
    after = prompt.partition("[1]")[2].partition("\n\n[2]")[0].partition("\n\nQuestion: ")[0]
    whole = [part.strip() for part in _SENTENCE.split(after) if len(part.split()) > 7 and part.endswith(".")]
    return " ".join(f"As the documents say, {sentence.rstrip('.')} [1]." for sentence in whole[:SENTENCES])


def instant_route() -> ModelRoute:
    """The model as a trusted one, whose answer is shown while it streams and checked at its end."""
    return ModelRoute("instant", "hosted", InstantChatModel(), first_token_s=5, between_tokens_s=5, trusted=True)
