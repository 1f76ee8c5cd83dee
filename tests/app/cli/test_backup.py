from pathlib import Path

import psycopg
import pytest

from tests.app.cli.conftest import Parley


def test_a_backup_is_made_and_fills_an_empty_database(
    parley: Parley, empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parley("site", "add", "shop").code == 0
    made = parley("backup", "copies")
    assert made.code == 0, made.err
    whole, keys = map(Path, made.out.splitlines())
    again = parley("backup", "copies", "--keys")
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    restored = parley("restore", str(whole))
    sites = parley("site", "list")
    twice = parley("restore", str(whole))

    assert restored.code == 0
    assert again.out.splitlines() == [str(keys)]
    assert sorted(path.name for path in (tmp_path / "copies").iterdir()) == sorted([whole.name, "keys.dump"])
    assert "keep these apart" in made.err
    assert "shop" in sites.out
    assert (twice.code, "restore into an empty one" in twice.err) == (1, True)


def test_what_cannot_be_backed_up_or_restored_is_said_in_a_sentence(
    parley: Parley, empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    (tmp_path / "broken.dump").write_bytes(b"no backup")
    (tmp_path / "keys.dump").write_bytes(b"no keys")

    nothing = parley("backup", "copies")
    missing = parley("restore", "gone.dump")
    broken = parley("restore", "broken.dump")

    assert (nothing.code, nothing.err) == (1, "This database holds no tables of Parley; there is nothing to back up.\n")
    assert (missing.code, missing.err) == (1, "There is no file gone.dump.\n")
    assert broken.code == 1
    assert "pg_restore failed: " in broken.err
    with psycopg.connect(empty_database_url.replace("+psycopg", "")) as database:
        assert database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
