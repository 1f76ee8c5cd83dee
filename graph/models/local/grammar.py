"""Grammars that hold a model's output."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.errors import RequestRefused
from graph.models.local.candidates import Candidates
from graph.models.local.library import library
from graph.models.local.vocabulary import Vocabulary


class Grammar:
    """How far a text has come in a GBNF grammar, and which tokens may come next. Close it when the text has ended."""

    def __init__(self, vocabulary: Vocabulary, text: str) -> None:
        """Raises RequestRefused if llama.cpp cannot read the grammar."""
        self._library = library()
        self._sampler: Any = self._library.llama_sampler_init_grammar(vocabulary.pointer, text.encode(), b"root")
        if not self._sampler:
            raise RequestRefused("The local model cannot read the grammar.")

    def allowed(self, ids: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which of the tokens may come next; shape as `ids`."""
        candidates = Candidates(ids, np.zeros(len(ids), np.float32))
        candidates.apply(self._sampler)
        return np.isfinite(candidates.logits)

    def accept(self, token: int) -> None:
        """Go on by a token. It must be allowed: another one ends the process."""
        self._library.llama_sampler_accept(self._sampler, token)

    def close(self) -> None:
        """Free the memory."""
        self._library.llama_sampler_free(self._sampler)


def grammar_of_schema(schema: dict[str, Any]) -> str:
    """A GBNF grammar of the JSON values that a JSON schema admits. References to other documents are not followed.

    Raises:
        RequestRefused: the schema uses what cannot be put into a grammar.
    """
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        grammar: str = json_schema_to_gbnf(json.dumps(schema))
    except Exception as error:  # the converter raises what it comes upon
        raise RequestRefused("The local model cannot hold its output to this JSON schema.") from error
    return grammar
