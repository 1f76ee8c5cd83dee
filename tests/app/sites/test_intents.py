"""Intents of a site: trained, corrected, compared, chosen, and moved from the configuration by the migration."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
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
from graph.context import FloatArray
from graph.intents.load import IntentSet, read_intents
from graph.intents.starter import starter_intents
from graph.intents.train import Report, Share, worse
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


def renamed(intents: list[dict[str, object]], **names: str) -> list[dict[str, object]]:
    return [dict(intent, name=names.get(str(intent["name"]), intent["name"])) for intent in intents]


@pytest.mark.parametrize(
    ("names", "compared"),
    [
        pytest.param({"parcel": "delivery", "refund": "money back"}, (16, 16, 8), id="all have new names"),
        pytest.param({"parcel": "refund", "refund": "parcel"}, (16, 16, 8), id="names are exchanged"),
        pytest.param({}, (16, 16, 8), id="the same names"),
    ],
)
def test_examples_are_compared_whatever_their_intent_is_called(
    names: dict[str, str], compared: tuple[int, int, int]
) -> None:
    before, after = (
        read_intents({"intent": CLEAR}, where=""),
        read_intents({"intent": renamed(CLEAR, **names)}, where=""),
    )

    assert worse((before, [True] * 16), (after, [False] * 8 + [True] * 8)) == compared


def test_an_example_that_has_gone_over_to_another_intent_is_not_compared() -> None:
    before = read_intents({"intent": CLEAR}, where="")
    parcel, refund = before.intents
    moved = IntentSet(
        (replace(parcel, examples=parcel.examples[:3]), replace(refund, examples=refund.examples + parcel.examples[3:]))
    )

    assert worse((before, [True] * 16), (moved, [True] * 11 + [False] * 5)) is None


@pytest.mark.parametrize(
    ("now", "then", "below"),
    [
        pytest.param(Share(60, 100), Share(80, 100), True, id="clearly"),
        pytest.param(Share(78, 100), Share(80, 100), False, id="by chance"),
        pytest.param(Share(0, 4), Share(4, 4), True, id="few but all"),
        pytest.param(Share(0, 3), Share(1, 3), False, id="too few"),
        pytest.param(Share(90, 100), Share(80, 100), False, id="above"),
        pytest.param(Share(0, 0), Share(80, 100), False, id="nothing to compare"),
    ],
)
def test_a_share_is_clearly_below_another(now: Share, then: Share, *, below: bool) -> None:
    assert now.clearly_below(then) is below


WEATHER = [f"will it rain on day {number}" for number in range(8)]


async def test_a_gate_that_stops_fewer_or_lets_fewer_through_stays_out(shop: Sessions, tmp_path: Path) -> None:
    gated = {"keep": 0.95, "examples": WEATHER}
    made = await use(shop, tmp_path, CLEAR, gate=gated)
    assert (made.report.caught, made.report.strange) == (8, 8)

    with pytest.raises(Worse, match="stops 0 of 8 examples out of scope and stopped 8 of 8"):
        await use(shop, tmp_path, CLEAR)
    with pytest.raises(Worse, match="lets 8 of 16 known messages through and let 15 of 16"):
        await use(shop, tmp_path, CLEAR, gate=gated | {"keep": 0.5})
    await use(shop, tmp_path, renamed(CLEAR, parcel="delivery"), gate=gated)


async def test_intents_are_compared_with_the_starter_set_and_with_those_of_another_encoder(
    shop: Sessions, tmp_path: Path
) -> None:
    starter: list[dict[str, object]] = [
        {"name": f"my {intent.name}", "route": "answer", "examples": list(intent.examples)}
        for intent in starter_intents().intents
    ]
    mixed = [*starter, *(dict(intent, name=f"also {intent['name']}") for intent in starter)]

    with pytest.raises(Worse, match="than the starter set, which stays in use: of the"):
        await use(shop, tmp_path, mixed)
    await use(shop, tmp_path, CLEAR)
    with pytest.raises(Worse, match="version 1, which stays in use: of the 16"):
        await use(shop, tmp_path, renamed(DOUBLED, refund="repayment"), encoder=Backwards())


class Backwards(WordEncoder):
    """Another encoder."""

    name = "backwards"

    def encode(self, texts: Sequence[str]) -> FloatArray:
        return np.ascontiguousarray(super().encode(texts)[:, ::-1])


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
