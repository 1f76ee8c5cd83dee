"""Ingestion into the real database, with the real encoder."""

import asyncio
import io
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Text, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.tables import Chunk, Document, Embedding, Site
from app.ingest import IngestReport, Progress, ingest
from app.model_files import ENCODER, TOKENIZER, checked
from app.settings import Knowledge
from graph.context import FloatArray
from graph.encoder.onnx import OnnxEncoder

Sessions = async_sessionmaker[AsyncSession]
SETTINGS = Knowledge()
TABLES = (Site, Document, Chunk, Embedding)


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(checked(ENCODER), checked(TOKENIZER))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "guide" / "billing").mkdir(parents=True)
    (tmp_path / "guide" / "plans.md").write_text("# Plans\n\nThere are three plans.\n\n## Trial\n\nIt lasts 30 days.\n")
    (tmp_path / "guide" / "billing" / "refunds.html").write_text(
        "<main><h1>Refunds</h1><p>Within two weeks.</p></main>"
    )
    (tmp_path / "guide" / "hours.txt").write_text("Open from nine to five.")
    return tmp_path / "guide"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def stored(sessions: Sessions) -> dict[str, list[str]]:
    """The headings of every stored document's chunks, by path."""
    async with sessions() as session:
        rows = await session.execute(
            select(Document.path, Chunk.heading)
            .join(Chunk, Chunk.document_id == Document.id, isouter=True)
            .order_by(Document.path, Chunk.position)
        )
        result: dict[str, list[str]] = {}
        for path, heading in rows:
            result.setdefault(path, []).append(heading)
        return result


async def fingerprint(sessions: Sessions) -> list[str]:
    """Which transaction wrote each row that an ingestion may write: it changes with any write, even of equal values."""
    written = func.string_agg(
        cast(literal_column("xmin"), Text), aggregate_order_by(literal(","), literal_column("ctid"))
    )
    async with sessions() as session:
        return [str(await session.scalar(select(written).select_from(table))) for table in TABLES]


def counts(report: IngestReport) -> tuple[int, int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.removed, len(report.failed)


async def test_a_folder_is_stored_by_relative_paths(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    report = await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])

    assert counts(report) == (3, 0, 0, 0, 0)
    assert report.chunks == 4
    assert await stored(sessions) == {
        "billing/refunds.html": ["Refunds"],
        "hours.txt": ["Hours"],
        "plans.md": ["Plans", "Plans > Trial"],
    }
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Embedding)) == 4


async def test_a_second_run_over_unchanged_files_writes_nothing(
    sessions: Sessions, encoder: OnnxEncoder, folder: Path
) -> None:
    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])
    before = await fingerprint(sessions)
    for path in files(folder):
        os.utime(path)  # touched, not changed

    report = await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])

    assert counts(report) == (0, 0, 3, 0, 0)
    assert await fingerprint(sessions) == before


async def test_only_what_changed_is_written_and_what_is_gone_goes(
    sessions: Sessions, encoder: OnnxEncoder, folder: Path
) -> None:
    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])
    async with sessions() as session:
        version = await session.scalar(select(Site.knowledge_version))
        kept = await session.scalar(select(Document.updated_at).where(Document.path == "hours.txt"))
    (folder / "plans.md").write_text("# Plans\n\nThere are four plans.\n")
    (folder / "billing" / "refunds.html").unlink()
    (folder / "new.md").write_text("# New\n\nText.\n")

    report = await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])

    assert counts(report) == (1, 1, 1, 1, 0)
    assert await stored(sessions) == {"hours.txt": ["Hours"], "new.md": ["New"], "plans.md": ["Plans"]}
    async with sessions() as session:
        assert await session.scalar(select(Document.updated_at).where(Document.path == "hours.txt")) == kept
        assert (await session.scalar(select(Site.knowledge_version)) or 0) > (version or 0)


async def test_another_cut_stores_anew(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])

    report = await ingest(sessions, encoder, Knowledge(chunk_tokens=60), site="shop", paths=[folder])

    assert counts(report) == (0, 3, 0, 0, 0)


