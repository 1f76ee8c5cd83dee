"""From messages to the tokens of a prompt, by the chat template in the model file."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage, convert_to_openai_messages

from graph.errors import ConfigError, RequestRefused

if TYPE_CHECKING:
    from llama_cpp import Llama

CONTROL_ATTRIBUTES = 1 << 3 | 1 << 4
"""`LLAMA_TOKEN_ATTR_CONTROL` and `LLAMA_TOKEN_ATTR_USER_DEFINED`."""


class Template:
    """Renders and tokenises prompts. Reads the vocabulary only, so any thread may use it beside the engine's."""

    def __init__(self, llama: "Llama") -> None:
        """Raises ConfigError if the model file has no chat template."""
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        source = llama.metadata.get("tokenizer.chat_template")
        if not source:
            raise ConfigError("The local model has no chat template; use an instruction-tuned model.")
        self._llama = llama
        pieces = _special_pieces(llama)
        self._special = re.compile("|".join(map(re.escape, sorted(pieces, key=len, reverse=True))) or r"(?!)")
        self._bos = _piece(llama, llama.token_bos())
        self._render = Jinja2ChatFormatter(source, eos_token=_piece(llama, llama.token_eos()), bos_token=self._bos)

    def tokens(self, messages: Sequence[BaseMessage]) -> list[int]:
        """Return the prompt that asks for the next answer.

        Control tokens that are spelled out in a message are broken up: nobody ends a turn by writing its end token.

        Raises:
            RequestRefused: the template does not take these messages.
        """
        plain: list[Any] = convert_to_openai_messages(list(messages))
        for message in plain:
            message["content"] = self._special.sub(lambda found: _broken(found[0]), _text(message.get("content")))
        try:
            prompt = self._render(messages=plain).prompt
        except Exception as error:  # templates raise what they like, such as for a system message they do not know
            raise RequestRefused("The local model's chat template does not take these messages.") from error
        add_bos = not (self._bos and prompt.startswith(self._bos))
        return self._llama.tokenize(prompt.encode(), add_bos=add_bos, special=True)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(str(block.get("text", "")) for block in content or () if isinstance(block, dict))


def _broken(piece: str) -> str:
    return f"{piece[0]} {piece[1:]}"


def _piece(llama: "Llama", token: int) -> str:
    return llama.detokenize([token], special=True).decode("utf-8", "replace") if token >= 0 else ""


def _special_pieces(llama: "Llama") -> set[str]:
    import llama_cpp

    vocab = llama_cpp.llama_model_get_vocab(llama.model)
    found = (
        _piece(llama, token)
        for token in range(llama.n_vocab())
        if llama_cpp.llama_vocab_get_attr(vocab, token) & CONTROL_ATTRIBUTES
    )
    return {piece for piece in found if len(piece) > 1}
