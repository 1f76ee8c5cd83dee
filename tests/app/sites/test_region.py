"""A site that is pinned to a region sends nothing out of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.admission import OutOfRegion
from app.db.sites import configure_site, ensure_site
from app.db.tables import Message
from app.ingest import ingest
from app.loading import open_models
from app.settings import Settings
from app.sites.config import SiteRefused, read_config
from app.sites.models import check_region, confined
from app.turn_request import TurnRequest
from app.wiring import Parts, Services, services_on
from graph.events import Done, Failed
from tests.app.turning import GOOD, REFUNDS, Addresses, ask, count
from tests.doubles.openai_server import Server, answer, serve
from tests.graph.scripted import FixedInjection, FixedIntent, WordEncoder


def settings_with(url: str, model_region: str | None, here: str | None = "eu") -> Settings:
    return Settings.model_validate(
        {
            "database": {"region": here},
            "models": [{"name": "far", "base_url": url, "api_key": "k", "region": model_region}],
            "local": {"enabled": False},
        }
    )


@asynccontextmanager
async def asked(
    engine: AsyncEngine, folder: Path, site: dict[str, Any], model_region: str | None, here: str | None = "eu"
) -> AsyncIterator[tuple[Services, Server]]:
    """Services of a site with one document and one model, on a server that sees what it is sent."""
    async with serve([answer(GOOD)] * 4) as server:
        settings = settings_with(server.url, model_region, here)
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        encoder = WordEncoder()
        (folder / "refunds.md").write_text(REFUNDS, encoding="utf-8")
        await ingest(sessions, encoder, settings.knowledge, site="shop", paths=[folder])
        async with sessions.begin() as session:
            await configure_site(session, "shop", site, version=(await ensure_site(session, "shop")).version)
        async with open_models(settings) as models:
            parts = Parts(
                encoder=encoder,
                injection=FixedInjection(),
                personal_data=Addresses(),
                intents=FixedIntent(),
                models=models,
            )
            async with services_on(engine, settings, parts, secret=b"a secret of the tests, long enough") as services:
                yield services, server


@pytest.mark.parametrize(
    ("site", "model_region", "goes"),
    [
        ({"region": "eu"}, "us", False),
        ({"region": "eu"}, None, False),
        ({"region": "eu", "models": {"answers": ["far"], "small_jobs": ["far"]}}, "us", False),
        ({"region": "eu"}, "eu", True),
        ({}, "us", True),
    ],
    ids=["elsewhere", "says nothing", "named all the same", "there", "not pinned"],
)
async def test_a_model_elsewhere_sees_no_byte(
    engine: AsyncEngine,
    request_: TurnRequest,
    tmp_path: Path,
    site: dict[str, Any],
    model_region: str | None,
    *,
    goes: bool,
) -> None:
    async with asked(engine, tmp_path, site, model_region) as (services, server):
        *_, last = await ask(services, request_)

        assert isinstance(last, Done)
        assert last.rung == ("hosted" if goes else "quote")
        assert bool(server.requests) is goes


@pytest.mark.parametrize("here", ["us", None])
async def test_a_process_elsewhere_refuses_before_anything_is_kept(
    engine: AsyncEngine, request_: TurnRequest, tmp_path: Path, here: str | None
) -> None:
    async with asked(engine, tmp_path, {"region": "eu"}, "eu", here) as (services, server):
        *_, last = await ask(services, request_)

        assert isinstance(last, Failed)
        assert last.text == str(OutOfRegion())
        assert server.requests == []
        assert await count(services.sessions, Message) == 0


def test_encoders_elsewhere_are_not_meant_either() -> None:
    encoders = [{"name": name, "region": region} for name, region in (("a", "eu"), ("b", "us"), ("c", None))]
    settings = Settings.model_validate({"embeddings": encoders, "database": {"region": "eu"}})

    def left(**site: Any) -> tuple[str, ...]:
        return confined(read_config(site), settings).models.embeddings

    assert left(region="eu") == ("a",)
    assert left(region="eu", models={"embeddings": ["b", "a"]}) == ("a",)
    assert not set(left(region="eu", models={"embeddings": ["b"]})) & {"a", "b", "c"}
    assert left(region="eu", models={"embeddings": ["b"]}) != ()
    assert left() == ()


def tool(name: str, region: str | None) -> dict[str, Any]:
    return {"name": name, "description": "Looks.", "address": "https://shop.example/", "region": region}


def test_tools_elsewhere_are_not_offered() -> None:
    tools = [tool("near", "eu"), tool("far", "us"), tool("unsaid", None), {"name": "leave_message"}]

    def left(**site: Any) -> list[str]:
        return [each.name for each in confined(read_config({"tools": tools, **site}), Settings()).tools]

    assert left(region="eu") == ["near", "leave_message"]
    assert left() == ["near", "far", "unsaid", "leave_message"]


@pytest.mark.parametrize(
    ("site", "here", "said"),
    [
        ({"region": "eu", "tools": [tool("orders", "us")]}, "eu", "the tool orders is in us"),
        ({"region": "eu", "tools": [tool("orders", None)]}, "eu", "the tool orders is in no region that is named"),
        ({"region": "eu"}, "us", "the database is in us"),
        ({"region": "eu"}, None, "the database is in no region"),
        ({"region": "eu", "models": {"answers": ["far"]}}, "eu", "far is in us"),
    ],
)
def test_an_operator_is_told_what_is_elsewhere(site: dict[str, Any], here: str | None, said: str) -> None:
    with pytest.raises(SiteRefused, match=said):
        check_region(read_config(site), settings_with("http://127.0.0.1:1", "us", here))


def test_what_fits_is_taken() -> None:
    settings = settings_with("http://127.0.0.1:1", "eu")
    check_region(read_config({"region": "eu", "models": {"answers": ["far", "quote"]}}), settings)
    check_region(read_config({}), settings)