async def test_broken_files_are_named_and_the_rest_goes_on(
    sessions: Sessions, encoder: OnnxEncoder, folder: Path
) -> None:
    (folder / "picture.md").write_bytes(b"\x89PNG\x00\x00")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "huge.txt").write_text("long " * 1000)
    (folder / "manual.exe").write_bytes(b"%PDF-1.7")

    settings = Knowledge(max_document_bytes=2000)
    report = await ingest(sessions, encoder, settings, site="shop", paths=[folder, folder / "absent"])

    assert counts(report) == (3, 0, 0, 0, 4)
    reasons = dict(report.failed)
    assert "no such file" in reasons.pop(str(folder / "absent"))
    assert {path: reason.split(".")[0] for path, reason in reasons.items()} == {
        "picture.md": "The file is not UTF-8 text; save it as UTF-8 or give it the right suffix",
        "empty.txt": "The file is empty",
        "huge.txt": "It is larger (0",
    }
    assert report.skipped == [("manual.exe", "Files of type .exe are not supported yet.")]


async def test_a_document_that_breaks_keeps_its_last_good_state(
    sessions: Sessions, encoder: OnnxEncoder, folder: Path
) -> None:
    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])
    (folder / "plans.md").write_bytes(b"\x00\x01")

    report = await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])

    assert counts(report) == (0, 0, 2, 0, 1)
    assert "plans.md" in await stored(sessions)


async def test_an_emptied_folder_removes_nothing(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])
    for path in files(folder):
        path.unlink()

    report = await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])

    assert counts(report) == (0, 0, 0, 0, 1)
    assert len(await stored(sessions)) == 3


async def test_links_and_hidden_files_are_not_followed(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    (folder.parent / "secret.md").write_text("# Secret\n\nOutside.")
    (folder / "link.md").symlink_to(folder.parent / "secret.md")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "notes.md").write_text("# Hidden\n\nText.")
    (folder / ".draft.md").write_text("# Draft\n\nText.")

    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])

    assert set(await stored(sessions)) == {"billing/refunds.html", "hours.txt", "plans.md"}


async def test_a_part_of_a_known_folder_is_brought_up_to_date_in_place(
    sessions: Sessions, encoder: OnnxEncoder, folder: Path
) -> None:
    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])
    (folder / "hours.txt").write_text("Open from ten to six.")
    (folder / "plans.md").unlink()
    (folder / "billing" / "refunds.html").unlink()
    (folder / "billing" / "fees.md").write_text("# Fees\n\nNone.")

    report = await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder / "hours.txt", folder / "billing"])

    assert counts(report) == (1, 1, 0, 1, 0)
    assert set(await stored(sessions)) == {"billing/fees.md", "hours.txt", "plans.md"}


async def test_a_named_source_may_move(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder], source="guide")
    shutil.move(folder, folder.parent / "moved")

    report = await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder.parent / "moved"], source="guide")

    assert counts(report) == (0, 0, 3, 0, 0)


GOOD = {"id": "a", "title": "Plans", "text": "There are three plans."}


@pytest.mark.parametrize(
    ("line", "path", "reason"),
    [
        pytest.param(b"{not json", "line 2", "not valid JSON", id="no JSON"),
        pytest.param(b"\xff\xfe", "line 2", "not valid JSON", id="binary"),
        pytest.param(b'["a"]', "line 2", "not a JSON object", id="no object"),
        pytest.param(b'{"text": "t"}', "line 2", "no `id`", id="no id"),
        pytest.param(b'{"id": null, "text": "t"}', "line 2", "no `id`", id="null id"),
        pytest.param(b'{"id": "b", "title": "t"}', "b", "Line 2: the record has no `text`", id="no text"),
        pytest.param(b'{"id": "b", "text": "  "}', "b", "Line 2: the record has no `text`", id="blank text"),
        pytest.param(b'{"id": "b", "text": "t", "title": 3}', "b", "must be strings", id="title is a number"),
        pytest.param(b'{"id": "b", "text": "t\\u0000"}', "b", "not text", id="zero character"),
        pytest.param(b'{"id": "b", "text": "\\ud800"}', "b", "not text", id="half a character"),
        pytest.param(b'{"id": "b", "text": "t", "url": "javascript:x"}', "b", "must begin with http", id="bad address"),
        pytest.param(b'{"id": "a", "text": "t"}', "a", "earlier record", id="same id again"),
        pytest.param(b'{"id": "b", "text": "' + b"x" * 3000 + b'"}', "line 2", "larger", id="too large"),
    ],
)
async def test_bad_records_are_named_by_line_and_skipped(
    sessions: Sessions, encoder: OnnxEncoder, tmp_path: Path, line: bytes, path: str, reason: str
) -> None:
    records = tmp_path / "records.jsonl"
    last = json.dumps(GOOD | {"id": 7}).encode()
    records.write_bytes(b"\n".join([json.dumps(GOOD).encode(), line, b"", last]))

    report = await ingest(sessions, encoder, Knowledge(max_document_bytes=2000), site="shop", paths=[records])

    assert counts(report) == (2, 0, 0, 0, 1)
    assert report.failed[0][0] == path
    assert reason in report.failed[0][1]
    assert set(await stored(sessions)) == {"a", "7"}


