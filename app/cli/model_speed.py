"""How fast a local model is on this machine."""

import asyncio
import re
import time
from dataclasses import dataclass
from pathlib import Path

from langchain_core.messages import BaseMessage, HumanMessage

from app.settings_models import Local
from graph.models.local import LocalChatModel

STREAMS = 4
TOKENS = 64
PROMPT_WORDS = 300
RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second of prompts and of answers, and what it takes. `memory_mib` is 0 where the system does not say."""

    prompt_tokens: int
    prompt_per_s: float
    first_token_s: float
    one_per_s: float
    four_per_s: float
    memory_mib: float
    offloaded: int
    layers: int


async def measure(path: Path, settings: Local) -> Speed:
    """Load a model, let it read a prompt that it has not seen, and let it write alone and four times at once.

    Raises:
        ConfigError: the file is no model, or the memory does not suffice.
    """
    before = _resident_mib()
    model = await asyncio.to_thread(
        LocalChatModel.open,
        path,
        context_tokens=min(settings.context_tokens, 2048),
        slots=STREAMS,
        threads=settings.threads,
        gpu_layers=settings.gpu_layers,
    )
    try:
        await _written(model, "Say hello.")  # the first answer of a process is slower
        prompt = " ".join(f"word{number}" for number in range(PROMPT_WORDS))
        tokens = model.count_tokens(_asked(prompt))
        first_s, one_per_s = await _written(model, prompt)
        began = time.perf_counter()
        await asyncio.gather(*(_written(model, f"Tell story {number}.") for number in range(STREAMS)))
        four_per_s = STREAMS * TOKENS / (time.perf_counter() - began)
        memory_mib = max(_resident_mib() - before, 0.0)
        return Speed(tokens, tokens / first_s, first_s, one_per_s, four_per_s, memory_mib, *model.offloaded)
    finally:
        await asyncio.to_thread(model.close)


def _asked(text: str) -> list[BaseMessage]:
    return [HumanMessage(text)]


async def _written(model: LocalChatModel, text: str) -> tuple[float, float]:
    """Seconds until the first token, and tokens a second after it."""
    began, first, tokens = time.perf_counter(), 0.0, 0
    async for chunk in model.astream(_asked(text), max_tokens=TOKENS):
        first = first or time.perf_counter()
        if chunk.usage_metadata:
            tokens = chunk.usage_metadata["output_tokens"]
    ended = time.perf_counter()
    return first - began, max(tokens - 1, 0) / max(ended - first, 1e-6)


def _resident_mib() -> float:
    try:
        found = RESIDENT.search(Path("/proc/self/status").read_text(encoding="ascii"))
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0
