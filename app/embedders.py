"""The hosted encoders of a process: they rank the passages of the sites that want them, as long as they are well.

The installed encoder sees every passage and every question in any case: guards, intents and thresholds are made for it,
and it ranks whenever no other can.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.search import Ranking
from app.db.vectors import knowledge_version, store_vectors, unseen_passages
from graph.context import Breakers
from graph.encoder.hosted import HostedEncoder
from graph.errors import ModelFault
from graph.knowledge.split import SEPARATOR, Chunk

BATCH = 64
Sessions = async_sessionmaker[AsyncSession]


class Embedders:
    """Chooses among encoders."""

    def __init__(self, encoders: Sequence[HostedEncoder], sessions: Sessions, breakers: Breakers) -> None:
        self._encoders = {encoder.name: encoder for encoder in encoders}
        self._sessions, self._breakers = sessions, breakers
        self._whole: dict[tuple[int, str], int] = {}
        """The version of a site's knowledge at which an encoder had seen all of it."""

    def of(self, names: Sequence[str]) -> list[HostedEncoder]:
        """The encoders that a site names, in its order; without names all there are."""
        return [self._encoders[name] for name in names or self._encoders if name in self._encoders]

    async def ranking(self, site_id: int, names: Sequence[str], question: str) -> Ranking | None:
        """What the first encoder makes of the question that is well and has seen the whole site; None if none is."""
        for encoder in self.of(names):
            key = f"embedding:{encoder.name}"
            if not await self._has_seen(site_id, encoder.name) or await self._breakers.why_not(key) is not None:
                continue
            try:
                vector = (await encoder.encode([question], question=True))[0]
            except ModelFault as fault:
                await self._breakers.failed(key, fault)
                continue
            await self._breakers.succeeded(key)
            return Ranking(encoder.name, vector)
        return None

    async def _has_seen(self, site_id: int, name: str) -> bool:
        """Whether every passage has its vector: until then the encoder that was there before goes on ranking."""
        async with self._sessions() as session:
            version = await knowledge_version(session, site_id)
            if self._whole.get((site_id, name)) == version:
                return True
            if await unseen_passages(session, site_id, name, limit=1):
                return False
        self._whole[site_id, name] = version
        return True


async def show_unseen(sessions: Sessions, encoder: HostedEncoder, site_id: int) -> int:
    """Show an encoder what it has not seen of a site, batch by batch; return how many passages that were.

    Raises:
        ModelFault: the encoder failed. What was stored stays, and the next call goes on from there.
    """
    shown = 0
    while True:
        async with sessions() as session:
            passages = await unseen_passages(session, site_id, encoder.name, limit=BATCH)
        if not passages:
            return shown
        texts = [Chunk(tuple(each.heading.split(SEPARATOR)), each.text).embedded for each in passages]
        vectors = await encoder.encode(texts)
        async with sessions.begin() as session:
            await store_vectors(session, site_id, encoder.name, passages, vectors)
        shown += len(passages)
