"""`parley models list|pull|use|bench`: which models there are, and which one is the local model."""

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.breakers import count_failure, open_breaker
from app.db.engine import make_engine
from app.model_catalogue import OFFERED
from app.model_files import CHAT
from tests.app.cli.conftest import Parley
from tests.app.test_pull import MODEL, Server, server

__all__ = ["server"]

SETTINGS = """# Ours.
[local]  # the fallback
slots = 2
model = "/somewhere/else.gguf"

[[models]]
name = "large"
base_url = "http://127.0.0.1:9/v1"

[[embeddings]]
name = "large"
base_url = "http://127.0.0.1:9/v1"
"""


def test_what_is_recommended_is_pinned() -> None:
    for each in OFFERED:
        assert each.url.startswith("https://")
        assert each.url.endswith(f"/{each.file}")
        assert len(bytes.fromhex(each.sha256)) == 32
        assert each.size_bytes > 10**8
    assert len({each.sha256 for each in OFFERED}) == len({each.name for each in OFFERED}) == len(OFFERED)


def test_the_list_names_the_chain_and_the_models_that_can_be_had(parley: Parley, tmp_path: Path) -> None:
    (tmp_path / "parley.toml").write_text(SETTINGS, encoding="utf-8")

    ran = parley("models", "list", "--json")

    assert ran.code == 0, ran.err
    chain, files = ran.lines[:2], ran.lines[2:]
    assert chain == [{"route": "large", "state": "asked"}, {"encoder": "large", "state": "asked"}]
    assert [file["model"] for file in files] == ["smollm2-135m", *(each.name for each in OFFERED)]
    assert files[0]["here"] is True
    assert not any(file["in_use"] for file in files)  # switched off here
    assert "1. large" in parley("models", "list").out


def test_a_model_that_is_not_asked_is_shown_as_such(parley: Parley, tmp_path: Path, database_url: str) -> None:
    (tmp_path / "parley.toml").write_text(SETTINGS, encoding="utf-8")
    assert parley("migrate").code == 0

    async def close() -> None:
        engine = make_engine(database_url)
        async with AsyncSession(engine) as session, session.begin():
            await count_failure(session, "large", "over quota")
            await open_breaker(session, "large", 60)
        await engine.dispose()

    asyncio.run(close())

    assert parley("models", "list", "--json").lines[0] == {"route": "large", "state": "over quota"}
    assert "1. large  not asked just now: it is over quota" in parley("models", "list").out


def test_a_model_is_pulled_and_used(parley: Parley, server: Server, tmp_path: Path) -> None:
    ran = parley("models", "pull", server.url, "--sha256", sha256(MODEL).hexdigest())

    fetched = tmp_path / "home" / "models" / "m.gguf"
    assert (ran.code, fetched.read_bytes() == MODEL) == (0, True)
    assert "`parley models use m.gguf`" in ran.out
    assert "is there already" in parley("models", "pull", server.url, "--sha256", sha256(MODEL).hexdigest()).out
    assert len(server.ranges) == 1
    assert parley("models", "list", "--json").lines[-1]["model"] == "m.gguf"
    refused = parley("models", "use", "m.gguf")
    assert (refused.code, "has no chat template" in refused.err) == (2, True)


@pytest.mark.model
def test_using_a_model_keeps_the_rest_of_the_settings_file(parley: Parley, tmp_path: Path) -> None:
    file = tmp_path / "parley.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(CHAT.path.read_bytes())

    assert parley("models", "use", "smollm2-135m").code == 0
    assert file.read_text(encoding="utf-8") == SETTINGS.replace('model = "/somewhere/else.gguf"\n', "")

    assert parley("models", "use", str(copy)).code == 0
    assert f'model = "{copy}"' in file.read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8").startswith("# Ours.\n[local]  # the fallback\n")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["pull", "nothing"], 2, "There is no model nothing"),
        (["pull", "https://example.com/m.gguf"], 2, "Say which file it must be with --sha256"),
        (["pull", "https://example.com/m.gguf", "--sha256", "abc"], 2, "A SHA-256 has 64 hexadecimal digits"),
        (["pull", "https://example.com/m.bin", "--sha256", "a" * 64], 2, "name of a .gguf file"),
        (["pull", "http://example.com/m.gguf", "--sha256", "a" * 64], 1, "over https only"),
        (["use", "qwen3-4b"], 2, "`parley models pull qwen3-4b` fetches it"),
        (["use", "missing.gguf"], 2, "missing.gguf cannot be read"),
        (["bench", "missing.gguf"], 2, "missing.gguf cannot be read"),
    ],
)
def test_what_cannot_be_done_is_told(parley: Parley, arguments: list[str], code: int, says: str) -> None:
    ran = parley("models", *arguments)

    assert (ran.code, says in ran.err) == (code, True), ran.err


@pytest.mark.model
def test_the_bench_measures_the_installed_model(parley: Parley) -> None:
    ran = parley("models", "bench", "--json")

    assert ran.code == 0, ran.err
    (figures,) = ran.lines
    assert figures["model"] == CHAT.path.stem
    assert all(figures[name] > 0 for name in ("prompt_per_s", "one_per_s", "four_per_s", "first_token_s"))
    assert (figures["offloaded"], figures["layers"]) == (0, 0)
