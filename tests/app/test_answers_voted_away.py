"""What was voted away is not given again, nor kept again while the documents stay as they are."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from app.db.cache import forget_answer, forget_old_answers
from app.db.scores import rate
from app.db.tables import CachedAnswer, UnwantedAnswer
from app.ingest import ingest
from app.turn_request import TurnRequest
from app.wiring import Services
from graph.context import ModelRoute
from graph.events import Done
from tests.app.turning import GOOD, ask, count
from tests.graph.scripted import Scripted, route
from tests.waiting import sooner_or_later

OTHER = "They go to the card that you paid with [1]."
"""What the model says when it is asked again: whoever reads it was not answered from the cache."""
WAITING = text(
    "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database "
    "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted)"
)
REWORDED = "How long until the refunds are paid?"


def another(request: TurnRequest, **changes: object) -> TurnRequest:
    """The same visitor's first message of another conversation."""
    return replace(request, conversation_id=uuid4(), message_id=uuid4(), **changes)  # type: ignore[arg-type]


async def said(services: Services, request: TurnRequest, *models: ModelRoute) -> str:
    *_, done = await ask(services, request, *models or (route(OTHER),))
    assert isinstance(done, Done), done
    return done.text


async def vote_down(services: Services, request: TurnRequest, model: ModelRoute | None = None) -> None:
    """Ask, and judge the answer as not helpful."""
    *_, done = await ask(services, request, *[model] if model else [])
    assert isinstance(done, Done)
    async with services.sessions.begin() as session:
        await rate(session, request.user_id, UUID(done.message_id), 0.0, None)


async def test_what_was_voted_away_is_not_recalled_by_another_wording(
    services: Services, request_: TurnRequest
) -> None:
    await vote_down(services, another(request_))

    assert await said(services, another(request_, text=REWORDED), route(GOOD)) == GOOD
    assert await said(services, another(request_)) == OTHER
    assert await said(services, another(request_, text=REWORDED)) == GOOD, "nobody has judged this one"


async def test_a_vote_on_another_wording_is_one_on_both_questions(services: Services, request_: TurnRequest) -> None:
    await said(services, another(request_), route(GOOD))
    await vote_down(services, another(request_, text=REWORDED))

    for _ in range(2):
        assert await said(services, another(request_, text=REWORDED)) == OTHER
        assert await said(services, another(request_)) == OTHER
    assert await count(services.sessions, CachedAnswer) == 0


async def test_what_was_voted_away_is_kept_again_once_documents_have_changed(
    services: Services, request_: TurnRequest, tmp_path: Path
) -> None:
    await vote_down(services, another(request_))
    assert await count(services.sessions, UnwantedAnswer) == 1
    (tmp_path / "parcels.md").write_text("# Parcels\n\nThey are carried by bicycle.\n", encoding="utf-8")
    await ingest(services.sessions, services.encoder, services.settings.knowledge, site="shop", paths=[tmp_path])
    await ask(services, another(request_))

    assert await said(services, another(request_)) == GOOD
    async with services.sessions.begin() as session:
        await forget_old_answers(session)
    assert await count(services.sessions, UnwantedAnswer) == 0


async def test_a_vote_holds_for_readers_with_the_same_labels_only(services: Services, request_: TurnRequest) -> None:
    await vote_down(services, another(request_, labels=frozenset({"staff"})))
    await said(services, another(request_), route(GOOD))

    assert await said(services, another(request_)) == GOOD


async def test_a_vote_while_the_same_question_is_being_answered_counts(
    services: Services, request_: TurnRequest
) -> None:
    class Slow(Scripted):
        """Answers while somebody else's answer to the same question is voted away."""

        async def _astream(self, *args: object, **kwargs: object) -> AsyncIterator[object]:  # type: ignore[override]
            await vote_down(services, another(request_), route(GOOD))
            async for chunk in super()._astream(*args, **kwargs):  # type: ignore[arg-type]
                yield chunk

    assert await said(services, another(request_), replace(route(), model=Slow(text=GOOD))) == GOOD
    assert await count(services.sessions, CachedAnswer) == 0


async def test_who_keeps_waits_for_who_votes_away(services: Services, request_: TurnRequest) -> None:
    asked, voted = asyncio.Event(), asyncio.Event()

    class Slow(Scripted):
        """Answers once somebody has voted, but before the vote is committed."""

        async def _astream(self, *args: object, **kwargs: object) -> AsyncIterator[object]:  # type: ignore[override]
            asked.set()
            await voted.wait()
            async for chunk in super()._astream(*args, **kwargs):  # type: ignore[arg-type]
                yield chunk

    keeping = asyncio.create_task(said(services, another(request_), replace(route(), model=Slow(text=GOOD))))
    await asyncio.wait({keeping, waiting := asyncio.ensure_future(asked.wait())}, return_when="FIRST_COMPLETED")
    assert waiting.done()
    *_, done = await ask(services, another(request_))
    assert isinstance(done, Done)
    async with services.sessions.begin() as session:
        await forget_answer(session, UUID(done.message_id))
        voted.set()

        async def blocked() -> bool:
            return bool(await session.scalar(WAITING))

        await sooner_or_later(blocked, most_s=30)
    await keeping

    assert await count(services.sessions, CachedAnswer) == 0
