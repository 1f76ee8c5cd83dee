"""Which idle sequence serves a prompt, and which gives way."""

import numpy as np
import pytest

from graph.models.local.prefixes import Prefixes, Tokens, shared_length


def tokens(text: str) -> Tokens:
    return np.array([ord(letter) for letter in text], np.int32)


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [("", "", 0), ("abc", "", 0), ("abc", "abc", 3), ("abc", "abd", 2), ("abc", "abcde", 3), ("xbc", "abc", 0)],
)
def test_shared_length(one: str, other: str, length: int) -> None:
    assert shared_length(tokens(one), tokens(other)) == shared_length(tokens(other), tokens(one)) == length


def test_the_longest_common_beginning_wins() -> None:
    prefixes = Prefixes(4)
    for sequence, text in enumerate(("abx", "abcdx", "abcy", "zzzz")):
        assert prefixes.keep(sequence, tokens(text)) == []

    assert prefixes.best(tokens("abcdef")) == (1, 4)
    assert prefixes.best(tokens("q"))[1] == 0


def test_the_one_that_served_longest_ago_gives_way() -> None:
    prefixes = Prefixes(2)
    prefixes.keep(0, tokens("aaa"))
    prefixes.keep(1, tokens("bbb"))
    prefixes.used(0)

    assert prefixes.keep(2, tokens("ccc")) == [1]
    assert prefixes.drop_oldest() == 0


def test_what_begins_another_one_is_not_kept_beside_it() -> None:
    prefixes = Prefixes(4)
    prefixes.keep(0, tokens("abc"))

    assert prefixes.keep(1, tokens("abcd")) == [0]
    assert prefixes.keep(2, tokens("ab")) == [2]
    assert prefixes.keep(3, tokens("abcd")) == [3]
    assert len(prefixes) == 1


def test_none_is_left_to_give_way() -> None:
    assert Prefixes(2).drop_oldest() is None
