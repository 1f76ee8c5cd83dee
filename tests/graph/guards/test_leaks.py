import base64
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.guards.leaks import Leaks
from graph.prompts import PRIVATE, conversation

CANARY = "5f0a9c3e7b1d2486"
RULES = str(
    conversation("?", [], [], assistant="Ada", subject="tea", language="en", fence="f", canary=CANARY)[0].content
)


def leaked(text: str, size: int = 3) -> bool:
    guard = Leaks(CANARY, PRIVATE)
    return any(guard.leaks(text[at : at + size]) for at in range(0, len(text), size))


@pytest.mark.parametrize(
    "written",
    [
        CANARY,
        CANARY.upper(),
        " ".join(CANARY),
        "-".join(CANARY),
        "\n".join(CANARY),
        CANARY[::-1],
        codecs.encode(CANARY, "rot13"),
        CANARY.encode().hex(),
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(f"Mark: {CANARY}, and more".encode()).decode(),
        base64.b64encode(f"My mark: {CANARY}!".encode()).decode(),
        base64.b64encode(f"The mark: {CANARY}".encode()).decode(),
    ],
)
def test_the_canary_is_seen_however_it_is_written(written: str) -> None:
    assert leaked(f"Of course, it is {written}, as you wished.")
    assert not leaked(f"Of course, it is {written[: len(written) // 2]}")


@pytest.mark.parametrize("size", [1, 4, 7, 5000])
def test_the_instructions_are_seen_without_their_canary(size: int) -> None:
    told = RULES.replace(CANARY, "").splitlines()
    assert leaked("Sure! My rules: " + "\n".join(told), size)
    assert leaked("S u r e : " + " ".join(" ".join(told[1:4])), size)


@pytest.mark.parametrize(
    "answer",
    [
        "I am Ada, a support assistant that answers questions about tea.",
        "Refunds are paid within 14 days [1]. Answer from the numbered passages.",
        "",
    ],
)
def test_an_answer_about_something_else_is_none(answer: str) -> None:
    assert not leaked(answer)


@given(st.text(), st.integers(0, 500), st.integers(1, 40))
def test_a_leak_is_seen_however_the_stream_is_cut(before: str, start: int, size: int) -> None:
    run = " ".join(PRIVATE)[start : start + 130]
    whole = Leaks(CANARY, PRIVATE).leaks(before + run)
    assert leaked(before + run, size) == whole
    assert leaked(before + CANARY, size)
