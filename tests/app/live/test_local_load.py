"""Sixteen visitors at once, answered by the real small model on this machine."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from app.db.sites import configure_site
from app.ingest import ingest
from app.model_files import CHAT, checked
from app.wiring import Services
from graph.context import ModelRoute
from graph.models.local import LocalChatModel
from tests.app.widget.serving import Asked, served, visitor
from tests.waiting import sooner_or_later

pytestmark = [pytest.mark.model, pytest.mark.slow]

GATES = ["amber", "birch", "cedar", "delta", "ember", "falcon", "granite", "harbor"]
GATES += ["indigo", "juniper", "kestrel", "lantern", "maple", "nickel", "opal", "pebble"]
SLOTS, WAITING = 3, 3


@pytest.fixture(scope="module")
def model() -> Iterator[LocalChatModel]:
    model = LocalChatModel.open(checked(CHAT), context_tokens=1024, slots=SLOTS, waiting=WAITING)
    yield model
    model.close()


@pytest.fixture
async def house(services: Services, model: LocalChatModel, tmp_path_factory: pytest.TempPathFactory) -> Services:
    folder = tmp_path_factory.mktemp("gates")
    for at, gate in enumerate(GATES):
        text = f"# The {gate} gate\n\nThe {gate} gate opens with the code {code(at)}. The {gate} gate has a guard.\n"
        (folder / f"{gate}.md").write_text(text, encoding="utf-8")
    await ingest(services.sessions, services.encoder, services.settings.knowledge, site="shop", paths=[folder])
    async with services.sessions.begin() as session:  # one passage: whatever the model writes is about its own gate
        await configure_site(session, "shop", {"knowledge": {"passages": 1}}, version=0)
    route = ModelRoute("small", "local", model, first_token_s=60, between_tokens_s=30, trusted=True)
    return replace(services, models=(route,))


def code(at: int) -> str:
    return f"K{at:02d}X"


def own(text: str, at: int) -> bool:
    """Whether an answer is about one's own gate. So small a model gets codes wrong, but it must not tell another's."""
    told = text.casefold()  # it writes "Birch Gate", too
    others = {code(other).casefold() for other in range(len(GATES)) if other != at}
    return GATES[at] in told and not any(other in told for other in others)


def question(at: int) -> str:
    return f"Which code opens the {GATES[at]} gate?"


async def test_sixteen_visitors_get_sixteen_whole_answers_of_their_own(house: Services) -> None:
    async with served(house) as url, AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(visitor(url)) for _ in GATES]

        asked = await asyncio.gather(*(each.ask(question(at)) for at, each in enumerate(visitors)))
        stored = await asyncio.gather(*(each.said() for each in visitors))

    for at, (one, messages) in enumerate(zip(asked, stored, strict=True)):
        assert one.last[0] == "done"
        assert own(one.text, at)
        assert [message["text"] for message in messages] == [question(at), one.text]
        assert messages[1]["status"] == "done"
    busy = [one for one in asked if "busy" in str(one.last[1]["notice"])]
    assert busy
    assert len(busy) <= len(GATES) - SLOTS - WAITING
    assert all(one.last[1]["rung"] == "quote" for one in busy)


async def test_stopping_half_of_them_frees_their_slots(house: Services, model: LocalChatModel) -> None:
    async with served(house) as url, AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(visitor(url)) for _ in range(SLOTS + WAITING)]
        asked = [Asked() for _ in visitors]
        running = [
            asyncio.create_task(each.ask(question(at), one))
            for at, (each, one) in enumerate(zip(visitors, asked, strict=True))
        ]
        await sooner_or_later(lambda: all(one.answer for one in asked), most_s=30)

        for each, one in list(zip(visitors, asked, strict=True))[::2]:
            assert (await each.http.post(f"/widget/answers/{one.answer}/stop")).status_code == 204
        await asyncio.gather(*running)

    assert [one.last[0] for one in asked[1::2]] == ["done"] * (len(asked) // 2)
    assert all(own(asked[at].text, at) for at in range(1, len(asked), 2))
    assert {one.last[0] for one in asked[::2]} <= {"stopped", "done"}
    assert "stopped" in {one.last[0] for one in asked[::2]}
    scheduler = model._engine.scheduler  # noqa: SLF001 - what the engine holds is no business of its callers
    await sooner_or_later(lambda: scheduler.running == 0)
