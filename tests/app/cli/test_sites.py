"""`parley site …`, on the real database."""

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.ingestions import ingestion_begins, ingestion_told
from app.db.sites import site_by_name
from app.sites.config import HIDDEN
from tests.app.cli.conftest import Parley

SECRET = "0123456789abcdef0123456789abcdef"
SHOP = "https://www.shop.example"


@pytest.fixture
def shop(parley: Parley) -> Parley:
    added = parley("site", "add", "shop", "--origin", SHOP, "--set", f"identity.secret={SECRET}")
    assert added.code == 0, added.err
    assert "parley ingest --site shop" in added.out
    return parley


def shown(parley: Parley, name: str = "shop") -> dict[str, object]:
    return tomllib.loads(parley("site", "show", name).out)


def test_a_site_is_made_listed_and_removed(shop: Parley) -> None:
    assert shop("site", "list", "--json").lines == [{"name": "shop", "origins": [SHOP], "version": 0}]
    assert shop("site", "list").out.split() == ["shop", SHOP]
    assert shop("site", "remove", "shop", "--yes").code == 0
    assert shop("site", "list").out == ""


def test_the_audit_log_names_the_keys_that_were_changed(shop: Parley) -> None:
    assert shop("site", "edit", "shop", "--set", "look.name=Ada", "--set", "region=eu").code == 2  # no such region
    assert shop("site", "edit", "shop", "--set", "look.name=Ada", "--set", "knowledge.passages=3").code == 0

    assert shop("audit", "list").lines[-1]["details"] == {"keys": ["knowledge", "look"]}


def test_single_keys_are_set_as_toml_or_as_bare_words(shop: Parley) -> None:
    changes = {
        "look.name": "Ada",
        "look.starters": '["How long?", "How much?"]',
        "look.accent": '"#aa0044"',
        "knowledge.passages": "3",
        "second_factor": "true",
        "hours.monday": "09:00-17:00",
        "models.answers": '["quote"]',
    }
    assert shop("site", "edit", "shop", *(f"--set={key}={text}" for key, text in changes.items())).code == 0

    assert shown(shop) == {
        "origins": [SHOP],
        "models": {"answers": ["quote"]},
        "second_factor": True,
        "look": {"name": "Ada", "accent": "#aa0044", "starters": ["How long?", "How much?"]},
        "knowledge": {"passages": 3},
        "identity": {"secret": HIDDEN},
        "hours": {"monday": "09:00-17:00"},
    }
    assert shop("site", "list", "--json").lines[0]["version"] == 1


def test_origins_are_added_to_those_there_are(shop: Parley) -> None:
    assert shop("site", "edit", "shop", "--origin", "https://b.example", "--origin", f"{SHOP}/").code == 0

    assert shown(shop)["origins"] == [SHOP, "https://b.example"]


def test_what_was_shown_can_be_written_back_and_the_secret_stays(
    shop: Parley, tmp_path: Path, sessions: async_sessionmaker[AsyncSession]
) -> None:
    assert shop("site", "edit", "shop", "--set", "look.name=Ada").code == 0
    text = shop("site", "show", "shop").out
    assert SECRET not in text
    (tmp_path / "shop.toml").write_text(text.replace("Ada", "Bob"), encoding="utf-8")

    assert shop("site", "edit", "shop", "--file", "shop.toml").code == 0

    async def stored() -> dict[str, Any]:
        async with sessions() as session:
            site = await site_by_name(session, "shop")
            assert site is not None
            return site.config

    assert asyncio.run(stored()) == {"origins": [SHOP], "look": {"name": "Bob"}, "identity": {"secret": SECRET}}


def test_a_file_replaces_everything(shop: Parley) -> None:
    assert shop("site", "edit", "shop", "--file", "-", stdin='language = "de"\n').code == 0

    assert shown(shop) == {"language": "de"}


def test_a_site_is_made_from_a_file(parley: Parley) -> None:
    text = 'language = "de"\n[look]\nname = "Praise"\n'

    assert parley("site", "add", "praise", "--file", "-", "--origin", SHOP, stdin=text).code == 0

    assert shown(parley, "praise") == tomllib.loads(text) | {"origins": [SHOP]}


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "sentence"),
    [
        (["add", "Shop"], "", 2, "lower-case letters"),
        (["add", "shop"], "", 1, "There is a site shop already"),
        (["add", "b", "--file", "-"], f'identity.secret = "{HIDDEN}"', 2, "at least 32 characters"),
        (["show", "nowhere"], "", 1, "There is no site nowhere"),
        (["edit", "nowhere", "--set", "language=de"], "", 1, "There is no site nowhere"),
        (["edit", "shop"], "", 2, "Say what to change"),
        (["edit", "shop", "--set", "language"], "", 2, "Write --set KEY=VALUE"),
        (["edit", "shop", "--set", "language=English"], "", 2, "language cannot be used"),
        (["edit", "shop", "--set", "colour=red"], "", 2, "The key colour is unknown"),
        (["edit", "shop", "--set", "language.name=de"], "", 2, "language cannot be used"),
        (["edit", "shop", "--set", "identity=x"], "", 2, "identity cannot be used"),
        (["edit", "shop", "--set", "identity=x", "--set", "identity.issuer=y"], "", 2, "not a key of a table"),
        (["edit", "shop", "--set", "origins=x", "--origin", SHOP], "", 2, "origins.0 cannot be used"),
        (["edit", "shop", "--origin", "www.example.com"], "", 2, "origins.1 cannot be used"),
        (["edit", "shop", "--file", "gone.toml"], "", 2, "gone.toml cannot be read"),
        (["edit", "shop", "--file", "-"], "language = de", 2, "is not valid TOML"),
        (["remove", "shop"], "", 2, "say --yes"),
        (["remove", "nowhere", "--yes"], "", 1, "There is no site nowhere"),
    ],
)
def test_wrong_use_is_one_sentence_and_changes_nothing(
    shop: Parley, arguments: list[str], stdin: str, code: int, sentence: str
) -> None:
    ran = shop("site", *arguments, stdin=stdin)

    assert (ran.code, sentence in ran.err, ran.err.count("\n")) == (code, True, 1), ran.err
    assert shop("site", "list", "--json").lines == [{"name": "shop", "origins": [SHOP], "version": 0}]


def test_sources_are_listed_with_how_their_last_run_went(
    shop: Parley, sessions: async_sessionmaker[AsyncSession]
) -> None:
    sources = '[{address = "https://a.example/map.xml"}, {address = "https://a.example/b", every = "7d"}]'
    assert shop("site", "edit", "shop", "--set", f"sources={sources}").code == 0

    async def read() -> None:
        async with sessions.begin() as session:
            site = await site_by_name(session, "shop")
            assert site is not None
            await ingestion_begins(session, site.id, "https://a.example/b", (), planned=True)
            failed = [("https://a.example/c", "The page is gone (status 404).")]
            counts = {"seen": 9, "added": 3, "changed": 2, "unchanged": 1, "skipped": 2}
            told = {"failures": 1, "failed": failed, "error": "It was interrupted."}
            await ingestion_told(session, site.id, "https://a.example/b", counts | told, ended=True)

    asyncio.run(read())
    said = shop("site", "sources", "shop").out
    told = shop("site", "sources", "shop", "--json").lines

    assert "https://a.example/map.xml every 24h: not read yet" in said
    assert "3 added, 2 changed, 1 unchanged, 0 removed, 2 skipped, 1 failed. It was interrupted." in said
    assert "  failed: https://a.example/c: The page is gone (status 404)." in said
    assert [line["started_at"] is None for line in told] == [True, False]
