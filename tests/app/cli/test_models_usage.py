"""`parley models usage` agrees with the ledger, and says what it does not know."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from random import Random
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.db.engine import make_engine
from app.db.ledger import Priced, enter
from app.db.sites import ensure_site
from app.db.tables import Conversation, Trace, User
from app.db.usage import COLUMNS
from graph.events import Usage as Used
from tests.app.cli.conftest import Parley


async def _spend(database_url: str, tries: dict[str, list[list[Priced]]]) -> None:
    """Enter turns into the ledger, for each site all at once."""
    engine = make_engine(database_url)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def turn(site_id: int, trace_id: object, of_turn: list[Priced]) -> None:
        async with sessions.begin() as session:
            await enter(session, site_id, trace_id, of_turn)  # type: ignore[arg-type]

    for name, turns in tries.items():
        async with sessions.begin() as session:
            site = await ensure_site(session, name)
            user = User(site_id=site.id, identifier="guest")
            session.add(user)
            await session.flush()
            conversation = Conversation(id=uuid4(), site_id=site.id, user_id=user.id)
            session.add(conversation)
            await session.flush()
            common = {"site_id": site.id, "conversation_id": conversation.id, "duration_ms": 1.0, "outcome": "done"}
            trace = Trace(id=uuid4(), started_at=conversation.created_at, **common)
            session.add(trace)
        await asyncio.gather(*(turn(site.id, trace.id, of_turn) for of_turn in turns))
    await engine.dispose()


def _random_turns(random: Random) -> list[list[Priced]]:
    return [
        [
            Priced(
                Used(
                    "served",
                    "hosted",
                    random.randrange(5000),
                    random.randrange(500),
                    estimated=random.random() < 0.3,
                    route=random.choice(["large", "small"]),
                    outcome=random.choice(["answer", "answer", "failing"]),
                ),
                random.choice([None, Decimal(random.randrange(10**9)) / 10**10]),
            )
            for _ in range(random.randrange(1, 4))
        ]
        for _ in range(25)
    ]


@contextmanager
def _cursor(database_url: str) -> Iterator[psycopg.Cursor]:
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize("by", [(), ("day",), ("site", "model")], ids=["everything", "day", "site and model"])
def test_the_total_is_the_ledgers_sum_to_the_last_digit(parley: Parley, database_url: str, by: tuple[str, ...]) -> None:
    random = Random(11)  # noqa: S311 - amounts only
    asyncio.run(_spend(database_url, {"shop": _random_turns(random), "bank": _random_turns(random)}))
    with _cursor(database_url) as cursor:
        counts = (
            "count(*), count(*) FILTER (WHERE outcome = 'answer'), sum(input_tokens)::bigint, "
            "sum(output_tokens)::bigint, count(*) FILTER (WHERE estimated), count(*) FILTER (WHERE cost_usd IS NULL)"
        )
        cursor.execute(f"SELECT {counts} FROM usage".encode())  # noqa: S608 - no values in it
        expected = list(cursor.fetchone() or ())
        cursor.execute("SELECT sum(cost_usd) FROM usage")
        (money,) = cursor.fetchone() or (None,)
        cursor.execute("SELECT sum(cost_usd) FROM spend WHERE period = 'day'")
        (spent,) = cursor.fetchone() or (None,)

    ran = parley("models", "usage", "--json", *(word for column in by for word in ("--by", column)))
    *rows, last = ran.lines

    names = ("tries", "answers", "input_tokens", "output_tokens", "estimated", "unpriced")
    assert [last["total"][name] for name in names] == expected
    assert [sum(row[name] for row in rows) for name in names] == expected
    assert Decimal(last["total"]["cost_usd"]) == sum(Decimal(row["cost_usd"]) for row in rows) == money == spent
    assert {column for row in rows for column in COLUMNS if column in row} == set(by or COLUMNS)
    keys = [tuple(row[column] for column in by or COLUMNS) for row in rows]
    assert keys == sorted(set(keys))


def test_only_the_days_and_the_site_that_are_asked_for(parley: Parley, database_url: str) -> None:
    one = [[Priced(Used("m", "hosted", 10, 1, route="m"), Decimal("0.10"))]]
    asyncio.run(_spend(database_url, {"shop": one * 2, "bank": one}))
    with _cursor(database_url) as cursor:  # one of the shop's was yesterday, within its last minute
        cursor.execute(
            "UPDATE usage SET created_at = date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' "
            "- interval '1 minute' WHERE id = (SELECT min(id) FROM usage)"
        )

    def money(*options: str) -> str:
        return str(parley("models", "usage", "--json", *options).lines[-1]["total"]["cost_usd"])

    assert [money("--days", "1"), money("--days", "2"), money("--site", "bank")] == ["0.20", "0.30", "0.10"]
    assert money("--site", "shop", "--days", "1") == "0.10"


def test_what_nobody_knows_the_price_of_is_said(parley: Parley, database_url: str) -> None:
    tries = [Priced(Used("m", "hosted", 10, 1, route="m", estimated=True), None)]
    tries += [Priced(Used("n", "hosted", 1000, 1, route="n"), Decimal("1.25"))]
    asyncio.run(_spend(database_url, {"shop": [tries]}))

    out = parley("models", "usage").out

    assert "1.250000+" in out
    assert "1 try of models whose price is not known" in out
    assert "1 try whose tokens the provider did not count" in out


def test_an_empty_ledger_has_a_total(parley: Parley) -> None:
    ran = parley("models", "usage", "--json")

    assert [line["total"]["cost_usd"] for line in ran.lines] == ["0"]
    assert ran.code == 0


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        pytest.param(["--site", "nowhere"], 1, "There is no site nowhere", id="site"),
        pytest.param(["--by", "hour"], 2, "There is nothing by 'hour'", id="column"),
        pytest.param(["--days", "0"], 2, "--days", id="days"),
    ],
)
def test_wrong_use_is_one_sentence(parley: Parley, options: list[str], code: int, says: str) -> None:
    ran = parley("models", "usage", *options)

    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
