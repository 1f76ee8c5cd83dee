"""`parley token …` as an operator uses it."""

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.access.keys import token_hash
from app.cli import main
from app.db.engine import make_engine
from app.db.service_tokens import use_token
from app.db.sites import ensure_site
from app.db.tables import ServiceToken

Ran = tuple[int, str, str]
Parley = Callable[..., Ran]


@pytest.fixture
def parley(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Parley:
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["parley", "token", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0), *capsys.readouterr()

    asyncio.run(_on(database_url, lambda session: ensure_site(session, "shop")))
    return run


async def _on(database_url: str, work: Callable[..., object]) -> object:
    engine = make_engine(database_url)
    try:
        async with async_sessionmaker(engine, expire_on_commit=False).begin() as session:
            return await work(session)  # type: ignore[misc]  # each is a coroutine of another type
    finally:
        await engine.dispose()


def found(database_url: str, token: str) -> ServiceToken | None:
    kept = asyncio.run(_on(database_url, lambda session: use_token(session, token_hash(token))))
    assert kept is None or isinstance(kept, ServiceToken)
    return kept


def test_a_token_is_printed_once_listed_and_revoked(parley: Parley, database_url: str) -> None:
    code, out, err = parley(
        *("add", "--site", "shop", "--name", "form", "--scope", "embeddings", "--scope", "chat"),
        *("--per-minute", "5", "--per-day", "9", "--expires", "12h"),
    )
    assert code == 0
    token = out.removesuffix("\n")
    assert token.startswith("pk-parley-")
    assert "only this once" in err
    kept = found(database_url, token)
    assert kept is not None
    assert (kept.name, kept.scopes, kept.per_minute, kept.per_day) == ("form", ["chat", "embeddings"], 5, 9)
    assert kept.expires_at is not None
    assert abs(kept.expires_at - kept.created_at - timedelta(hours=12)) < timedelta(minutes=1)

    code, out, _ = parley("list")
    assert code == 0
    assert token not in out
    assert str(kept.id) in out
    assert "5 a minute" in out

    assert parley("revoke", str(kept.id))[0] == 0
    assert found(database_url, token) is None
    assert "revoked" in parley("list", "--site", "shop")[1]
    assert parley("list", "--site", "other")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (
            ("add", "--name", "x", "--site", "none"),
            1,
            "There is no site none; `parley site list` shows those there are.",
        ),
        (("add", "--name", "x", "--scope", "all"), 2, "There is no scope 'all'; there are chat and embeddings."),
        (("add", "--name", "x", "--expires", "soon"), 2, "Say how long the token lasts as 12h, 90d, 52w, or `never`."),
        (("revoke", "form"), 2, "Give the token's id, as `parley token list` shows it."),
        (
            ("revoke", "00000000-0000-0000-0000-000000000000"),
            1,
            "There is no token 00000000-0000-0000-0000-000000000000; `parley token list` shows those there are.",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    parley: Parley, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    assert parley(*arguments) == (code, "", f"{sentence}\n")
