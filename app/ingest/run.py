"""Ingest: read what is new or changed, cut and encode it, and store it batch by batch."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.documents import (
    Fetched,
    NewDocument,
    content_hashes,
    document_sources,
    fetched_pages,
    labels_of_source,
    remove_documents,
    write_documents,
)
from app.db.sites import ensure_site
from app.embedders import show_installed
from app.ingest.fetch import Bounds, Fetcher
from app.ingest.files import Given, source_at
from app.ingest.items import AsyncSource, Found, Item, Problem, Skipped, Source, Unchanged, Validators
from app.ingest.parser import Parser
from app.ingest.records import RecordSource
from app.ingest.report import IngestReport, Progress
from app.ingest.stamp import Stamp
from app.ingest.telling import Telling
from app.ingest.web import Pages, WebSource
from app.loading import NamedMarks
from app.settings import Knowledge
from graph.context import Encoder, FloatArray
from graph.guards.language import language_of_document
from graph.knowledge.document import ParsedDocument, ParseError
from graph.knowledge.split import Chunk, split

LANGUAGE_CHUNKS = 5
"""Passages at the beginning of a document that tell its language."""
BATCH_CHUNKS = 128
BATCH_DOCUMENTS = 500
ENCODED_ANEW = "what the encoder had not seen"
"""In place of a path, once all documents have been read."""

Sessions = async_sessionmaker[AsyncSession]
OnProgress = Callable[[Progress], None]


async def ingest(
    sessions: Sessions,
    encoder: Encoder,
    settings: Knowledge,
    *,
    site: str,
    paths: Sequence[Path] = (),
    records: Sequence[Path | BinaryIO] = (),
    pages: Sequence[Pages] = (),
    source: str | None = None,
    exclude: Sequence[str] = (),
    audience: frozenset[str] | None = None,
    base_url: str | None = None,
    screen: NamedMarks | None = None,
    planned: bool = False,
    progress: OnProgress | None = None,
    catch_up: bool = True,
) -> IngestReport:
    """Bring a site's documents up to date with files, folders, records and web pages.

    What has not changed since is not written; what is gone from a folder, file or sitemap is removed. Every batch
    is one transaction, so that a run that is broken off keeps what it has stored, and no document is half there.
    How far each source has come is told in the database as it goes (`app.db.ingestions`).

    Args:
        sessions: where the documents are stored.
        encoder: gives the passages their vectors.
        settings: size of chunks, largest document.
        site: name of the site; made if it is new.
        paths: files and folders; a `.jsonl` file is taken as records, a `.zip` as a folder, within a folder, too.
        records: files or streams of JSON Lines, as `RecordSource` reads them.
        pages: web pages, as `WebSource` fetches them.
        source: a name for a single folder that stays the same wherever the folder lies.
        exclude: patterns of paths below a folder that are passed over; what they match is gone from the site.
        audience: labels of which a reader needs one; if it is empty, everybody reads the documents. None is for
            everybody, too, but refuses a source that was for some only: nothing is published by a forgotten argument.
        base_url: where the files of folders and zips can be read by their paths.
        screen: tells which passages seem to hold instructions to the assistant; they are marked.
        planned: whether the site's configuration names the sources: one that it no longer names goes.
        progress: called after each document and each stored batch.
        catch_up: whether to show the encoder at the end what it has not seen of the site, as after it was exchanged.
    """
    report = IngestReport()
    async with sessions.begin() as session:
        site_id = (await ensure_site(session, site)).id
        known = await document_sources(session, site_id)
    sources: list[Source | AsyncSource] = []
    given = Given(settings.max_document_bytes, source, tuple(exclude), base_url)
    for path in paths:
        if path.exists():
            sources.append(source_at(path, known, given))
        else:
            report.failed.append((str(path), "There is no such file or folder."))
    sources += [RecordSource(file, settings.max_document_bytes, source) for file in records]
    stamp = Stamp(settings.chunk_tokens, sorted(audience or ()))
    if screen is not None:
        stamp = replace(stamp, judge=screen.judge, better=screen.better)
    async with AsyncExitStack() as stack:
        if pages:
            bounds = Bounds(settings.private_addresses, settings.max_document_bytes, pause_s=settings.crawl_pause_s)
            fetcher = await stack.enter_async_context(Fetcher(bounds))
            for web in pages:
                validators = await _validators(sessions, site_id, web.name, stamp)
                sources.append(WebSource(web, fetcher, settings.max_document_bytes, validators))
        parser = stack.enter_context(Parser())
        for source_ in sources:
            own = IngestReport()
            async with Telling(sessions, site_id, source_.name, own, stamp.labels, planned=planned) as telling:
                show = partial(_show, progress, report, own)
                run = _Run(sessions, encoder, stamp, site_id, source_, audience, screen, own, show, telling, parser)
                await run.run()
            report.add(own)

    def show_encoded(passages: int) -> None:
        _show(progress, report, IngestReport(chunks=passages), ENCODED_ANEW)

    if catch_up:
        report.encoded = await show_installed(sessions, encoder, site_id, show_encoded)
    return report


def _show(progress: OnProgress | None, before: IngestReport, now: IngestReport, path: str) -> None:
    """Show what all sources together have brought: those before, and the one that is at hand."""
    if progress is not None:
        progress(Progress(before.documents + now.documents, before.chunks + now.chunks, path))


class _Run:
    """One source's ingestion."""

    def __init__(
        self,
        sessions: Sessions,
        encoder: Encoder,
        stamp: Stamp,
        site_id: int,
        source: Source | AsyncSource,
        audience: frozenset[str] | None,
        screen: NamedMarks | None,
        report: IngestReport,
        show: Callable[[str], None],
        telling: Telling,
        parser: Parser,
    ) -> None:
        self._sessions = sessions
        self._encoder = encoder
        self._stamp = stamp
        self._site_id = site_id
        self._source = source
        self._audience = audience
        self._screen = screen
        self._report = report
        self._show = show
        self._telling = telling
        self._parser = parser
        self._count = encoder.count_tokens
        self._stored: dict[str, str] = {}
        self._batch: list[tuple[Item, str, ParsedDocument, list[Chunk]]] = []
        self._taken: set[str] = set()
        self._kept: set[str] = set()
        self._concealed: set[str] = set()

    async def run(self) -> None:
        async with self._sessions() as session:
            self._stored = await content_hashes(session, self._site_id, self._source.name)
            labels = await labels_of_source(session, self._site_id, self._source.name)
        if labels and self._audience is None:
            self._report.failed.append(
                (
                    self._source.name,
                    f"Its documents are for {', '.join(labels)} only. Say --audience {','.join(labels)} again, "
                    'or --audience "" to make them everybody\'s.',
                )
            )
            return
        async for item in _items(self._source):
            match item:
                case Item():
                    await self._take(item)
                case Problem():
                    self._fail(item)
                case Skipped():
                    self._report.skipped.append((item.path, item.reason))
                case Unchanged():
                    self._kept.add(item.path)
                    self._report.unchanged += 1
            self._report.seen += 1
            self._show(item.path)
            await self._telling.tell()
        await self._store()
        await self._remove()

    async def _take(self, item: Item) -> None:
        if item.path in self._taken:
            self._fail(Problem(item.path, "Another document has this path; give one of them another name."))
            return
        self._taken.add(item.path)
        # A record's digest holds its address.
        url = None if item.name is None else item.url
        if self._stamp.holds(self._stored.get(item.path), item.digest, url):
            self._report.unchanged += 1
            return
        content_hash = self._stamp.of(item.digest, url)
        try:
            document, chunks = await asyncio.to_thread(self._read, item)
        except ParseError as error:
            self._fail(Problem(item.path, str(error)))
            return
        self._batch.append((replace(item, data=b""), content_hash, document, chunks))
        if sum(len(each[3]) for each in self._batch) >= BATCH_CHUNKS or len(self._batch) >= BATCH_DOCUMENTS:
            await self._store()

    def _read(self, item: Item) -> tuple[ParsedDocument, list[Chunk]]:
        document = self._parser.parse(item)
        return document, split(document, chunk_tokens=self._stamp.chunk_tokens, count=self._count)

    async def _store(self) -> None:
        batch, self._batch = self._batch, []
        if not batch:
            return
        vectors = await self._encode([chunk.embedded for *_, chunks in batch for chunk in chunks])
        marks = await self._screened([chunk for *_, chunks in batch for chunk in chunks])
        documents = []
        start = 0
        for item, content_hash, document, chunks in batch:
            own = vectors[start : start + len(chunks)]
            documents.append(
                NewDocument(
                    item.path,
                    document.title,
                    document.url,
                    content_hash,
                    chunks,
                    own,
                    suspicious=marks[start : start + len(chunks)],
                    audience=self._stamp.labels,
                    language=language_of_document("\n".join(chunk.text for chunk in chunks[:LANGUAGE_CHUNKS])),
                    fetched=_fetched(item),
                )
            )
            if number := sum(marks[start : start + len(chunks)]):
                passages = "one passage seems" if number == 1 else f"{number} passages seem"
                self._report.marked.append((item.path, f"{passages} to hold instructions to the assistant."))
            start += len(chunks)
        async with self._sessions.begin() as session:
            await write_documents(session, self._site_id, self._source.name, documents, model=self._encoder.name)
        changed = sum(item.path in self._stored for item, *_ in batch)
        self._report.changed += changed
        self._report.added += len(batch) - changed
        self._report.chunks += len(vectors)
        self._show(batch[-1][0].path)

    async def _screened(self, chunks: Sequence[Chunk]) -> Sequence[bool]:
        """Whether each passage is marked, as a model will read it: below its headings."""
        if self._screen is None:
            return [False] * len(chunks)
        texts, above = [chunk.text for chunk in chunks], [chunk.above for chunk in chunks]
        return await asyncio.to_thread(self._screen, texts, above)

    async def _encode(self, texts: list[str]) -> FloatArray:
        parts = [
            await asyncio.to_thread(self._encoder.encode, texts[start : start + BATCH_CHUNKS])
            for start in range(0, len(texts), BATCH_CHUNKS)
        ]
        return np.concatenate(parts)

    async def _remove(self) -> None:
        there, concealed = self._taken | self._kept, tuple(self._concealed)
        gone = [
            path
            for path in self._stored
            if self._source.covers(path) and path not in there and not path.startswith(concealed)
        ]
        if gone:
            async with self._sessions.begin() as session:
                self._report.removed += await remove_documents(session, self._site_id, self._source.name, gone)

    def _fail(self, problem: Problem) -> None:
        self._report.failed.append((problem.path, problem.reason))
        self._kept.add(problem.path)
        if problem.conceals is not None:
            self._concealed.add(problem.conceals)


def _fetched(item: Item) -> Fetched | None:
    if item.validators is None or item.url is None:
        return None
    return Fetched(item.digest, item.url, item.validators.etag, item.validators.modified)


async def _validators(sessions: Sessions, site_id: int, source: str, stamp: Stamp) -> dict[str, Validators]:
    """What lets servers tell that pages have not changed, for those that would be stored as they are now."""
    async with sessions() as session:
        stored = await fetched_pages(session, site_id, source)
    return {
        path: Validators(page.etag, page.modified)
        for path, (content_hash, page) in stored.items()
        if stamp.holds(content_hash, page.digest, page.url)
    }


async def _items(source: Source | AsyncSource) -> AsyncIterator[Found]:
    items = source.items()
    if isinstance(items, AsyncIterator):
        async for item in items:
            yield item
        return
    while (found := await asyncio.to_thread(_next, items)) is not None:
        yield found


def _next(items: Iterator[Found]) -> Found | None:
    return next(items, None)
