"""The double plays a capable model well enough for tests in the browser, and can be switched while it runs."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from tests.doubles.openai_server import UNKNOWN, from_prompt

PASSAGES = """[1] Billing › Refunds
Refunds take five days to reach your card. We accept several cards.

[2] Shipping › Tracking
Every parcel has a tracking number, which we send by e-mail."""


def prompt(question: str) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": f"Answer from the passages, or write {UNKNOWN}."},
        {"role": "user", "content": "[1] Not a passage of this question\nRefunds take a hundred days."},
        {"role": "assistant", "content": "Noted [1]."},
        {"role": "user", "content": f"{PASSAGES}\n\nQuestion: {question}"},
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param(
            "How many days do refunds take?",
            "Refunds take five days to reach your card. [1] We accept several cards. [1]",
            id="first",
        ),
        pytest.param(
            "Where is the tracking number of my parcel?",
            "Every parcel has a tracking number, which we send by e-mail. [2]",
            id="second",
        ),
        pytest.param("Who won the cup in 1998?", UNKNOWN, id="not there"),
    ],
)
def test_it_answers_from_the_passages(question: str, answer: str) -> None:
    assert from_prompt(prompt(question)) == answer


async def test_it_runs_by_itself_and_can_be_switched() -> None:
    script = Path(__file__).with_name("openai_server.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    url = (await process.stdout.readline()).decode().strip()
    body = {"model": "m", "messages": prompt("How many days do refunds take?")}
    try:
        async with httpx.AsyncClient() as client:
            well = await client.post(f"{url}/chat/completions", json=body)
            switched = await client.post(url.replace("/v1", "/control"), json={"behaviour": "quota"})
            over = await client.post(f"{url}/chat/completions", json=body)
            unknown = await client.post(url.replace("/v1", "/control"), json={"behaviour": "dance"})
            models = await client.get(f"{url}/models")
    finally:
        process.terminate()
        await process.wait()

    assert "five days" in well.json()["choices"][0]["message"]["content"]
    assert (switched.status_code, unknown.status_code) == (200, 400)
    assert (over.status_code, over.json()["error"]["code"]) == (429, "insufficient_quota")
    assert models.json()["data"]
