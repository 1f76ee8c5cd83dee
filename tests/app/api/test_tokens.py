"""Who may use the API, and how often."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from openai import AuthenticationError, NotFoundError, PermissionDeniedError, RateLimitError
from sqlalchemy import select, update

from app.api.v1.tokens import service_of
from app.db.service_tokens import revoke_token
from app.db.tables import ServiceToken
from app.wiring import Services
from tests.app.api.serving import client, make_token
from tests.app.turning import QUESTION

ASK: list[Any] = [{"role": "user", "content": QUESTION}]


async def test_the_only_model_is_the_tokens_site(services: Services, url: str, token: str) -> None:
    await make_token(services, site="other")
    api = client(url, token)

    assert [model.id async for model in api.models.list()] == ["shop"]
    found = await api.models.retrieve("shop")
    assert (found.id, found.owned_by, found.object) == ("shop", "parley", "model")
    assert abs(found.created - datetime.now(UTC).timestamp()) < 600
    with pytest.raises(NotFoundError):
        await api.models.retrieve("other")


async def refused(url: str, token: str) -> list[bool]:
    """Of each route, whether it refuses the token."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, base_url=url) as http:
        answers = [
            await http.get("/models"),
            await http.get("/models/shop"),
            await http.post("/chat/completions", json={"model": "shop", "messages": ASK}),
            await http.post("/embeddings", json={"model": "shop", "input": "x"}),
        ]
    return [answer.status_code == 401 and answer.json()["error"]["code"] == "invalid_api_key" for answer in answers]


async def test_unknown_expired_and_revoked_tokens_are_refused_everywhere(
    services: Services, url: str, token: str
) -> None:
    assert await refused(url, token) == [False] * 4
    expired, _ = await make_token(services, lasts=timedelta(seconds=-1))
    revoked, token_id = await make_token(services)
    async with services.sessions.begin() as session:
        assert await revoke_token(session, token_id)
    for bad in ("pk-parley-" + "x" * 43, token[:-1], "sk-proj-abc", expired, revoked):
        assert await refused(url, bad) == [True] * 4


async def test_the_client_raises_its_own_error(url: str) -> None:
    with pytest.raises(AuthenticationError):
        await client(url, "pk-parley-wrong").chat.completions.create(model="shop", messages=ASK)


async def test_who_brings_no_token_is_told_so(url: str) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{url}/models")

    assert answer.status_code == 401
    assert "service token is missing" in answer.json()["error"]["message"]


async def test_a_token_is_good_for_its_scopes_only(services: Services, url: str) -> None:
    chat, _ = await make_token(services, scopes=["chat"])
    embeddings, _ = await make_token(services, scopes=["embeddings"])

    with pytest.raises(PermissionDeniedError) as no_chat:
        await client(url, embeddings).chat.completions.create(model="shop", messages=ASK)
    with pytest.raises(PermissionDeniedError):
        await client(url, chat).embeddings.create(model="shop", input="x")
    assert no_chat.value.code == "missing_scope"
    assert (await client(url, embeddings).embeddings.create(model="shop", input="x")).data
    assert (await client(url, chat).chat.completions.create(model="shop", messages=ASK)).choices


async def test_of_fifty_requests_at_once_exactly_the_limit_is_admitted(services: Services, url: str) -> None:
    token, _ = await make_token(services, per_day=7)
    api = client(url, token)
    answers = await asyncio.gather(
        *(api.embeddings.create(model="shop", input="x") for _ in range(50)), return_exceptions=True
    )

    turned_away = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(turned_away) == 43
    assert all(isinstance(error, RateLimitError) for error in turned_away)


async def test_who_asks_too_often_learns_when_to_come_back(services: Services, url: str) -> None:
    token, _ = await make_token(services, per_day=2)
    api = client(url, token)
    first = await api.embeddings.with_raw_response.create(model="shop", input="x")
    await api.embeddings.create(model="shop", input="x")
    with pytest.raises(RateLimitError) as refused:
        await api.embeddings.create(model="shop", input="x")

    assert first.headers["x-ratelimit-limit-requests"] == "1000"
    assert first.headers["x-ratelimit-remaining-requests"] == "999"
    headers = refused.value.response.headers
    assert 0 < int(headers["retry-after"]) <= 24 * 60 * 60
    assert (headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]) == ("2", "0")
    assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "requests")
    assert "2 times a day" in refused.value.message
    assert [model.id async for model in api.models.list()] == ["shop"]


async def test_each_token_has_limits_of_its_own(services: Services, url: str) -> None:
    for _ in range(2):
        token, _ = await make_token(services, per_minute=1)
        await client(url, token).embeddings.create(model="shop", input="x")


async def test_the_last_use_is_written_at_most_once_a_minute(services: Services) -> None:
    token, token_id = await make_token(services)

    async def used_at() -> datetime | None:
        async with services.sessions() as session:
            return await session.scalar(select(ServiceToken.used_at).where(ServiceToken.id == token_id))

    assert await used_at() is None
    principal = await service_of(services, token)
    assert principal is not None
    assert principal.kind == "service"
    assert (principal.id, principal.scopes) == (token_id, frozenset({"chat", "embeddings"}))
    first = await used_at()
    assert first is not None
    await service_of(services, token)
    assert await used_at() == first
    async with services.sessions.begin() as session:
        await session.execute(update(ServiceToken).values(used_at=first - timedelta(minutes=2)))
    await service_of(services, token)
    assert (await used_at() or first) > first


async def test_the_token_itself_is_nowhere_in_the_database(services: Services) -> None:
    token, token_id = await make_token(services)
    async with services.sessions() as session:
        stored = await session.get(ServiceToken, token_id)
        assert stored is not None
        assert len(stored.token_hash) == 32
        assert token.encode() not in stored.token_hash
