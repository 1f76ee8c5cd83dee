"""What a site does with each kind of personal data: at every door, and wherever a value may stand."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from openai import BadRequestError
from sqlalchemy import select

from app.db.pseudonyms import load_pseudonyms
from app.db.sealed import opened
from app.db.tables import Attachment, CachedAnswer, Conversation, Handover, Message
from app.personal_data import KINDS, PersonalDataRefused
from app.protecting import protect
from app.turn_request import AttachedText, TurnRequest
from app.widget.handover import take_wish
from app.widget.models import HandoverWanted
from app.widget.tokens import Visitor
from app.wiring import Services
from graph.events import Done, Failed
from graph.guards.tokens import TYPES
from graph.replies import languages, said
from graph.state import Earlier
from tests.app.api.serving import client, make_token
from tests.app.api.serving import served as api_served
from tests.app.knowing import Knows, configure
from tests.app.turning import GOOD, QUESTION, ask, count, texts
from tests.app.widget.serving import served as widget_served
from tests.app.widget.serving import visitor as widget_visitor
from tests.graph.scripted import Scripted, route

CARD, NAME = "4111 1111 1111 1111", "Mira Okonkwo"
REFUSAL = "Please do not send card numbers here."
ASKED = f"{QUESTION} I am {NAME}, my card is {CARD}."


@pytest.fixture
async def shop(services: Services) -> Services:
    return replace(services, personal_data=Knows(CREDIT_CARD=CARD, PERSON=NAME))


def test_every_type_has_a_kind() -> None:
    assert set(KINDS.values()) == TYPES - {"TEXT"}
    assert {"card", "email", "person"} < set(KINDS)


@pytest.mark.parametrize("language", languages())
def test_a_refusal_names_each_kind_in_every_language(language: str) -> None:
    for kind in KINDS:
        named = said(f"personal_data.{kind}", language)
        assert named in said("personal_data.refused", language, kinds=named)


@pytest.mark.parametrize(
    ("policy", "stored"),
    [
        pytest.param({}, "I am [PERSON_1], my card is [CREDIT_CARD_1].", id="nothing is said"),
        pytest.param({"card": "replace"}, "I am [PERSON_1], my card is [CREDIT_CARD_1].", id="replaced"),
        pytest.param({"person": "keep"}, f"I am {NAME}, my card is [CREDIT_CARD_1].", id="kept"),
        pytest.param({"person": "keep", "card": "refuse"}, None, id="refused"),
    ],
)
async def test_a_message_is_stored_and_sent_as_its_site_wants(
    shop: Services, request_: TurnRequest, policy: dict[str, str], stored: str | None
) -> None:
    await configure(shop, personal_data=policy)
    model = route(GOOD)

    events = await ask(shop, replace(request_, text=ASKED), model)

    async with shop.sessions() as session:
        kept = await texts(session, select(Message).where(Message.role == "visitor"))
    assert isinstance(model.model, Scripted)
    if stored is None:
        (failed,) = events
        assert isinstance(failed, Failed)
        assert failed.text.startswith(REFUSAL)
        assert not failed.again
        assert (kept, model.model.seen) == ([], [])
        assert await count(shop.sessions, Conversation) == 0
    else:
        assert isinstance(events[-1], Done)
        assert kept == [f"{QUESTION} {stored}"]
        assert stored in model.model.seen[0][-1].text


@pytest.mark.parametrize(
    ("where", "refused"),
    [
        pytest.param({"text": CARD}, True, id="message"),
        pytest.param({"attachments": (AttachedText("n.txt", "text/plain", CARD),)}, True, id="text of a file"),
        pytest.param({"attachments": (AttachedText(f"{CARD}.txt", "text/plain", "x"),)}, True, id="name of a file"),
        pytest.param({"earlier": (Earlier("visitor", CARD),)}, True, id="earlier message"),
        pytest.param({"earlier": (Earlier("assistant", CARD),)}, False, id="earlier answer"),
    ],
)
async def test_what_a_visitor_gives_is_refused_and_what_was_answered_is_replaced(
    shop: Services, request_: TurnRequest, where: dict[str, Any], refused: bool
) -> None:
    await configure(shop, personal_data={"card": "refuse"})
    model = route(GOOD)

    events = await ask(shop, replace(request_, **where), model)

    assert isinstance(model.model, Scripted)
    assert CARD not in str(model.model.seen)
    assert "4111" not in str(events)
    assert isinstance(events[-1], Failed if refused else Done)
    assert await count(shop.sessions, Conversation) == (0 if refused else 1)
    assert not refused or await count(shop.sessions, Attachment) == 0


async def test_all_that_is_refused_is_named_at_once_in_the_visitors_language(
    shop: Services, request_: TurnRequest
) -> None:
    await configure(shop, personal_data={"card": "refuse", "person": "refuse"})

    (failed,) = await ask(shop, replace(request_, text=f"Ich bin {NAME} und meine Karte ist die {CARD}"))

    assert isinstance(failed, Failed)
    assert failed.text.startswith("Bitte senden Sie hier keine Kartennummern, keine Namen von Personen.")


async def test_a_kept_value_is_never_answered_from_the_cache_nor_kept_in_it(
    shop: Services, request_: TurnRequest
) -> None:
    await configure(shop, personal_data={"person": "keep"})

    await ask(shop, replace(request_, text=f"{NAME} asks: how long until refunds are paid?"))
    assert await count(shop.sessions, CachedAnswer) == 0

    await ask(shop, replace(request_, message_id=uuid4(), conversation_id=uuid4()))
    assert await count(shop.sessions, CachedAnswer) == 1


async def test_outside_of_messages_a_refused_kind_is_replaced(shop: Services, request_: TurnRequest) -> None:
    await configure(shop, personal_data={"card": "refuse", "person": "keep"})
    await ask(shop, request_)

    protected = await protect(shop, request_.site_id, request_.conversation_id, f"{NAME} paid with {CARD}")

    assert protected == f"{NAME} paid with [CREDIT_CARD_1]"
    async with shop.sessions() as session:
        assert await load_pseudonyms(session, request_.conversation_id) == {"[CREDIT_CARD_1]": CARD}


async def test_v1_tells_in_its_own_shape(shop: Services) -> None:
    await configure(shop, personal_data={"card": "refuse"})
    token, _ = await make_token(shop)
    earlier: list[Any] = [{"role": "user", "content": CARD}, {"role": "assistant", "content": "Thank you."}]
    now: list[Any] = [{"role": "user", "content": ASKED}]
    then: list[Any] = [*earlier, {"role": "user", "content": QUESTION}]
    async with api_served(shop) as url:
        for messages in (now, then):
            for stream in (False, True):
                with pytest.raises(BadRequestError) as refused:
                    await client(url, token).chat.completions.create(model="shop", messages=messages, stream=stream)
                assert (refused.value.type, refused.value.param) == ("invalid_request_error", "messages")
                assert REFUSAL in refused.value.message
                assert CARD not in refused.value.message


async def test_the_widget_tells_and_offers_no_other_try(shop: Services) -> None:
    await configure(shop, personal_data={"card": "refuse"})
    async with widget_served(shop) as url, widget_visitor(url) as asking:
        name, data = (await asking.ask(ASKED)).last

    assert name == "failed"
    assert str(data["text"]).startswith(REFUSAL)
    assert data["retry"] is False


async def test_a_note_for_a_person_is_refused_and_a_contact_is_replaced(shop: Services, request_: TurnRequest) -> None:
    await configure(shop, personal_data={"card": "refuse", "person": "refuse"})
    visitor = Visitor(request_.user_id, request_.site_id, "https://www.shop.example", identified=False)

    with pytest.raises(PersonalDataRefused, match=REFUSAL):
        await take_wish(shop, visitor, uuid4(), HandoverWanted(message=f"My card: {CARD}"))
    assert await count(shop.sessions, Conversation) == 0

    await take_wish(shop, visitor, uuid4(), HandoverWanted(message="Call me", contact=NAME))
    async with shop.sessions() as session:
        (wish,) = await opened(session, (await session.scalars(select(Handover))).all())
    assert wish.contact == "[PERSON_1]"
