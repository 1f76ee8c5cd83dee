"""Zips and records within folders, records within zips: each document is stored below the file that holds it."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.tables import Document
from app.ingest import IngestReport, ingest
from app.settings import Knowledge
from tests.graph.scripted import WordEncoder

Sessions = async_sessionmaker[AsyncSession]
GOOD = "# Hours\n\nOpen from nine to five.\n"
SKIPPED_PICTURE = "Files of type .png are not supported yet."
NOT_OPENED = "An archive within an archive is not opened; put it beside that one."


def records(*keys: str) -> bytes:
    return "".join(json.dumps({"id": key, "title": key, "text": f"All about {key}."}) + "\n" for key in keys).encode()


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "help"
    (folder / "more").mkdir(parents=True)
    (folder / "hours.md").write_text(GOOD)
    (folder / "faq.jsonl").write_bytes(records("refunds", "a/b"))
    inner = {"c.md": GOOD.encode(), "faq.jsonl": records("x"), "d.png": b"", "in.zip": packed({"e.md": GOOD.encode()})}
    (folder / "more" / "manual.zip").write_bytes(packed(inner))
    return folder


async def read(sessions: Sessions, *paths: Path, exclude: tuple[str, ...] = (), url: str | None = None) -> IngestReport:
    return await ingest(sessions, WordEncoder(), Knowledge(), site="shop", paths=paths, exclude=exclude, base_url=url)


async def stored(sessions: Sessions) -> dict[str, str | None]:
    """The address of each document, by its path."""
    async with sessions() as session:
        rows = await session.execute(select(Document.path, Document.url).order_by(Document.path))
        return {row.path: row.url for row in rows}


async def test_what_files_of_a_folder_hold_is_stored_and_what_is_passed_over_is_named(
    sessions: Sessions, folder: Path
) -> None:
    report = await read(sessions, folder)

    assert (report.added, report.failed, report.seen) == (5, [], 7)
    assert sorted(await stored(sessions)) == [
        "faq.jsonl/a/b",
        "faq.jsonl/refunds",
        "hours.md",
        "more/manual.zip/c.md",
        "more/manual.zip/faq.jsonl/x",
    ]
    assert report.skipped == [("more/manual.zip/d.png", SKIPPED_PICTURE), ("more/manual.zip/in.zip", NOT_OPENED)]
    assert (await read(sessions, folder)).unchanged == 5


async def test_a_zip_by_its_own_name_brings_its_records(sessions: Sessions, folder: Path) -> None:
    report = await read(sessions, folder / "more" / "manual.zip")

    assert (report.added, sorted(await stored(sessions))) == (2, ["c.md", "faq.jsonl/x"])


async def test_documents_go_with_the_lines_and_files_that_hold_them(sessions: Sessions, folder: Path) -> None:
    await read(sessions, folder)
    (folder / "faq.jsonl").write_bytes(records("refunds"))
    (folder / "more" / "manual.zip").write_bytes(packed({"c.md": GOOD.encode()}))

    assert (await read(sessions, folder)).removed == 2
    (folder / "faq.jsonl").unlink()
    assert (await read(sessions, folder)).removed == 1
    assert sorted(await stored(sessions)) == ["hours.md", "more/manual.zip/c.md"]


@pytest.mark.parametrize(
    ("name", "data", "failed"),
    [
        pytest.param("faq.jsonl", b"{no json", "faq.jsonl/line 1", id="a bad line"),
        pytest.param("more/manual.zip", b"PK no zip", "more/manual.zip", id="a broken zip"),
    ],
)
async def test_a_file_that_breaks_keeps_what_it_held_and_no_more(
    sessions: Sessions, folder: Path, name: str, data: bytes, failed: str
) -> None:
    await read(sessions, folder)
    (folder / name).write_bytes(data)
    (folder / "hours.md").unlink()

    report = await read(sessions, folder)

    assert [path for path, _ in report.failed] == [failed]
    assert (report.removed, len(await stored(sessions))) == (1, 4)


async def test_a_file_of_a_known_folder_is_brought_up_to_date_in_place(sessions: Sessions, folder: Path) -> None:
    await read(sessions, folder)
    (folder / "faq.jsonl").write_bytes(records("refunds", "new"))

    report = await read(sessions, folder / "faq.jsonl")

    assert (report.added, report.unchanged, report.removed) == (1, 1, 1)
    assert len(await stored(sessions)) == 5


async def test_a_file_that_is_a_source_already_is_not_stored_twice(sessions: Sessions, folder: Path) -> None:
    await read(sessions, folder / "faq.jsonl")

    report = await read(sessions, folder)

    assert ("faq.jsonl", "It is a source of its own; ingest it by its own name.") in report.skipped
    assert sorted(await stored(sessions))[:2] == ["a/b", "hours.md"]


async def test_patterns_pass_over_what_files_hold(sessions: Sessions, folder: Path) -> None:
    (folder / "more" / "manual.zip").write_bytes(packed({"drafts/c.md": GOOD.encode(), "d.md": GOOD.encode()}))

    await read(sessions, folder, exclude=("*.jsonl", "*/drafts"))

    assert sorted(await stored(sessions)) == ["hours.md", "more/manual.zip/d.md"]


async def test_only_files_that_lie_in_the_folder_have_addresses(sessions: Sessions, folder: Path) -> None:
    await read(sessions, folder, url="https://shop.example/help/")

    found = await stored(sessions)
    assert found["hours.md"] == "https://shop.example/help/hours.md"
    assert {url for path, url in found.items() if path != "hours.md"} == {None}


async def test_two_documents_of_one_path_are_one_and_a_failure(sessions: Sessions, tmp_path: Path) -> None:
    both = {"a.jsonl": records("b.md"), "a.jsonl/b.md": GOOD.encode()}
    (tmp_path / "a.zip").write_bytes(packed(both))

    report = await read(sessions, tmp_path / "a.zip")

    assert (report.added, [path for path, _ in report.failed]) == (1, ["a.jsonl/b.md"])
