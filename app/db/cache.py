"""The answer cache: answers of a site that were given before, for whom they may be given again."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.keys import derived_key
from app.db.sealed import opened, writer
from app.db.tables import CachedAnswer, Site, Trace, UnwantedAnswer
from app.settings import CacheMode
from graph.context import FloatArray, Kept
from graph.events import Source
from graph.knowledge.same_question import Same
from graph.state import Answer

NEAREST = 4
"""So many kept questions, the nearest, are compared with the one that is asked."""
KEEP = timedelta(days=30)
"""An older answer is given anew, whatever has changed."""
MOST_ENTRIES = 5000
"""Answers of a site that are kept; of more, those used last. All of them are compared: a few milliseconds."""
USED_AGAIN = timedelta(hours=1)
"""So precisely is known when an answer was used: a busy one is not written at every use."""
LOCK = 0x7061_6E73
"""Seed of the advisory locks of questions."""
_WORD = re.compile(r"[^\W\d_]+")
_PLACE = ("site_id", "scope", "knowledge_version", "question_key")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an answer would be kept under."""

    question: str
    vector: FloatArray
    place: dict[str, Any]


class SiteCache:
    """The kept answers of one site as one turn may see them, as `graph.context.AnswerCache` asks for them."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        site_id: int,
        *,
        mode: CacheMode,
        labels: Collection[str],
        release: str,
        same: Same,
        secret: bytes,
    ) -> None:
        """Reads only when it is asked.

        Args:
            labels: the reader's. Readers with other labels have other answers.
            release: digest of everything that makes answers: see `app.release`.
            secret: of the installation: without it nobody finds out which question a key stands for.
        """
        self._sessions, self._site_id, self._mode, self._same = sessions, site_id, mode, same
        self._labels, self._release, self._secret = sorted(labels), release, secret
        self._asked: _Asked | None = None

    @property
    def place(self) -> dict[str, Any] | None:
        """Where an answer was looked for, beside the site; None if it was not. `forget_answer` reads it in traces."""
        return self._asked.place if self._asked else None

    async def find(self, question: str, vector: FloatArray, language: str | None) -> Kept | None:
        """Return the answer to the same question, if there is one."""
        if self._mode == "off":
            return None
        scope = _digest(self._release, language or "", *self._labels)
        async with self._sessions() as session:
            version = await session.scalar(select(Site.knowledge_version).where(Site.id == self._site_id))
            if version is None:
                return None
            # The version from before the search: an answer from older documents is kept where nobody finds it.
            place = {"scope": scope, "knowledge_version": version, "question_key": question_key(question, self._secret)}
            self._asked = _Asked(question, vector, place)
            # Words that show no language may be of any: another question's answer may be in another one.
            exact_only = self._mode == "exact" or language is None
            rows = (await session.execute(self._nearest(self._asked, exact_only=exact_only))).all()
            await opened(session, [row.CachedAnswer for row in rows])
        if rows and rows[0].exact:
            return _kept(rows[0])
        nearest = [(row.CachedAnswer.question, row.similarity) for row in rows]
        same = await asyncio.to_thread(self._same, question, nearest) if rows else None
        return None if same is None else _kept(rows[same])

    async def keep(
        self, session: AsyncSession, conversation_id: UUID, answer_id: UUID, answer: Answer, sources: Sequence[Source]
    ) -> None:
        """Keep the answer to what `find` was asked last, unless one is kept or was voted away meanwhile.

        Args:
            answer_id: the stored answer: when it is erased, it is no longer kept.
        """
        if self._asked is None or any(source.chunk_id is None for source in sources):
            return
        asked = self._asked
        await _one_at_a_time(session, [asked.place["question_key"]])
        if await session.scalar(select(exists(self._unwanted(asked)))):
            return
        write = await writer(session, conversation_id)
        await session.execute(
            insert(CachedAnswer)
            .values(
                site_id=self._site_id,
                **asked.place,
                vector=asked.vector,
                answered_by=answer.answered_by,
                rung=answer.rung,
                sources=[asdict(source) for source in sources],
                answer_id=answer_id,
                **write.seal(CachedAnswer, answer_id, question=asked.question, text=answer.text),
            )
            .on_conflict_do_nothing()
        )

    def _nearest(self, asked: _Asked, *, exact_only: bool) -> Any:
        exact = CachedAnswer.question_key == asked.place["question_key"]
        similarity = -CachedAnswer.vector.max_inner_product(asked.vector)
        there = (
            CachedAnswer.site_id == self._site_id,
            CachedAnswer.scope == asked.place["scope"],
            CachedAnswer.knowledge_version == asked.place["knowledge_version"],
            CachedAnswer.created_at > func.now() - KEEP,
            # Nor the answer to another wording: it would most likely be the one that was voted away.
            ~exists(self._unwanted(asked)),
        )
        found = select(CachedAnswer, exact.label("exact"), similarity.label("similarity")).where(*there)
        if exact_only:
            return found.where(exact)
        return found.order_by(exact.desc(), similarity.desc()).limit(NEAREST)

    def _unwanted(self, asked: _Asked) -> Any:
        return select(UnwantedAnswer.site_id).filter_by(site_id=self._site_id, **asked.place)


async def used_again(session: AsyncSession, entry: int) -> None:
    """Note that a kept answer was given again."""
    await session.execute(
        update(CachedAnswer)
        .where(CachedAnswer.id == entry, CachedAnswer.used_at < func.now() - USED_AGAIN)
        .values(used_at=func.now())
    )


async def forget_answer(session: AsyncSession, answer_id: UUID) -> int | None:
    """Give an answer no more that was judged bad, where it was first given or given again; return how many went.

    Until documents change or the site answers in another way, no answer is kept for the question that was asked, nor
    for the one that the answer was kept under, and none is recalled for them.

    Returns None if the answer neither is kept nor could have been recalled.
    """
    turns = (
        await session.execute(
            select(Trace.site_id, Trace.details["looked_up"], Trace.details["recalled"]["entry"]).where(
                Trace.message_id == answer_id, Trace.details.has_key("looked_up")
            )
        )
    ).all()
    recalled = [entry for _, _, entry in turns if entry is not None]
    kept = or_(CachedAnswer.answer_id == answer_id, CachedAnswer.id.in_(recalled))
    entries = (await session.execute(select(*(getattr(CachedAnswer, name) for name in _PLACE)).where(kept))).all()
    looked_up = ((site_id, *(place[name] for name in _PLACE[1:])) for site_id, place, _ in turns)
    places = {*looked_up, *map(tuple, entries)}
    if not places:
        return None
    await _one_at_a_time(session, {place[-1] for place in places})
    await session.execute(
        insert(UnwantedAnswer)
        .values([dict(zip(_PLACE, place, strict=True)) for place in places])
        .on_conflict_do_nothing()
    )
    there = tuple_(*(getattr(CachedAnswer, name) for name in _PLACE)).in_(places)
    gone = await session.scalars(delete(CachedAnswer).where(or_(there, kept)).returning(CachedAnswer.id))
    return len(gone.all())


async def forget_old_answers(session: AsyncSession) -> None:
    """Remove what is never given again: from documents that have changed, too old, or beyond what a site may keep.

    With what was voted away then.
    """
    place = func.row_number().over(partition_by=CachedAnswer.site_id, order_by=CachedAnswer.used_at.desc())
    ranked = select(CachedAnswer.id, place.label("place")).subquery()
    for table in (CachedAnswer, UnwantedAnswer):
        await session.execute(delete(table).where(_outdated(table)))
    await session.execute(
        delete(CachedAnswer).where(CachedAnswer.id.in_(select(ranked.c.id).where(ranked.c.place > MOST_ENTRIES)))
    )


def _outdated(table: type[CachedAnswer | UnwantedAnswer]) -> ColumnElement[bool]:
    current = select(Site.knowledge_version).where(Site.id == table.site_id).scalar_subquery()
    return or_(table.knowledge_version != current, table.created_at <= func.now() - KEEP)


async def _one_at_a_time(session: AsyncSession, question_keys: Collection[str]) -> None:
    """Let who keeps an answer and who votes it away wait for each other, until the transaction ends.

    Neither would see what the other has not committed.
    """
    for key in sorted(question_keys):
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, LOCK))))


def _kept(row: Row[Any]) -> Kept:
    entry: CachedAnswer = row.CachedAnswer
    return Kept(
        entry=entry.id,
        exact=row.exact,
        similarity=min(1.0, row.similarity),
        text=entry.text,
        answered_by=entry.answered_by,
        rung=entry.rung,  # type: ignore[arg-type]  # written from an answer's own
        sources=tuple(Source(**source) for source in entry.sources),
    )


def question_key(question: str, secret: bytes) -> str:
    """What stands for a question, so that none who reads the key can guess it.

    Without case, but for words in capitals: the US is not us, and IT is not it.
    """
    folded = _WORD.sub(lambda word: word[0] if word[0].isupper() and len(word[0]) > 1 else word[0].casefold(), question)
    words = " ".join(folded.split()).rstrip(" ?.!؟")
    return hmac.new(derived_key(secret, "answer cache"), words.encode(), hashlib.sha256).hexdigest()


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()
