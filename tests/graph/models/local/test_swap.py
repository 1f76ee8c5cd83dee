"""What a model took is free when another one takes its place."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.model_files import CHAT, checked

SWAPS = 3
MOST_MIB = 40
"""What may stay of three models that take 200 MiB each."""
PROGRAM = f"""
import asyncio, re, sys
from pathlib import Path
from langchain_core.messages import HumanMessage
from graph.models.local import LocalChatModel

def resident_mib():
    return int(re.search(r"VmRSS:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

def swap():
    model = LocalChatModel.open(Path(sys.argv[1]), context_tokens=2048, slots=2)
    asyncio.run(model.ainvoke([HumanMessage("Say hello.")], max_tokens=8))
    held = resident_mib()
    model.close()
    return held

held, freed = swap(), resident_mib()
for _ in range({SWAPS}):
    swap()
print(held, freed, resident_mib())
"""


@pytest.mark.model
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process's memory")
def test_memory_is_freed_when_a_model_is_swapped() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(checked(CHAT))], capture_output=True, text=True, check=True, timeout=120
    )
    held, freed, after = map(float, re.findall(r"[\d.]+", ran.stdout))

    assert held - freed > 100
    assert after - freed < MOST_MIB
