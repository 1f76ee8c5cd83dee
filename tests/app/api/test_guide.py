"""Every example of the guide's page on the API, run as it stands there."""

import json
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.guide import GUIDE, SOURCE
from app.ingest import ingest
from app.wiring import Services
from tests.app.api import node
from tests.app.api.serving import make_token, served

PAGE = (GUIDE / "use-the-api.md").read_text(encoding="utf-8")
Run = Callable[..., Awaitable[str]]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def example(language: str, word: str) -> str:
    """The page's one example in a language that contains a word."""
    (found,) = [code for kind, code in BLOCKS if kind == language and word in code]
    return str(found)


@pytest.fixture
async def guide(services: Services) -> AsyncIterator[Run]:
    """Runs a command in a folder, with the variables of the page set; the site `default` knows the guide."""
    knowledge = services.settings.knowledge
    await ingest(services.sessions, services.encoder, knowledge, site="default", paths=[GUIDE], source=SOURCE)
    token, _ = await make_token(services, site="default")
    async with served(replace(services, models=())) as url:
        environ = {"API": url, "TOKEN": token}
        yield lambda folder, *command: node.run(*command, folder=folder, environ=environ)


@pytest.mark.slow
async def test_the_examples_for_python_run(guide: Run, tmp_path: Path) -> None:
    for word in ("from openai import", "langchain_openai"):
        (tmp_path / "ask.py").write_text(example("python", word), encoding="utf-8")
        assert "[1]" in await guide(tmp_path, sys.executable, "ask.py")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
async def test_the_example_for_curl_runs(guide: Run, tmp_path: Path) -> None:
    answer = json.loads(await guide(tmp_path, "bash", "-euc", example("sh", "curl")))

    assert answer["choices"][0]["message"]["parley"]["rung"] == "quote"


@pytest.mark.slow
async def test_the_example_for_node_runs(guide: Run, tmp_path: Path) -> None:
    node.install(tmp_path)
    (tmp_path / "ask.mjs").write_text(example("js", "openai"), encoding="utf-8")

    assert "[1]" in await guide(tmp_path, "node", "ask.mjs")


def test_the_page_has_no_other_examples_than_those_that_are_run() -> None:
    assert [kind for kind, _ in BLOCKS] == ["sh", "sh", "sh", "python", "js", "python"]
