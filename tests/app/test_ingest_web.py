"""Web pages ingested: those of sitemaps and lists, again when they have changed, and never gone by accident."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.tables import Document
from app.ingest import IngestReport, ingest
from app.ingest.sitemap import NoSitemap, Sitemap, read_addresses, read_sitemap
from app.ingest.web import Pages
from app.settings import Knowledge
from graph.encoder.onnx import OnnxEncoder
from tests.app.test_ingest import counts, encoder
from tests.app.website import Answer, Website, serving
from tests.pdf import line, pdf

__all__ = ["encoder"]

Sessions = async_sessionmaker[AsyncSession]
SETTINGS = Knowledge(private_addresses=True, crawl_pause_s=0)


class Site:
    """A website, and a site whose knowledge it is."""

    def __init__(self, sessions: Sessions, encoder: OnnxEncoder, website: Website) -> None:
        self.sessions, self.encoder, self.website = sessions, encoder, website

    async def ingest(
        self, *addresses: str, audience: frozenset[str] | None = None, settings: Knowledge = SETTINGS
    ) -> IngestReport:
        """Ingest from the addresses, which are paths of the website or whole."""
        self.website.asked.clear()
        whole = tuple(each if each.startswith("http") else self.website.url(each) for each in addresses)
        pages = [Pages("web", whole)]
        return await ingest(self.sessions, self.encoder, settings, site="shop", pages=pages, audience=audience)

    async def stored(self) -> list[str]:
        """Paths of the stored documents on the website, in order."""
        async with self.sessions() as session:
            found = await session.scalars(select(Document.path).order_by(Document.path))
            return [path.removeprefix(self.website.url()) for path in found]


@pytest.fixture
async def site(sessions: Sessions, encoder: OnnxEncoder) -> AsyncIterator[Site]:
    async with serving() as website:
        for path in ("/a", "/b", "/c"):
            website.put(path, f"This is page {path[1:]}.")
        website.sitemap("/sitemap.xml", *(website.url(path) for path in ("/a", "/b", "/c")))
        yield Site(sessions, encoder, website)


async def test_the_pages_of_a_sitemap_are_stored_under_their_addresses(site: Site) -> None:
    report = await site.ingest("/sitemap.xml")

    assert counts(report)[:4] == (3, 0, 0, 0)
    assert report.failed == report.skipped == []
    assert await site.stored() == ["/a", "/b", "/c"]
    async with site.sessions() as session:
        assert await session.scalar(select(Document.url).where(Document.title == "a")) == site.website.url("/a")


async def test_other_formats_and_character_sets_are_read(site: Site) -> None:
    pages = site.website.pages
    pages["/latin"] = Answer("<main><p>Für Käufer geöffnet.</p></main>".encode("latin-1"), "text/html; charset=latin1")
    pages["/terms"] = Answer(pdf(line("Delivery takes three days.", 60, 700)), "application/pdf")
    pages["/notes.md"] = Answer(b"# Notes\n\nOpen from nine.", "text/plain; charset=utf-8")
    pages["/picture"] = Answer(b"\x89PNG", "image/png")
    pages["/moved"] = Answer(status=301, headers={"Location": "/latin"})

    report = await site.ingest("/latin", "/terms", "/notes.md", "/picture", "/moved")

    assert await site.stored() == ["/latin", "/notes.md", "/terms"]
    reasons = {path.removeprefix(site.website.url()): reason for path, reason in report.failed}
    assert "image/png" in reasons["/picture"]
    assert "same page as" in reasons["/moved"]
    async with site.sessions() as session:
        titles = set(await session.scalars(select(Document.title)))
    assert titles == {"Latin", "Terms", "Notes"}


async def test_what_has_not_changed_is_not_sent_and_what_has_is_written(site: Site) -> None:
    for number, path in enumerate(("/a", "/b")):
        site.website.pages[path].headers["ETag"] = f'"{number}"'
    await site.ingest("/sitemap.xml")

    assert counts(await site.ingest("/sitemap.xml")) == (0, 0, 3, 0, 0)
    sent = {path: headers.get("if-none-match") for path, headers in site.website.asked if path in ("/a", "/b", "/c")}
    assert sent == {"/a": '"0"', "/b": '"1"', "/c": None}

    site.website.put("/a", "This is page a, but another one.")
    site.website.pages["/a"].headers["ETag"] = '"2"'
    assert counts(await site.ingest("/sitemap.xml"))[:4] == (0, 1, 2, 0)
    assert counts(await site.ingest("/sitemap.xml"))[:4] == (0, 0, 3, 0)


async def test_a_page_that_is_to_be_stored_otherwise_is_asked_for_whole(site: Site) -> None:
    site.website.pages["/a"].headers["ETag"] = '"1"'
    await site.ingest("/sitemap.xml")

    assert counts(await site.ingest("/sitemap.xml", audience=frozenset({"staff"})))[:4] == (0, 3, 0, 0)
    cut = Knowledge(private_addresses=True, crawl_pause_s=0, chunk_tokens=60)
    assert counts(await site.ingest("/sitemap.xml", audience=frozenset({"staff"}), settings=cut))[:4] == (0, 3, 0, 0)


async def test_pages_go_that_the_sitemap_does_not_name_or_the_server_does_not_have(site: Site) -> None:
    await site.ingest("/sitemap.xml")
    website = site.website

    website.sitemap("/sitemap.xml", website.url("/a"), website.url("/b"), website.url("/d"), website.url("/gone"))
    website.put("/d", "This is page d.")
    report = await site.ingest("/sitemap.xml")
    assert counts(report)[:4] == (1, 0, 2, 1)
    assert await site.stored() == ["/a", "/b", "/d"]

    del website.pages["/a"]
    report = await site.ingest("/sitemap.xml")
    assert counts(report)[:4] == (0, 0, 2, 0), "as many pages are gone as are there"
    website.pages["/gone"] = website.pages["/d"]
    assert counts(await site.ingest("/sitemap.xml"))[:4] == (1, 0, 2, 1)
    assert await site.stored() == ["/b", "/d", "/gone"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(status=404), id="gone"),
        pytest.param(Answer(status=500), id="an error"),
        pytest.param(Answer(b"<h1>We are back soon</h1>"), id="a page instead"),
        pytest.param(Answer(b"<urlset></urlset>", "text/xml"), id="empty"),
        pytest.param(Answer(b"<urlset><url><loc>", "text/xml"), id="cut off"),
        pytest.param(Answer(b"", "text/xml"), id="nothing"),
        pytest.param(Answer(status=302, headers={"Location": "http://169.254.169.254/"}), id="a way within"),
    ],
)
async def test_a_source_that_fails_as_a_whole_keeps_its_documents(site: Site, answer: Answer) -> None:
    await site.ingest("/sitemap.xml")
    site.website.pages["/sitemap.xml"] = answer

    report = await site.ingest("/sitemap.xml")

    assert [path for path, _ in report.failed] == [site.website.url("/sitemap.xml")]
    assert await site.stored() == ["/a", "/b", "/c"]


async def test_a_server_in_trouble_keeps_its_documents(site: Site) -> None:
    await site.ingest("/sitemap.xml")
    for path in ("/a", "/b", "/c"):
        site.website.pages[path] = Answer(status=404 if path == "/a" else 500)

    report = await site.ingest("/sitemap.xml")

    assert (len(report.failed), report.removed) == (3, 0)


async def test_sitemaps_lead_to_sitemaps_each_once_and_a_broken_one_conceals(site: Site) -> None:
    website = site.website
    website.sitemap("/index.xml", *map(website.url, ("/index.xml", "/more.xml.gz", "/other.xml")), index=True)
    website.sitemap("/other.xml", *map(website.url, ("/index.xml", "/sitemap.xml")), index=True)
    website.put("/d", "This is page d.")
    website.sitemap("/more.xml", website.url("/d"), "http://elsewhere.test/", "file:///etc/passwd", "nonsense")
    packed = gzip.compress(website.pages.pop("/more.xml").body)  # type: ignore[arg-type]  # bytes
    website.pages["/more.xml.gz"] = Answer(packed, "application/gzip")

    report = await site.ingest("/index.xml")
    assert await site.stored() == ["/a", "/b", "/c", "/d"]
    assert [path for path, _ in report.skipped] == ["http://elsewhere.test/", "file:///etc/passwd", "nonsense"]
    assert len(website.paths()) == 8

    website.pages["/more.xml.gz"] = Answer(status=500)
    website.sitemap("/sitemap.xml", website.url("/a"))
    assert (await site.ingest("/index.xml")).removed == 0
    website.sitemap("/more.xml.gz", website.url("/d"))
    assert (await site.ingest("/index.xml")).removed == 2


async def test_a_packed_sitemap_that_is_a_bomb_is_named(site: Site) -> None:
    site.website.pages["/s.xml.gz"] = Answer(gzip.compress(bytes(50_000_000)), "application/gzip")

    ((path, reason),) = (await site.ingest("/s.xml.gz")).failed

    assert path.endswith("/s.xml.gz")
    assert "larger" in reason


async def test_this_machine_is_not_fetched_from_unless_the_settings_say_so(site: Site) -> None:
    report = await site.ingest("/a", settings=Knowledge(crawl_pause_s=0))

    ((_, reason),) = report.failed
    assert "knowledge.private_addresses" in reason
    assert site.website.asked == []


ENTITIES = b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", b"<html/>", b"<urlset>", ENTITIES + b"<urlset><url><loc>&d;</loc></url></urlset>", b"\xff" * 9],
)
def test_what_is_no_sitemap_is_refused(data: bytes) -> None:
    with pytest.raises(NoSitemap):
        read_sitemap(data)


def test_a_sitemap_names_each_page_once_and_no_pictures() -> None:
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:i="http://www.google.com/schemas/sitemap-image/1.1"><url><loc> http://a.test/?a=1&amp;b=2\n</loc>'
        "<i:image><i:loc>http://a.test/p.png</i:loc></i:image></url><url><loc>http://a.test/?a=1&amp;b=2</loc></url>"
        "<url><lastmod>2026-01-01</lastmod></url></urlset>"
    )
    assert read_sitemap(text.encode()) == Sitemap(pages=("http://a.test/?a=1&b=2",))


def test_a_list_has_an_address_a_line(tmp_path: Path) -> None:
    assert read_addresses("# ours\nhttp://a.test/\r\n\n http://b.test/ \nhttp://a.test/\n") == (
        "http://a.test/",
        "http://b.test/",
    )
