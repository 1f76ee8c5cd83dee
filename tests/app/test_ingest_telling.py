"""How far an ingestion has come is told in the database: as it goes, at its end, and when it breaks off."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.ingestions import last_ingestions
from app.db.sites import site_by_name
from app.db.tables import Ingestion
from app.ingest import ingest, telling
from app.settings import Knowledge
from graph.context import FloatArray
from graph.errors import ModelFault
from tests.graph.scripted import WordEncoder

Sessions = async_sessionmaker[AsyncSession]


async def last(sessions: Sessions, folder: Path) -> Ingestion:
    async with sessions() as session:
        site = await site_by_name(session, "shop")
        assert site is not None
        return (await last_ingestions(session, site.id))[str(folder)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        (tmp_path / f"{number}.md").write_text(f"# Part {number}\n\nIt is said here.\n")
    (tmp_path / "picture.png").write_bytes(b"")
    (tmp_path / "broken.md").write_bytes(b"\x00")
    return tmp_path


class Breaking(WordEncoder):
    """Encodes nothing."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def encode(self, texts: Sequence[str]) -> FloatArray:
        raise self.error


async def test_the_end_is_told_with_its_counts(sessions: Sessions, folder: Path) -> None:
    await ingest(sessions, WordEncoder(), Knowledge(), site="shop", paths=[folder])
    first = await last(sessions, folder)
    await ingest(sessions, WordEncoder(), Knowledge(), site="shop", paths=[folder], audience=frozenset({"staff"}))
    second = await last(sessions, folder)

    assert (first.seen, first.added, first.skipped, first.failures, first.chunks) == (5, 3, 1, 1, 3)
    assert [path for path, _ in first.failed] == ["broken.md"]
    assert first.ended_at is not None
    assert (first.error, first.planned, first.audience) == (None, False, [])
    assert (second.added, second.changed, second.audience) == (0, 3, ["staff"])
    assert second.started_at > first.started_at


async def test_it_is_told_as_it_goes(sessions: Sessions, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "TELL_S", 0)
    seen: list[tuple[int, bool]] = []

    class Looking(WordEncoder):
        """Looks at what is told when the passages are encoded."""

        def encode(self, texts: Sequence[str]) -> FloatArray:
            found = asyncio.run_coroutine_threadsafe(last(sessions, folder), loop).result(10)
            seen.append((found.seen, found.ended_at is None))
            return super().encode(texts)

    loop = asyncio.get_running_loop()
    await ingest(sessions, Looking(), Knowledge(), site="shop", paths=[folder])

    assert (5, True) in seen


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        pytest.param(ModelFault("The encoder is gone."), "The encoder is gone.", id="ours"),
        pytest.param(RuntimeError("Ada Lovelace, 12 Some Street"), "It broke off (RuntimeError).", id="another's"),
        pytest.param(asyncio.CancelledError(), "It was interrupted.", id="interrupted"),
    ],
)
async def test_a_run_that_breaks_off_says_so(
    sessions: Sessions, folder: Path, error: BaseException, sentence: str
) -> None:
    with pytest.raises(type(error)):
        await ingest(sessions, Breaking(error), Knowledge(), site="shop", paths=[folder])

    found = await last(sessions, folder)
    assert (found.error, found.seen, found.ended_at is not None) == (sentence, 5, True)