async def test_records_of_a_file_come_and_go_with_it(sessions: Sessions, encoder: OnnxEncoder, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps(GOOD) + "\n" + json.dumps(GOOD | {"id": "b"}) + "\n")
    await ingest(sessions, encoder, SETTINGS, site="shop", records=[records])
    records.write_text(json.dumps(GOOD | {"id": "b"}) + "\n")

    report = await ingest(sessions, encoder, SETTINGS, site="shop", records=[records])

    assert counts(report) == (0, 0, 1, 1, 0)


async def test_a_line_that_cannot_be_read_removes_nothing(
    sessions: Sessions, encoder: OnnxEncoder, tmp_path: Path
) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps(GOOD) + "\n" + json.dumps(GOOD | {"id": "b"}) + "\n")
    await ingest(sessions, encoder, SETTINGS, site="shop", records=[records])
    records.write_text('{"id": "a", "text\n' + json.dumps(GOOD | {"id": "b"}) + "\n")

    report = await ingest(sessions, encoder, SETTINGS, site="shop", records=[records])

    assert counts(report) == (0, 0, 1, 0, 1)
    assert set(await stored(sessions)) == {"a", "b"}


async def test_a_stream_adds_to_what_streams_brought_before(sessions: Sessions, encoder: OnnxEncoder) -> None:
    for key in ("a", "b"):
        stream = io.BytesIO(json.dumps(GOOD | {"id": key}).encode())
        await ingest(sessions, encoder, SETTINGS, site="shop", records=[stream])

    assert set(await stored(sessions)) == {"a", "b"}


class Broken(Exception):
    pass


class BreaksOff(OnnxEncoder):
    """Encodes one batch, then breaks off."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls > 3:  # one in the constructor, two for the first batch
            raise Broken
        return super().encode(texts)


async def test_a_run_that_is_broken_off_keeps_whole_documents_and_is_continued(
    sessions: Sessions, encoder: OnnxEncoder, tmp_path: Path
) -> None:
    records = tmp_path / "records.jsonl"
    section = "\n\n## Part {}\n\n" + "Something is said here about that part of it. " * 3
    body = "".join(section.format(number) for number in range(50))
    records.write_text("\n".join(json.dumps({"id": str(key), "title": "T", "text": body}) for key in range(5)))
    broken = BreaksOff(checked(ENCODER), checked(TOKENIZER))

    with pytest.raises(Broken):
        await ingest(sessions, broken, SETTINGS, site="shop", records=[records])
    after_break = await stored(sessions)
    report = await ingest(sessions, encoder, SETTINGS, site="shop", records=[records])

    assert {path: len(headings) for path, headings in after_break.items()} == {"0": 50, "1": 50, "2": 50}
    assert counts(report) == (2, 0, 3, 0, 0)


async def test_sites_do_not_touch_each_other(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder])
    (folder / "plans.md").unlink()

    report = await ingest(sessions, encoder, SETTINGS, site="club", paths=[folder])

    assert counts(report) == (2, 0, 0, 0, 0)
    async with sessions() as session:
        shop = select(func.count()).select_from(Document).join(Site).where(Site.name == "shop")
        assert await session.scalar(shop) == 3


async def test_two_runs_at_once_end_as_one(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    await asyncio.gather(*(ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder]) for _ in range(3)))

    assert {path: len(headings) for path, headings in (await stored(sessions)).items()} == {
        "billing/refunds.html": 1,
        "hours.txt": 1,
        "plans.md": 2,
    }


async def test_progress_is_told_as_it_happens(sessions: Sessions, encoder: OnnxEncoder, folder: Path) -> None:
    steps: list[Progress] = []

    await ingest(sessions, encoder, SETTINGS, site="shop", paths=[folder], progress=steps.append)

    assert [step.path for step in steps[:3]] == ["billing/refunds.html", "hours.txt", "plans.md"]
    assert (steps[-1].documents, steps[-1].chunks) == (3, 4)
