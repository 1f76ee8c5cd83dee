"""Ingest: read what is new or changed, cut and encode it, and store it batch by batch."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

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
from app.ingest.archive import ARCHIVE, ArchiveSource
from app.ingest.fetch import Bounds, Fetcher
from app.ingest.files import RECORDS, file_source
from app.ingest.items import AsyncSource, Found, Item, Problem, Skipped, Source, Unchanged, Validators
from app.ingest.parser import Parser
from app.ingest.records import RecordSource
from app.ingest.report import IngestReport, Progress
from app.ingest.web import Pages, WebSource
from app.settings import Knowledge
from graph.context import Encoder, FloatArray
from graph.guards.language import language_of_document
from graph.knowledge.document import ParsedDocument, ParseError
from graph.knowledge.split import Chunk, split

SPLITTER = "3"
"""Counted up when documents are read, cut or screened in another way: the next ingestion then reads all anew."""
LANGUAGE_CHUNKS = 5
"""Passages at the beginning of a document that tell its language."""
BATCH_CHUNKS = 128
BATCH_DOCUMENTS = 500
ENCODED_ANEW = "what the encoder had not seen"
"""In place of a path, once all documents have been read."""

Sessions = async_sessionmaker[AsyncSession]
Screen = Callable[[Sequence[str]], Sequence[bool]]
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
    screen: Screen | None = None,
    progress: OnProgress | None = None,
    catch_up: bool = True,
) -> IngestReport:
    """Bring a site's documents up to date with files, folders, records and web pages.

    What has not changed since is not written; what is gone from a folder, file or sitemap is removed. Every batch
    is one transaction, so that a run that is broken off keeps what it has stored, and no document is half there.

    Args:
        sessions: where the documents are stored.
        encoder: gives the passages their vectors.
        settings: size of chunks, largest document.
        site: name of the site; made if it is new.
        paths: files and folders; a `.jsonl` file is taken as records, a `.zip` as a folder.
        records: files or streams of JSON Lines, as `RecordSource` reads them.
        pages: web pages, as `WebSource` fetches them.
        source: a name for a single folder that stays the same wherever the folder lies.
        exclude: patterns of paths below a folder that are passed over; what they match is gone from the site.
        audience: labels of which a reader needs one; if it is empty, everybody reads the documents. None is for
            everybody, too, but refuses a source that was for some only: nothing is published by a forgotten argument.
        base_url: where the files of folders and zips can be read by their paths.
        screen: tells which passages seem to hold instructions to the assistant; they are marked. Blocks.
        progress: called after each document and each stored batch.
        catch_up: whether to show the encoder at the end what it has not seen of the site, as after it was exchanged.
    """
    report = IngestReport()
    async with sessions.begin() as session:
        site_id = (await ensure_site(session, site)).id
        known = await document_sources(session, site_id)
    sources: list[Source | AsyncSource] = []
    for path in paths:
        if not path.exists():
            report.failed.append((str(path), "There is no such file or folder."))
        elif path.suffix.lower() == RECORDS and path.is_file():
            sources.append(RecordSource(path, settings.max_document_bytes, source))
        elif path.suffix.lower() == ARCHIVE and path.is_file():
            sources.append(ArchiveSource(path, settings.max_document_bytes, source, tuple(exclude)))
        else:
            sources.append(file_source(path, known, settings.max_document_bytes, source, exclude))
    sources += [RecordSource(file, settings.max_document_bytes, source) for file in records]
    labels = sorted(audience or ())
    async with AsyncExitStack() as stack:
        if pages:
            bounds = Bounds(settings.private_addresses, settings.max_document_bytes, pause_s=settings.crawl_pause_s)
            fetcher = await stack.enter_async_context(Fetcher(bounds))
            for web in pages:
                validators = await _validators(sessions, site_id, web.name, settings, labels)
                sources.append(WebSource(web, fetcher, settings.max_document_bytes, validators))
        parser = stack.enter_context(Parser())
        for source_ in sources:
            run = _Run(
                sessions, encoder, settings, site_id, source_, audience, base_url, screen, report, progress, parser
            )
            await run.run()

    def show(passages: int) -> None:
        if progress is not None:
            progress(Progress(report.documents, report.chunks + passages, ENCODED_ANEW))

    if catch_up:
        report.encoded = await show_installed(sessions, encoder, site_id, show)
    return report


class _Run:
    """One source's ingestion."""

    def __init__(
        self,
        sessions: Sessions,
        encoder: Encoder,
        settings: Knowledge,
        site_id: int,
        source: Source | AsyncSource,
        audience: frozenset[str] | None,
        base_url: str | None,
        screen: Screen | None,
        report: IngestReport,
        progress: OnProgress | None,
        parser: Parser,
    ) -> None:
        self._sessions = sessions
        self._encoder = encoder
        self._settings = settings
        self._site_id = site_id
        self._source = source
        self._audience = audience
        self._labels = sorted(audience or ())
        self._base_url = base_url
        self._screen = screen
        self._report = report
        self._progress = progress or _silent
        self._parser = parser
        self._count = encoder.count_tokens
        self._stored: dict[str, str] = {}
        self._batch: list[tuple[Item, str, ParsedDocument, list[Chunk]]] = []
        self._kept: set[str] = set()
        self._kept_folders: set[str] = set()
        self._removes = True

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
            self._progress(Progress(self._report.documents, self._report.chunks, item.path))
        await self._store()
        await self._remove()

    async def _take(self, item: Item) -> None:
        self._kept.add(item.path)
        if self._base_url is not None and item.name is not None and item.url is None:
            item = replace(item, url=f"{self._base_url.rstrip('/')}/{quote(item.path)}")
        # A record's digest holds its address.
        given = None if item.name is None else item.url
        content_hash = _hash(item.digest, given, self._settings, self._labels)
        if self._stored.get(item.path) == content_hash:
            self._report.unchanged += 1
            return
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
        return document, split(document, chunk_tokens=self._settings.chunk_tokens, count=self._count)

    async def _store(self) -> None:
        batch, self._batch = self._batch, []
        if not batch:
            return
        vectors = await self._encode([chunk.embedded for *_, chunks in batch for chunk in chunks])
        marks = await self._screened([chunk.text for *_, chunks in batch for chunk in chunks])
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
                    audience=self._labels,
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
        self._progress(Progress(self._report.documents, self._report.chunks, batch[-1][0].path))

    async def _screened(self, texts: list[str]) -> Sequence[bool]:
        return await asyncio.to_thread(self._screen, texts) if self._screen else [False] * len(texts)

    async def _encode(self, texts: list[str]) -> FloatArray:
        parts = [
            await asyncio.to_thread(self._encoder.encode, texts[start : start + BATCH_CHUNKS])
            for start in range(0, len(texts), BATCH_CHUNKS)
        ]
        return np.concatenate(parts)

    async def _remove(self) -> None:
        if not self._removes:
            return
        gone = [path for path in self._stored if self._source.covers(path) and not self._still_there(path)]
        if gone:
            async with self._sessions.begin() as session:
                self._report.removed += await remove_documents(session, self._site_id, self._source.name, gone)

    def _fail(self, problem: Problem) -> None:
        self._report.failed.append((problem.path, problem.reason))
        if problem.path.endswith("/"):
            self._kept_folders.add(problem.path)
        self._kept.add(problem.path)
        self._removes = self._removes and not problem.conceals

    def _still_there(self, path: str) -> bool:
        return path in self._kept or any(path.startswith(folder) for folder in self._kept_folders)


def _hash(digest: str, url: str | None, settings: Knowledge, labels: Sequence[str]) -> str:
    """What a stored text depends on: content and address, how it was cut, for whom it is. Not which encoder saw it."""
    parts = (SPLITTER, str(settings.chunk_tokens), digest, *(() if url is None else (url,)), *labels)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _fetched(item: Item) -> Fetched | None:
    if item.validators is None or item.url is None:
        return None
    return Fetched(item.digest, item.url, item.validators.etag, item.validators.modified)


async def _validators(
    sessions: Sessions, site_id: int, source: str, settings: Knowledge, labels: Sequence[str]
) -> dict[str, Validators]:
    """What lets servers tell that pages have not changed, for those that would be stored as they are now."""
    async with sessions() as session:
        stored = await fetched_pages(session, site_id, source)
    return {
        path: Validators(page.etag, page.modified)
        for path, (content_hash, page) in stored.items()
        if content_hash == _hash(page.digest, page.url, settings, labels)
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


def _silent(progress: Progress) -> None:
    pass
