"""Grammars that hold a model's output."""

from typing import TYPE_CHECKING

from graph.errors import RequestRefused

if TYPE_CHECKING:
    from llama_cpp import Llama
    from llama_cpp.llama_grammar import LlamaGrammar


def compiled(llama: "Llama", grammar: str | None) -> "LlamaGrammar | None":
    """Return a GBNF grammar for `Llama.generate`, None for none.

    Raises:
        RequestRefused: llama.cpp cannot read it. Unchecked, it would end the process.
    """
    import llama_cpp
    from llama_cpp.llama_grammar import LlamaGrammar

    if grammar is None:
        return None
    vocab = llama_cpp.llama_model_get_vocab(llama.model)
    sampler = llama_cpp.llama_sampler_init_grammar(vocab, grammar.encode(), b"root")
    if not sampler:
        raise RequestRefused("The local model cannot read the grammar.")
    llama_cpp.llama_sampler_free(sampler)
    return LlamaGrammar.from_string(grammar)
