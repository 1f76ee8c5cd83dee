"""A call that waits for the visitor's word, as the widget is told of it and sends it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.wiring import Services
from tests.app.shop_system import System
from tests.app.tooled import REFUND
from tests.app.turning import QUESTION
from tests.app.widget.serving import Visitor, served, visitor


@pytest.fixture
async def ada(shop: Services) -> AsyncIterator[Visitor]:
    async with served(shop) as url, visitor(url) as ada:
        yield ada


def decision(asked: dict[str, Any], *, agreed: bool) -> dict[str, object]:
    return {"call": asked["call"], "digest": asked["digest"], "agreed": agreed}


async def waiting(visitor: Visitor) -> Any:
    """What an answer asks for, as it is streamed."""
    return (await visitor.ask(f"{QUESTION} {REFUND}")).last[1]["asked"]


async def test_it_is_told_with_the_answer_and_after_a_reload_until_it_is_decided(ada: Visitor, system: System) -> None:
    asked = await waiting(ada)

    assert asked["title"] == "Pay money back"
    assert [argument["name"] for argument in asked["arguments"]] == ["account", "amount"]
    assert (await ada.said())[-1]["asked"] == asked

    told = await ada.ask("Yes, do it", decision=decision(asked, agreed=True))

    assert told.text == "Done: Pay money back. [1]"
    assert told.last[1]["asked"] is None
    assert [message["asked"] for message in await ada.said()] == [None] * 4
    assert len(system.changes) == 1


async def test_no_and_then_yes_is_no(ada: Visitor, system: System) -> None:
    asked = await waiting(ada)

    await ada.ask("No, leave it", decision=decision(asked, agreed=False))
    late = await ada.ask("Yes, do it", decision=decision(asked, agreed=True))

    assert late.text.startswith("There is nothing to decide here any more")
    assert system.changes == []


async def test_nobody_decides_for_another(shop: Services, system: System) -> None:
    async with served(shop) as url, visitor(url) as ada, visitor(url) as eve:
        asked = await waiting(ada)

        told = await eve.ask("Yes, do it", decision=decision(asked, agreed=True))
        eve.conversation = ada.conversation
        foreign = await eve.ask("Yes, do it", decision=decision(asked, agreed=True))

    assert told.text.startswith("There is nothing to decide")
    assert foreign.last[0] == "failed"
    assert system.changes == []


@pytest.mark.parametrize("sent", [{"call": "x"}, {"call": None, "digest": "0" * 64, "agreed": True}])
async def test_what_is_no_decision_is_refused(ada: Visitor, sent: dict[str, object]) -> None:
    with pytest.raises(httpx.HTTPStatusError, match=r"422|400"):
        await ada.ask("Yes", decision=sent)
