"""How the widget's files are served: small, packed, and for ever under the version that they belong to."""

import gzip
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.widget.assets import CLIENT, read_client, widget_assets

LOADER_BYTES, OPEN_BYTES = 5_000, 40_000


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(widget_assets())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://parley.test") as client:
        yield client


async def test_the_loader_names_the_version_that_its_files_are_kept_under_for_ever(client: httpx.AsyncClient) -> None:
    loader = await client.get("/widget.js")
    found = re.search(r"client/([0-9a-f]{16})/", loader.text)
    assert found is not None
    assert loader.headers["cache-control"] == "public, max-age=300"
    panel = await client.get(f"/widget/client/{found[1]}/panel.js")
    assert panel.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert panel.headers["content-type"] == "text/javascript; charset=utf-8"
    assert panel.text == (CLIENT / "panel.js").read_text()


async def test_a_loader_that_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/widget.js")).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await client.get("/widget.js", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
    assert (await client.get("/widget.js", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_during_an_upgrade_files_of_another_version_are_given_but_not_kept(client: httpx.AsyncClient) -> None:
    other = await client.get("/widget/client/0000000000000000/words/de.js")
    assert other.status_code == 200
    assert other.headers["cache-control"] == "no-store"


async def test_whoever_takes_no_gzip_gets_plain_text(client: httpx.AsyncClient) -> None:
    plain = await client.get("/widget.js", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/widget.js", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.text == packed.text


@pytest.mark.parametrize("name", ["widget.js", "widget.d.ts", "%2e%2e/assets.py", "words/xx.js", ""])
async def test_nothing_else_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/widget/client/any/{name}")).status_code == 404


def test_the_version_follows_every_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("client")
    for name, text in {"widget.js": "x = '__VERSION__'", "a.css": "a {}"}.items():
        (folder / name).write_text(text)
    before, files = read_client(folder)
    assert files["widget.js"].plain == f"x = '{before}'".encode()
    (folder / "a.css").write_text("a { color: red }")
    assert read_client(folder)[0] != before


def test_what_a_visitor_loads_stays_small() -> None:
    _, files = read_client()
    assert all(gzip.decompress(file.packed) == file.plain for file in files.values())
    languages = [len(file.packed) for name, file in files.items() if name.startswith("words/")]
    others = [len(file.packed) for name, file in files.items() if not name.startswith("words/")]
    assert len(files["widget.js"].packed) <= LOADER_BYTES
    assert sum(others) + max(languages) <= OPEN_BYTES
