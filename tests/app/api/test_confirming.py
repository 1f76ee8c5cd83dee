"""A call that waits for the asker's word, through the API."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from openai import BadRequestError

from app.wiring import Services
from tests.app.api.serving import client, make_token, served
from tests.app.shop_system import System
from tests.app.tooled import REFUND
from tests.app.turning import QUESTION

ASKING: list[Any] = [{"role": "user", "content": f"{QUESTION} {REFUND}"}]
YES: list[Any] = [{"role": "user", "content": "Yes, do it"}]


@pytest.fixture
async def api(shop: Services) -> AsyncIterator[Any]:
    token = (await make_token(shop))[0]
    async with served(shop) as url:
        yield client(url, token)


def extension(completion: Any) -> dict[str, Any]:
    told: dict[str, Any] = completion.choices[0].message.model_extra["parley"]
    return told


def decided(asked: dict[str, Any]) -> dict[str, Any]:
    decision = {"call": asked["call"], "digest": asked["digest"], "agreed": True}
    return {"parley": {"conversation": asked["conversation"], "decision": decision}}


async def test_it_is_told_and_taken(api: Any, system: System) -> None:
    asked = extension(await api.chat.completions.create(model="shop", messages=ASKING, user="ada"))["asked"]
    assert system.changes == []
    assert asked["title"] == "Pay money back"

    done = await api.chat.completions.create(model="shop", messages=YES, user="ada", extra_body=decided(asked))

    assert done.choices[0].message.content == "Done: Pay money back. [1]"
    assert extension(done)["asked"] is None
    assert len(system.changes) == 1


async def test_a_stream_tells_it_at_its_end(api: Any) -> None:
    stream = await api.chat.completions.create(model="shop", messages=ASKING, stream=True)
    chunks = [chunk async for chunk in stream]

    last = next(chunk for chunk in reversed(chunks) if chunk.choices)
    assert last.choices[0].delta.model_extra["parley"]["asked"]["title"] == "Pay money back"


@pytest.mark.parametrize("user", ["eve", None])
async def test_nobody_decides_for_another(api: Any, system: System, user: str | None) -> None:
    asked = extension(await api.chat.completions.create(model="shop", messages=ASKING, user="ada"))["asked"]

    with pytest.raises(BadRequestError, match="no such conversation"):
        await api.chat.completions.create(
            model="shop", messages=YES, extra_body=decided(asked), **({"user": user} if user else {})
        )

    assert system.changes == []


@pytest.mark.parametrize("part", ["conversation", "decision"])
async def test_half_a_decision_is_refused(api: Any, part: str) -> None:
    whole = decided({"call": str(uuid4()), "digest": "0" * 64, "conversation": str(uuid4())})
    half = {"parley": {part: whole["parley"][part]}}

    with pytest.raises(BadRequestError, match="give both, or neither"):
        await api.chat.completions.create(model="shop", messages=YES, extra_body=half)
