"""LoRA adapters change what the model says; one that is made for another model is refused by name."""

import struct
from pathlib import Path

import numpy as np
import pytest
from langchain_core.messages import HumanMessage

from app.model_files import CHAT, checked
from graph.errors import ConfigError
from graph.models.local import LocalChatModel

pytestmark = pytest.mark.model

TENSOR = "blk.29.ffn_down.weight"
INNER, OUTER = 1536, 576
"""Shape of that tensor in the installed model."""
STRING, FLOAT = 8, 6
"""Types of values in GGUF's header."""


def adapter(path: Path, *, architecture: str = "llama", strength: float = 1.0) -> Path:
    """Write an adapter of rank 1 by hand, after GGUF's specification, version 3."""
    draw = np.random.default_rng(1)
    tensors = {
        f"{TENSOR}.lora_a": draw.normal(size=(1, INNER)).astype("<f4"),
        f"{TENSOR}.lora_b": (strength * draw.normal(size=(OUTER, 1))).astype("<f4"),
    }
    texts = {"general.type": "adapter", "general.architecture": architecture, "adapter.type": "lora"}
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(texts) + 1)
    for key, value in texts.items():
        header += _string(key) + struct.pack("<I", STRING) + _string(value)
    header += _string("adapter.lora.alpha") + struct.pack("<If", FLOAT, 1.0)
    offset = 0
    for name, values in tensors.items():
        header += _string(name) + struct.pack("<IQQIQ", 2, *reversed(values.shape), 0, offset)
        offset += -(-values.nbytes // 32) * 32
    data = b"".join(values.tobytes().ljust(-(-values.nbytes // 32) * 32, b"\0") for values in tensors.values())
    path.write_bytes(header.ljust(-(-len(header) // 32) * 32, b"\0") + data)
    return path


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


async def said(*adapters: Path) -> str:
    model = LocalChatModel.open(checked(CHAT), context_tokens=512, adapters=adapters)
    try:
        return str((await model.ainvoke([HumanMessage("Tell me about the sea.")], max_tokens=12)).text)
    finally:
        model.close()


async def test_an_adapter_changes_what_is_said(tmp_path: Path) -> None:
    plain = await said()

    assert await said(adapter(tmp_path / "none.gguf", strength=0.0)) == plain
    assert await said(adapter(tmp_path / "strong.gguf", strength=5.0)) != plain


@pytest.mark.parametrize("make", ["text", "other architecture", "missing"])
async def test_an_adapter_that_does_not_fit_is_refused_by_name(tmp_path: Path, make: str) -> None:
    path = tmp_path / "mine.gguf"
    if make == "text":
        path.write_text("I am no adapter.")
    elif make == "other architecture":
        adapter(path, architecture="gemma")

    with pytest.raises(ConfigError, match=r"mine\.gguf"):
        await said(path)
