"""From messages to the tokens of a prompt, by the chat template in the model file."""

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, convert_to_openai_messages

from graph.errors import ConfigError, RequestRefused
from graph.models.local.vocabulary import Vocabulary


class Template:
    """Renders and tokenises prompts. Reads the vocabulary only, so any thread may use it beside the engine's."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Raises ConfigError if the model file has no chat template."""
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        source = vocabulary.metadata("tokenizer.chat_template")
        if not source:
            raise ConfigError("The local model has no chat template; use an instruction-tuned model.")
        self._vocabulary = vocabulary
        pieces = vocabulary.special()
        self._special = re.compile("|".join(map(re.escape, sorted(pieces, key=len, reverse=True))) or r"(?!)")
        self._render = Jinja2ChatFormatter(source, eos_token=vocabulary.end, bos_token=vocabulary.begin)

    def tokens(self, messages: Sequence[BaseMessage]) -> list[int]:
        """Return the prompt that asks for the next answer.

        Control tokens that are spelled out in a message are broken up: nobody ends a turn by writing its end token.

        Raises:
            RequestRefused: the template does not take these messages.
            ServerFault: the model was closed.
        """
        plain: list[Any] = convert_to_openai_messages(list(messages))
        for message in plain:
            message["content"] = self._special.sub(lambda found: _broken(found[0]), _text(message.get("content")))
        try:
            prompt: str = self._render(messages=plain).prompt
        except Exception as error:  # templates raise what they like, such as for a system message they do not know
            raise RequestRefused("The local model's chat template does not take these messages.") from error
        begin = self._vocabulary.begin
        return self._vocabulary.tokens(prompt, begin=not (begin and prompt.startswith(begin)))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(str(block.get("text", "")) for block in content or () if isinstance(block, dict))


def _broken(piece: str) -> str:
    return f"{piece[0]} {piece[1:]}"
