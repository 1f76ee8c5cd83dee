"""The hosted encoders of a process: they rank the passages of the sites that want them, as long as they are well.

The installed encoder sees every passage and every question in any case: guards, intents and thresholds are made for it,
and it ranks whenever no other can.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.ledger import enter
from app.db.search import Ranking
from app.db.vectors import Unseen, knowledge_version, store_vectors, stored_length, unseen_passages
from app.prices import priced
from app.settings import Settings
from graph.context import Breakers, Encoder
from graph.encoder.hosted import HostedEncoder
from graph.errors import ModelFault, ServerFault
from graph.events import Usage
from graph.knowledge.split import SEPARATOR, Chunk

BATCH = 64
Note = Callable[[Usage], None]
Sessions = async_sessionmaker[AsyncSession]
log = logging.getLogger(__name__)


class Embedders:
    """Chooses among encoders."""

    def __init__(self, encoders: Sequence[HostedEncoder], sessions: Sessions, breakers: Breakers) -> None:
        self._encoders = {encoder.name: encoder for encoder in encoders}
        self._sessions, self._breakers = sessions, breakers
        self._whole: dict[tuple[int, str], tuple[int, int]] = {}
        """The version of a site's knowledge at which an encoder had seen all of it, and how long its vectors are."""

    def of(self, names: Sequence[str]) -> list[HostedEncoder]:
        """The encoders that a site names, in its order; without names all there are."""
        return [self._encoders[name] for name in names or self._encoders if name in self._encoders]

    async def ranking(self, site_id: int, names: Sequence[str], note: Note, question: str) -> Ranking | None:
        """What the first encoder makes of the question that is well and has seen the whole site; None if none is.

        Args:
            note: told of each encoder that was asked or passed over because it is not well.
        """
        for encoder in self.of(names):
            length = await self._seen(site_id, encoder)
            if length is None:
                continue
            why = await self._breakers.why_not(encoder.route)
            if why is not None:
                note(encoder.not_used(why))
                continue
            began_at = datetime.now(UTC)
            try:
                given = await encoder.encode([question], question=True)
                _hold_to(length, encoder, given.vectors.shape[1])
            except ModelFault as fault:
                await self._breakers.failed(encoder.route, fault)
                note(encoder.not_used(fault.label, began_at))
                continue
            await self._breakers.succeeded(encoder.route)
            note(given.usage)
            return Ranking(encoder.stored_as, given.vectors[0])
        return None

    async def _seen(self, site_id: int, encoder: HostedEncoder) -> int | None:
        """How long the vectors are, once every passage of a site has its own.

        None until then: the encoder that was there before goes on ranking.
        """
        key = site_id, encoder.stored_as
        async with self._sessions() as session:
            version = await knowledge_version(session, site_id)
            if key in self._whole and self._whole[key][0] == version:
                return self._whole[key][1]
            if await unseen_passages(session, *key, limit=1):
                return None
            length = await stored_length(session, *key)
        if length is not None:
            self._whole[key] = version, length
        return length


async def show_unseen(sessions: Sessions, encoder: HostedEncoder, site_id: int, settings: Settings) -> int:
    """Show an encoder what it has not seen of a site, batch by batch; return how many passages that were.

    What it takes stands in the ledger.

    Raises:
        ModelFault: the encoder failed. What was stored stays, and the next call goes on from there.
    """
    shown = 0
    while True:
        async with sessions() as session:
            passages = await unseen_passages(session, site_id, encoder.stored_as, limit=BATCH)
            length = await stored_length(session, site_id, encoder.stored_as)
        if not passages:
            return shown
        given = await encoder.encode([_text(each) for each in passages])
        async with sessions.begin() as session:
            await enter(session, site_id, None, [priced(given.usage, settings)])
        _hold_to(length, encoder, given.vectors.shape[1])
        async with sessions.begin() as session:
            await store_vectors(session, site_id, encoder.stored_as, passages, given.vectors)
        shown += len(passages)


async def show_installed(
    sessions: Sessions, encoder: Encoder, site_id: int, shown: Callable[[int], None] | None = None
) -> int:
    """Show the installed encoder what it has not seen of a site, as after it was exchanged; return how many passages.

    The vectors of the one before stay, so that a process which still has it goes on searching by them.

    Args:
        shown: told after each batch how many passages have been shown.
    """
    count = 0
    while True:
        async with sessions() as session:
            passages = await unseen_passages(session, site_id, encoder.name, limit=BATCH)
        if not passages:
            return count
        vectors = await asyncio.to_thread(encoder.encode, [_text(each) for each in passages])
        async with sessions.begin() as session:
            await store_vectors(session, site_id, encoder.name, passages, vectors)
        count += len(passages)
        if shown is not None:
            shown(count)


def _text(passage: Unseen) -> str:
    return Chunk(tuple(passage.heading.split(SEPARATOR)), passage.text).embedded


def _hold_to(stored: int | None, encoder: HostedEncoder, length: int) -> None:
    """Vectors of different lengths cannot be compared, so the server has another model behind the same name now."""
    if stored is not None and length != stored:
        log.error(
            "an encoder's vectors are of another length than its stored ones; give it another name in the settings",
            extra={"encoder": encoder.name, "length": length, "stored": stored},
        )
        raise ServerFault(
            f"The vectors of {encoder.name} have {length} numbers now, and its stored ones {stored}: "
            "its server has another model. Give it another name, and it is shown all passages again."
        )
