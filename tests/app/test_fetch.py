"""A fetch reaches what may be reached, ends within its bounds, and says why when it does not."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from app.ingest.fetch import Bounds, Fetcher, FetchFailed, Page
from app.ingest.host import AT_ONCE, GIVEN_UP_AFTER
from app.ingest.items import Validators
from app.reach import IpAddress, Resolve
from tests.app.website import Answer, Website, Write, serving

PUBLIC = "93.184.215.14"
MAX_BYTES = 100_000


@asynccontextmanager
async def web(
    *, private: bool = True, within_s: float = 5, pause_s: float = 0
) -> AsyncIterator[tuple[Website, Fetcher]]:
    async with serving() as website, Fetcher(Bounds(private, MAX_BYTES, within_s, pause_s)) as fetcher:
        yield website, fetcher


def names(known: dict[str, list[list[str]]]) -> Resolve:
    """A name server that gives each name its lists of addresses one after the other, and then nothing."""

    async def resolve(name: str, port: int) -> list[IpAddress]:
        turns = known.get(name)
        return [ip_address(address) for address in turns.pop(0)] if turns else []

    return resolve


async def endless(write: Write) -> None:
    while True:
        await write(b"x" * 10_000)


async def dripping(write: Write) -> None:
    while True:
        await write(b"x")
        await asyncio.sleep(0.1)


async def silent(write: Write) -> None:
    await asyncio.sleep(60)


async def bomb(write: Write) -> None:
    """A gigabyte of blanks, packed into one megabyte."""
    packed = gzip.compress(bytes(10_000_000), 9)
    for _ in range(100):
        await write(packed)


async def test_a_page_comes_with_what_its_server_says_of_it() -> None:
    async with web() as (website, fetcher):
        website.pages["/a"] = Answer(b"<p>Hi", "text/html; charset=Latin-1", headers={"ETag": '"1"'})

        page = await fetcher.fetch(website.url("/a#there"))

        assert page == Page(website.url("/a"), "text/html", "latin-1", b"<p>Hi", Validators('"1"', None))
        assert (await fetcher.fetch(website.url("/a"), page.validators)).data is None
        assert [headers["user-agent"] for _, headers in website.asked] == ["Parley"] * 3


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://127.1:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://10.0.0.7/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://[fd12:3456::1]/",
        "http://[fe80::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:{port}/",
        "http://u:p@example.test/",
        "http:///",
        "//127.0.0.1/",
        "http://[broken/",
        "",
    ],
)
async def test_an_address_within_the_network_or_of_another_kind_is_not_asked(url: str) -> None:
    async with web(private=False) as (website, fetcher):
        with pytest.raises(FetchFailed, match=r"network|address"):
            await fetcher.fetch(url.format(port=website.port))

        assert website.asked == []


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://[fe80::1]/", "http://100.100.100.200/"])
async def test_credentials_of_clouds_are_not_asked_even_where_the_own_network_is(url: str) -> None:
    async with web() as (_, fetcher):
        with pytest.raises(FetchFailed, match="network"):
            await fetcher.fetch(url)


@pytest.mark.parametrize(
    ("turns", "says"),
    [
        pytest.param([["127.0.0.1"]], "network", id="a name of this machine"),
        pytest.param([[PUBLIC, "10.0.0.7"]], "network", id="one good address and one bad"),
        pytest.param([], "no address", id="a name without any"),
    ],
)
async def test_a_name_is_judged_by_its_addresses(turns: list[list[str]], says: str) -> None:
    async with serving() as website, Fetcher(Bounds(), resolve=names({"a.test": turns})) as fetcher:
        with pytest.raises(FetchFailed, match=says):
            await fetcher.fetch(website.url("/", "a.test"))

        assert website.asked == []


async def test_a_name_is_looked_up_once_for_all_that_is_fetched() -> None:
    """A name server that names another machine a moment later leads nowhere."""
    bounds = Bounds(private=True, pause_s=0)
    async with serving() as website:
        website.put("/a", "Hi.")
        async with Fetcher(bounds, resolve=names({"a.test": [["127.0.0.1"], ["10.0.0.7"]]})) as fetcher:
            for _ in range(2):
                assert (await fetcher.fetch(website.url("/a", "a.test"))).kind == "text/html"

        assert {headers["host"] for _, headers in website.asked} == {f"a.test:{website.port}"}


async def test_a_redirect_is_judged_like_an_address() -> None:
    known = names({"a.test": [["127.0.0.1"]], "b.test": [["169.254.169.254"]]})
    async with serving() as website, Fetcher(Bounds(private=True, pause_s=0), resolve=known) as fetcher:
        website.pages["/a"] = Answer(status=302, headers={"Location": "http://b.test/latest"})
        website.pages["/f"] = Answer(status=302, headers={"Location": "file:///etc/passwd"})
        with pytest.raises(FetchFailed, match="network"):
            await fetcher.fetch(website.url("/a", "a.test"))
        with pytest.raises(FetchFailed, match="begins with"):
            await fetcher.fetch(website.url("/f", "a.test"))


async def test_redirects_are_followed_some_steps() -> None:
    async with web() as (website, fetcher):
        website.pages["/a"] = Answer(status=301, headers={"Location": "b"})
        website.put("/b", "Hi.")
        website.pages["/loop"] = Answer(status=302, headers={"Location": "/loop"})

        assert (await fetcher.fetch(website.url("/a"))).url == website.url("/b")
        with pytest.raises(FetchFailed, match="on and on"):
            await fetcher.fetch(website.url("/loop"))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(Answer(endless), "larger", id="an endless body"),
        pytest.param(Answer(dripping), "in time", id="a body that drips"),
        pytest.param(Answer(silent), "in time", id="silence"),
        pytest.param(Answer(bomb, headers={"Content-Encoding": "gzip"}), "larger", id="a bomb"),
        pytest.param(Answer(b"\x1f\x8bnoise", headers={"Content-Encoding": "gzip"}), "packed wrongly", id="noise"),
        pytest.param(Answer(bomb, headers={"Content-Encoding": "gzip, gzip"}), "not asked for", id="packed twice"),
        pytest.param(Answer(b"x", headers={"Content-Encoding": "br"}), "not asked for", id="packed otherwise"),
        pytest.param(Answer(b"x", headers={"Content-Length": "9"}), "cannot be reached", id="a body that is cut"),
        pytest.param(Answer(status=500), "status 500", id="an error"),
        pytest.param(Answer(status=404), "gone", id="gone"),
        pytest.param(Answer(status=429, headers={"Retry-After": "3600"}), "busy", id="busy for an hour"),
    ],
)
async def test_what_is_wrong_is_said_in_time(answer: Answer, says: str) -> None:
    async with web(within_s=1) as (website, fetcher):
        website.pages["/a"] = answer
        async with asyncio.timeout(10):
            with pytest.raises(FetchFailed, match=says):
                await fetcher.fetch(website.url("/a"))


async def test_a_busy_server_is_asked_once_more() -> None:
    async with web() as (website, fetcher):

        async def later(write: Write) -> None:
            website.put("/a", "Hi.")

        website.pages["/a"] = Answer(later, status=503, headers={"Retry-After": "0"})

        assert b"Hi." in ((await fetcher.fetch(website.url("/a"))).data or b"")


ROBOTS = [
    pytest.param(Answer(b"User-agent: *\nDisallow: /in*\nAllow: /\n", "text/plain"), ["/out"], id="a pattern"),
    pytest.param(Answer(b"User-agent: parley\nDisallow: /out\n\nUser-agent: *\nDisallow: /\n"), ["/in"], id="by name"),
    pytest.param(Answer(status=404), ["/in", "/out"], id="none"),
    pytest.param(Answer(status=403), ["/in", "/out"], id="refused"),
    pytest.param(Answer(b"\xff\x00" * 1000), ["/in", "/out"], id="noise"),
    pytest.param(Answer(status=500), [], id="a server in trouble"),
]


@pytest.mark.parametrize(("robots", "allowed"), ROBOTS)
async def test_robots_are_obeyed(robots: Answer, allowed: list[str]) -> None:
    async with web() as (website, fetcher):
        website.pages["/robots.txt"] = robots
        for path in ("/in", "/out"):
            website.put(path, "Hi.")
            try:
                await fetcher.fetch(website.url(path))
            except FetchFailed:
                assert path not in allowed

        assert website.paths() == allowed


async def test_a_server_is_asked_little_at_once_and_with_pauses() -> None:
    async with web(pause_s=0.05) as (website, fetcher):

        async def slow(write: Write) -> None:
            await asyncio.sleep(0.1)

        for number in range(6):
            website.pages[f"/{number}"] = Answer(slow)
        began = time.monotonic()
        await asyncio.gather(*(fetcher.fetch(website.url(f"/{number}")) for number in range(6)))

        assert website.most_at_once == AT_ONCE
        assert time.monotonic() - began >= 6 * 0.05


async def test_a_longer_pause_that_a_server_asks_for_is_kept() -> None:
    async with web() as (website, fetcher):
        website.pages["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 0.4\n")
        website.put("/a", "Hi.")
        began = time.monotonic()
        for _ in range(3):
            await fetcher.fetch(website.url("/a"))

        assert time.monotonic() - began >= 0.8


async def test_a_server_that_is_away_is_left_alone() -> None:
    async with web(within_s=0.1) as (website, fetcher):
        for number in range(GIVEN_UP_AFTER + 3):
            website.pages[f"/{number}"] = Answer(silent)
            with pytest.raises(FetchFailed):
                await fetcher.fetch(website.url(f"/{number}"))

        assert len(website.paths()) == GIVEN_UP_AFTER
