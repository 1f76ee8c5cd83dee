"""What a visitor who wants a person is told, and what is kept of the wish."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from app.db.messages import NotYourConversation
from app.db.sealed import opened
from app.db.sites import configure_site
from app.db.tables import Conversation, Handover, Message
from app.db.users import ensure_guest
from app.sites.config import DAYS
from app.turn_request import TurnRequest
from app.widget.handover import take_wish
from app.widget.models import HandoverWanted
from app.widget.tokens import Visitor
from app.wiring import Services
from graph.errors import GuardDown
from tests.app.turning import Broken


@pytest.fixture
def visitor(request_: TurnRequest) -> Visitor:
    return Visitor(request_.user_id, request_.site_id, "https://www.shop.example", identified=False)


@pytest.mark.parametrize(
    ("hours", "open_now", "text"),
    [
        ({}, None, "Your wish to talk to a person is noted. Somebody will read this conversation."),
        (dict.fromkeys(DAYS, "00:00-24:00"), True, "noted. We are there until 24:00 today (UTC)."),
        (
            {"contact": "help@example.com"},
            None,
            "Somebody will read this conversation. You can also reach us at help@example.com.",
        ),
    ],
    ids=["no hours", "always there", "somewhere else"],
)
async def test_a_wish_alone_is_noted_and_answered_with_the_sites_hours(
    services: Services, visitor: Visitor, hours: dict[str, Any], open_now: bool | None, text: str
) -> None:
    async with services.sessions.begin() as session:
        await configure_site(session, "shop", {"hours": hours}, version=0)
    conversation = uuid4()

    taken = await take_wish(services, visitor, conversation, HandoverWanted(message="  ", contact=""))

    assert taken.open_now is open_now
    assert text in taken.text
    async with services.sessions() as session:
        kept = (await session.scalars(select(Handover))).one()
        (answer,) = await opened(session, (await session.scalars(select(Message))).all())
        await opened(session, [kept])
        begun = await session.get(Conversation, conversation)
    assert (kept.conversation_id, kept.note, kept.contact) == (conversation, "", "")
    assert (answer.id, answer.role, answer.status, answer.text) == (taken.id, "assistant", "done", taken.text)
    assert begun is not None
    assert (begun.user_id, begun.door) == (visitor.user_id, "widget")


async def test_a_wish_in_somebody_elses_conversation_leaves_nothing(services: Services, visitor: Visitor) -> None:
    conversation = uuid4()
    await take_wish(services, visitor, conversation, HandoverWanted(message="", contact=""))

    async with services.sessions.begin() as session:
        stranger = await ensure_guest(session, visitor.site_id, uuid4())
    wanted = HandoverWanted(message="hello", contact="")

    with pytest.raises(NotYourConversation):
        await take_wish(services, replace(visitor, user_id=stranger.id), conversation, wanted)

    assert await kept_wishes(services) == 1


async def test_what_cannot_be_protected_is_not_kept(services: Services, visitor: Visitor) -> None:
    blind = replace(services, personal_data=Broken())

    with pytest.raises(GuardDown):
        await take_wish(blind, visitor, uuid4(), HandoverWanted(message="I am Kim", contact=""))

    assert await kept_wishes(services) == 0
    async with services.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Message)) == 0


async def kept_wishes(services: Services) -> int:
    async with services.sessions() as session:
        return await session.scalar(select(func.count()).select_from(Handover)) or 0
