"""What a site's owner sets decides how its questions are answered, and no other site's."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from app.db.sites import configure_site, ensure_site
from app.db.users import ensure_guest
from app.ingest import ingest
from app.sites.config import DAYS
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.context import ModelRoute
from graph.events import Done
from tests.app.sites.training import use
from tests.app.turning import GOOD, QUESTION, REFUNDS, ask
from tests.graph.scripted import FixedIntent, Scripted

INTENTS: list[dict[str, object]] = [
    {"name": "question", "route": "answer", "examples": ["where is my parcel", "which size fits me"]},
    {"name": "refunds", "route": "reply", "reply": "{assistant} refunds {subject} at once.", "examples": [QUESTION]},
]


@pytest.fixture
def model() -> Scripted:
    return Scripted(text=GOOD)


async def answered(services: Services, model: Scripted, request: TurnRequest) -> Done:
    route = ModelRoute("big", "hosted", model, first_token_s=5, between_tokens_s=5, trusted=True)
    *_, last = await ask(services, replace(request, message_id=uuid4(), conversation_id=uuid4()), route)
    assert isinstance(last, Done), last
    return last


async def configure(services: Services, name: str, config: dict[str, Any], version: int = 0) -> None:
    async with services.sessions.begin() as session:
        assert await configure_site(session, name, config, version=version)


async def test_a_site_that_quotes_asks_no_model(services: Services, model: Scripted, request_: TurnRequest) -> None:
    assert (await answered(services, model, request_)).rung == "hosted"
    asked = len(model.seen)
    await configure(services, "shop", {"models": {"answers": ["quote"]}})

    quoted = await answered(services, model, request_)

    assert quoted.rung == "quote"
    assert "14 days" in quoted.text
    assert len(model.seen) == asked


async def test_own_intents_answer_for_their_own_site_only(
    services: Services, model: Scripted, request_: TurnRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("other")
    (folder / "refunds.md").write_text(REFUNDS, encoding="utf-8")
    await ingest(services.sessions, services.encoder, services.settings.knowledge, site="other", paths=[folder])
    async with services.sessions.begin() as session:
        site = await ensure_site(session, "other")
        user = await ensure_guest(session, site.id, uuid4())
    elsewhere = replace(request_, site_id=site.id, user_id=user.id)
    look = {"look": {"name": "Ada"}, "knowledge": {"subject": "parcels"}}
    await configure(services, "shop", look)
    await use(services.sessions, folder, INTENTS, encoder=services.encoder)

    own, other = await answered(services, model, request_), await answered(services, model, elsewhere)

    assert (own.rung, own.text) == ("fixed", "Ada refunds parcels at once.")
    assert (other.rung, other.text) == ("hosted", GOOD)


async def test_how_sure_it_must_be_is_the_sites_own(services: Services, model: Scripted, request_: TurnRequest) -> None:
    await configure(services, "shop", {"knowledge": {"min_similarity": 1.0}})

    unsure = await answered(services, model, request_)

    assert not unsure.sources
    assert model.seen == []


async def test_who_asks_for_a_person_is_told_the_sites_hours(
    services: Services, model: Scripted, request_: TurnRequest
) -> None:
    hours = dict.fromkeys(DAYS, "00:00-24:00") | {"timezone": "Europe/Berlin", "contact": "help@example.com"}
    await configure(services, "shop", {"hours": hours})
    wishing = replace(services, intents=FixedIntent("handover", "I will call somebody."))

    told = await answered(wishing, model, request_)

    assert "until 24:00 today (Europe/Berlin)" in told.text
    assert "help@example.com" in told.text
