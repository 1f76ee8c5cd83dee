"""A file that is no model is refused in a sentence that names it, and llama.cpp stays quiet."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.model_files import CHAT, checked
from graph.errors import ConfigError
from graph.models.local import LocalChatModel

pytestmark = pytest.mark.model


def text_file(path: Path) -> None:
    path.write_text("I am not a model.")


def empty_file(path: Path) -> None:
    path.touch()


def cut_in_the_header(path: Path) -> None:
    path.write_bytes(checked(CHAT).read_bytes()[:5000])


def cut_in_the_weights(path: Path) -> None:
    path.write_bytes(checked(CHAT).read_bytes()[:50_000_000])


def folder(path: Path) -> None:
    path.mkdir()


def nothing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(text_file, "is not a GGUF file", id="text"),
        pytest.param(empty_file, "is not a GGUF file", id="empty"),
        pytest.param(cut_in_the_header, "has no whole header", id="cut in the header"),
        pytest.param(cut_in_the_weights, "is cut short", id="cut in the weights"),
        pytest.param(folder, "cannot be read", id="folder"),
        pytest.param(nothing, "cannot be read", id="missing"),
    ],
)
def test_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str], make: Callable[[Path], None], reason: str) -> None:
    path = tmp_path / "my-model.gguf"
    make(path)

    with pytest.raises(ConfigError) as refusal:
        LocalChatModel.open(path, context_tokens=512)

    assert "my-model.gguf" in str(refusal.value)
    assert reason in str(refusal.value)
    assert capfd.readouterr() == ("", "")


def test_a_context_beyond_the_models_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"8192.*local\.context_tokens"):
        LocalChatModel.open(checked(CHAT), context_tokens=9000)


def test_the_end_of_the_program_does_not_wait_for_an_answer_nor_crash() -> None:
    program = f"""
import asyncio
from pathlib import Path
from graph.models.local import LocalChatModel

async def main():
    model = LocalChatModel.open(Path({str(checked(CHAT))!r}), context_tokens=512)
    await anext(model.astream("Tell me about the sea.", max_tokens=400))
    print("began", flush=True)

asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "began\n", "")
