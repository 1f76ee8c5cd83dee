"""The machine that the figures belong to, and how busy it is."""

import os
import platform
from pathlib import Path


def describe() -> str:
    """Cores, processor and system, in a line."""
    return f"{os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.release()}"


def load() -> str:
    """Load average of the last 1, 5 and 15 minutes. Figures of a busy machine say little."""
    return "load average " + ", ".join(f"{value:.2f}" for value in os.getloadavg())


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
