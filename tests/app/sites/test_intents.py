"""Intents of a site: trained, corrected, compared, chosen, and moved from the configuration by the migration."""

import json
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.intents import correct_intent, corrections, intent_version, use_intents
from app.db.migrate import alembic_config, migrate
from app.db.sites import add_site
from app.db.tables import Message, Trace
from app.sites.intents import Worse, classifier_of, train_site
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.intents.load import read_intents
from graph.intents.train import Report, worse
from tests.app.sites.training import INTENTS, Sessions, site_named, use
from tests.app.turning import QUESTION, ask
from tests.graph.scripted import WordEncoder

TOPICS = {"parcel": "where is the parcel", "refund": "when comes the refund"}
CLEAR: list[dict[str, object]] = [
    {"name": name, "route": "answer", "examples": [f"{said} {number}" for number in range(8)]}
    for name, said in TOPICS.items()
]
DOUBLED = [*CLEAR, dict(CLEAR[1], name="money")]
"""With every example of one intent under another name, too."""


@pytest.fixture
async def shop(sessions: Sessions) -> Sessions:
    async with sessions.begin() as session:
        await add_site(session, "shop", {})
    return sessions


async def test_a_version_is_stored_with_its_report_and_judges_as_it_was_trained(shop: Sessions, tmp_path: Path) -> None:
    made = await use(shop, tmp_path, CLEAR)
    site, encoder = await site_named(shop), WordEncoder()
    async with shop() as session:
        stored = await intent_version(session, site.id, 1)

    assert stored is not None
    assert (made.number, site.intents_version) == (1, 1)
    assert (made.report.right, made.report.examples) == (16, 16)
    assert Report.from_stored(json.loads(json.dumps(stored.report))) == made.report
    guess = classifier_of(stored, encoder).classify("the refund?", encoder.encode(["the refund?"])[0])
    assert (guess.name, guess.runner_up) == ("refund", "parcel")
    stored.head, stored.encoder = None, ""
    assert classifier_of(stored, encoder).classify("refund", encoder.encode(["refund"])[0]).name == "refund"
    stored.head, stored.encoder = b"as another version of Parley writes them", encoder.name
    assert classifier_of(stored, encoder).classify("refund", encoder.encode(["refund"])[0]).name == "refund"


async def test_what_is_worse_stays_out_unless_it_is_forced(shop: Sessions, tmp_path: Path) -> None:
    await use(shop, tmp_path, CLEAR)

    with pytest.raises(Worse, match=r"version 1, which stays in use: of the 16 .* --anyway"):
        await use(shop, tmp_path, DOUBLED)
    assert (await site_named(shop)).intents_version == 1
    await use(shop, tmp_path, DOUBLED, anyway=True)
    assert (await site_named(shop)).intents_version == 2


def test_one_example_more_or_less_is_chance() -> None:
    wanted = read_intents({"intent": CLEAR}, where="here")
    all_right = [True] * 16

    assert worse((wanted, all_right), (wanted, [False] * 4 + [True] * 12)) is None
    assert worse((wanted, all_right), (wanted, [False] * 5 + [True] * 11)) == (16, 16, 11)
    assert worse((wanted, [False] * 16), (wanted, all_right)) is None


async def test_a_corrected_turn_is_an_example_until_its_message_is_erased(
    services: Services, request_: TurnRequest, tmp_path: Path
) -> None:
    await ask(services, request_)
    sessions = services.sessions
    await use(sessions, tmp_path)
    async with sessions.begin() as session:
        trace = (await session.scalars(select(Trace.id))).one()
        first = await correct_intent(session, request_.site_id, trace, "question")
        again = await correct_intent(session, request_.site_id, trace, "praise")
        elsewhere = await correct_intent(session, request_.site_id + 1, trace, "praise")
        assert list(await corrections(session, request_.site_id)) == [(QUESTION, "praise")]

    made = await train_site(sessions, await site_named(sessions), WordEncoder(), None)

    assert first is not None
    assert again is not None
    assert (again.taken_for, again.intent, elsewhere) == ("scripted", "praise", None)
    assert (made.number, made.report.examples, made.report.corrections) == (2, 5, 1)
    async with sessions.begin() as session:
        await session.execute(delete(Message).where(Message.id == request_.message_id))
        assert not await corrections(session, request_.site_id)
        stored = await intent_version(session, request_.site_id, 2)
        assert stored is not None
        assert QUESTION not in json.dumps([stored.content, stored.report])


async def test_the_starter_set_can_be_chosen_again(shop: Sessions, tmp_path: Path) -> None:
    await use(shop, tmp_path)
    async with shop.begin() as session:
        await use_intents(session, (await site_named(shop)).id, None)

    assert (await site_named(shop)).intents_version is None


async def test_intents_of_a_configuration_become_the_first_version(engine: AsyncEngine, sessions: Sessions) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(lambda c: command.downgrade(alembic_config(c), "0009"))
        await connection.execute(
            text(
                "INSERT INTO sites (name, config) VALUES ('shop', jsonb_build_object('intents', CAST(:own AS jsonb)))"
            ),
            {"own": json.dumps(INTENTS)},
        )
    await migrate(engine)
    site, encoder = await site_named(sessions), WordEncoder()
    async with sessions() as session:
        stored = await intent_version(session, site.id, 1)

    assert (site.config, site.intents_version) == ({}, 1)
    assert stored is not None
    assert classifier_of(stored, encoder).classify("lovely shop", encoder.encode(["lovely shop"])[0]).reply
    async with engine.begin() as connection:
        await connection.run_sync(lambda c: command.downgrade(alembic_config(c), "0009"))
        back = await connection.scalar(text("SELECT config -> 'intents' FROM sites"))
    assert back == INTENTS
