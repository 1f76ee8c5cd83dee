import asyncio
from pathlib import Path

import pytest

from app.ingest import watch as watching
from app.ingest.watch import watch
from tests.waiting import sooner_or_later


async def test_changes_are_told_and_hidden_files_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUIET_MS", 50)
    folder = tmp_path / ".home" / "docs"
    (folder / "below").mkdir(parents=True)
    seen: list[set[str]] = []

    async def changed() -> None:
        seen.append({path.name for path in folder.rglob("*.md")})

    running = asyncio.create_task(watch([folder], changed))
    try:
        await asyncio.sleep(0.5)  # until the system tells of changes
        (folder / ".draft.md").write_text("x", encoding="utf-8")
        (folder / "below" / "new.md").write_text("# New\n", encoding="utf-8")

        async def new() -> bool:
            return bool(seen) and "new.md" in seen[-1]

        await sooner_or_later(new, most_s=20)
        (folder / "below" / "new.md").unlink()

        async def gone() -> bool:
            return "new.md" not in seen[-1]

        await sooner_or_later(gone, most_s=20)
        count = len(seen)
        (folder / ".draft.md").write_text("y", encoding="utf-8")
        await asyncio.sleep(0.5)
        assert len(seen) == count
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
