"""Lists of names, places and common words that a head brings along, as hashes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from faker import Faker
from numpy.typing import NDArray

from evals.personal.texts import SLOT, templates
from evals.personal.translations import translations
from evals.personal.values import ABROAD, CITIES, COUNTRIES, HOME, ROMANISED
from graph.guards.words import hashed

_WORD = re.compile(r"[^\W\d_]{2,25}")
_LATIN = "\u024f"
CORPORA = (
    "docs/plausible/pages.jsonl", "docs/letsencrypt_multilingual/pages.jsonl", "docs/tau2_banking_kb/corpus.jsonl",
    "retrieval/mtrag_un/corpus.jsonl", "retrieval/xquad/corpus.en.jsonl", "retrieval/xquad/corpus.de.jsonl",
    "retrieval/xquad/corpus.es.jsonl", "retrieval/stackfaq/corpus.jsonl", "intent/banking77_oos/dev.jsonl",
    "intent/clinc150/dev.jsonl", "retrieval/scifact/corpus.jsonl",
)  # fmt: skip


def lists(data: Path) -> dict[str, NDArray[np.uint32]]:
    """Sorted hashes of each list."""
    common = _common(data)
    first, last, place = set(ROMANISED), set(ROMANISED), set[str]()
    for locale in (*ABROAD, *sum(HOME.values(), ())):
        for provider in Faker(locale).factories[0].providers:
            kind = type(provider).__module__
            for name in dir(provider):
                if ".person" in kind and re.match(r"first_names", name):
                    first |= set(_strings(getattr(provider, name)))
                elif ".person" in kind and re.match(r"last_names", name):
                    last |= set(_strings(getattr(provider, name)))
                elif ".address" in kind and re.match(
                    r"(cit(y|ies)_?(names|with.*)?|cities|towns|countries|states|provinces|counties|regions)$", name
                ):
                    place |= set(_strings(getattr(provider, name)))
    place |= {*CITIES, *COUNTRIES}
    return {
        "first": _hashes(first), "last": _hashes(last), "place": _hashes(place), "common": _hashes(common)
    }  # fmt: skip


def _common(data: Path) -> Iterator[str]:
    """Words that running text mostly writes small, and at least three times; those of sentences in other languages."""
    small: Counter[str] = Counter()
    large: Counter[str] = Counter()
    for path in CORPORA:
        for word in _WORD.findall((data / path).read_text(encoding="utf-8")):
            (small if word[0].islower() else large)[word.lower()] += 1
    for locale in ("de_DE", "fr_FR", "es_ES", "nl_NL", "nl_BE", "it_IT", "pt_BR"):
        for provider in Faker(locale).factories[0].providers:
            if ".lorem" in type(provider).__module__:
                small.update({word: 3 for each in _strings(provider.word_list) for word in _WORD.findall(each.lower())})
    for each in templates():
        small.update({word: 3 for word in _WORD.findall(SLOT.sub(" ", each)) if word.islower()})
    for sentences in translations().values():
        for each in sentences:
            small.update(dict.fromkeys(_WORD.findall(each.lower()), 3))
    return (word for word, count in small.items() if count >= 3 and count > large[word])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, dict, set, frozenset)):
        for each in value:
            yield from _strings(each)


def _hashes(values: Iterable[str]) -> NDArray[np.uint32]:
    found = {word for value in values for word in _WORD.findall(value) if max(word) <= _LATIN}
    return np.array(sorted({hashed(word) for word in found}), dtype=np.uint32)
