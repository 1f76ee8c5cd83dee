"""What a GGUF file says of itself, and files that are none."""

from pathlib import Path

import pytest

from app.model_files import CHAT, checked
from graph.errors import ConfigError
from graph.models.local.gguf import read_header

HEADER_BYTES = 2_000_000
"""More than what stands before the weights."""


@pytest.mark.model
def test_the_installed_model_says_what_it_is() -> None:
    header = read_header(checked(CHAT))

    assert (header.architecture, header.context_tokens, header.chat) == ("llama", 8192, True)
    assert header.tensors > 100


@pytest.mark.model
@pytest.mark.parametrize(
    ("keep", "says"),
    [
        pytest.param(-1, "cut short", id="the last byte is missing"),
        pytest.param(HEADER_BYTES + 10_000_000, "cut short", id="most weights are missing"),
        pytest.param(1000, "no whole header", id="the header is cut"),
        pytest.param(4, "no whole header", id="nothing but the magic"),
        pytest.param(0, "not a GGUF file", id="empty"),
    ],
)
def test_what_is_cut_short_is_refused(tmp_path: Path, keep: int, says: str) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(checked(CHAT).read_bytes()[:keep])

    with pytest.raises(ConfigError, match=says):
        read_header(cut)


@pytest.mark.parametrize(
    "content",
    [
        b"GGUF" + b"\xff" * 64,
        b"GGUF\x03\x00\x00\x00" + b"\xff" * 16,
        b"GGUF" + bytes(10_000),
        b"<html>not found</html>",
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(content)

    with pytest.raises(ConfigError):
        read_header(wrong)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.gguf cannot be read: No such file"):
        read_header(tmp_path / "missing.gguf")
