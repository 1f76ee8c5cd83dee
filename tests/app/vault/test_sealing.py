import base64
import os
from pathlib import Path
from uuid import uuid4

import pytest

from app.settings import load_settings
from app.vault.master import FileMaster, LocalMaster, MasterRefused, make_file
from app.vault.sealing import CLEAR, DataKey, Unreadable
from graph.errors import ConfigError

KEY = DataKey(uuid4(), os.urandom(32))
PLACE = "pseudonyms.value/one/[EMAIL_1]"
GOOGLE_KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"


def test_what_is_sealed_can_be_opened_in_its_place() -> None:
    assert KEY.open(PLACE, KEY.seal(PLACE, "Zoë".encode())) == "Zoë".encode()
    assert KEY.seal(PLACE, b"same") != KEY.seal(PLACE, b"same")


SEALED = KEY.seal(PLACE, b"kim@example.org")


@pytest.mark.parametrize(
    ("key", "place", "sealed"),
    [
        pytest.param(KEY, "pseudonyms.value/one/[EMAIL_2]", SEALED, id="moved to another row"),
        pytest.param(DataKey(KEY.id, os.urandom(32)), PLACE, SEALED, id="another key of that id"),
        pytest.param(DataKey(uuid4(), KEY.key), PLACE, SEALED, id="another id"),
        pytest.param(KEY, PLACE, SEALED[:-1] + bytes([SEALED[-1] ^ 1]), id="changed"),
        pytest.param(KEY, PLACE, SEALED[:20], id="cut"),
        pytest.param(KEY, PLACE, b"", id="empty"),
        pytest.param(KEY, PLACE, CLEAR + b"planted in clear", id="clear"),
    ],
)
def test_anything_else_is_refused(key: DataKey, place: str, sealed: bytes) -> None:
    with pytest.raises(Unreadable):
        key.open(place, sealed)


def test_a_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    make_file(file)
    wrapped = FileMaster(file).wrap(b"k" * 32, "here")
    make_file(file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert FileMaster(file).unwrap(wrapped, "here") == b"k" * 32
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        pytest.param(base64.b64encode(b"k" * 32), 0o644, "chmod 600", id="others may read"),
        pytest.param(base64.b64encode(b"k" * 32), 0o620, "chmod 600", id="its group may write"),
        pytest.param(b"", 0o600, "no master key", id="empty"),
        pytest.param(base64.b64encode(b"short"), 0o600, "no master key", id="too short"),
        pytest.param("schlüssel".encode(), 0o600, "no master key", id="no base64"),
        pytest.param(None, 0, "restore it from its backup", id="missing"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_to_do(
    tmp_path: Path, content: bytes | None, mode: int, says: str
) -> None:
    file = tmp_path / "master.key"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)

    with pytest.raises(ConfigError, match=says):
        FileMaster(file)


def test_a_process_follows_when_the_file_gets_a_new_key(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    make_file(file)
    running, rotating = FileMaster(file), FileMaster(file)
    before = running.wrap(b"k" * 32, "here")

    rotating.begin_with_new_key()
    after = rotating.wrap(b"k" * 32, "here")
    assert running.unwrap(after, "here") == b"k" * 32
    assert rotating.unwrap(before, "here") == b"k" * 32

    rotating.forget_old_keys()
    with pytest.raises(MasterRefused):
        FileMaster(file).unwrap(before, "here")


def test_the_first_of_several_keys_wraps_and_all_unwrap() -> None:
    old, new = os.urandom(32), os.urandom(32)
    wrapped = LocalMaster("kept", old).wrap(b"k" * 32, "here")

    assert LocalMaster("kept", new, old).unwrap(wrapped, "here") == b"k" * 32
    with pytest.raises(MasterRefused):
        LocalMaster("kept", new).unwrap(wrapped, "here")


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"PARLEY_KEYS__MASTER": "hunter2"}, "openssl rand -base64 32"),
        ({"PARLEY_KEYS__TRANSIT_KEY": "parley"}, "go together"),
        ({"PARLEY_KEYS__PATH": "/k", "PARLEY_KEYS__MASTER": base64.b64encode(b"k" * 32).decode()}, "one master key"),
        ({"PARLEY_KEYS__AWS_KEY": "alias/p", "PARLEY_KEYS__GOOGLE_KEY": GOOGLE_KEY}, "one master key"),
        ({"PARLEY_KEYS__GOOGLE_KEY": "master"}, "google_key"),
    ],
    ids=["no key", "half a transit engine", "two kinds", "two services", "no name of Google's"],
)
def test_settings_of_the_master_key_are_checked(environ: dict[str, str], says: str, tmp_path: Path) -> None:
    (tmp_path / "parley.toml").touch()
    with pytest.raises(ConfigError, match=says) as refused:
        load_settings(environ, path=tmp_path / "parley.toml")
    assert "hunter2" not in str(refused.value)
