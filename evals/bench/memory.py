"""Memory: what all processes of an idle server take together. Linux tells it; elsewhere there is no figure."""

import time
from pathlib import Path

from evals.bench.figure import Figure

SETTLE_S = 5
MIB = 1024 * 1024
PROC = Path("/proc")


def measure_memory(pid: int, home: Path) -> list[Figure]:
    """Sum the proportional set sizes of a server and of its PostgreSQL, once it has come to rest.

    Args:
        pid: of the server.
        home: its folder, by which its database's processes are told from others.
    """
    if not (PROC / "self" / "smaps_rollup").exists():
        return []
    time.sleep(SETTLE_S)
    sizes: dict[str, list[float]] = {}
    for each in family(pid, home):
        size = pss_bytes(each)
        if size is not None:
            sizes.setdefault("parley serve" if each == pid else kind_of(each), []).append(size / MIB)
    total = sum(map(sum, sizes.values()))
    parts = sorted(sizes.items(), key=lambda item: -sum(item[1]))
    return [
        Figure("memory of all processes, idle", total, "MiB", 1.2 * 1024),
        *(Figure(f"{name} ({len(each)})" if len(each) > 1 else name, sum(each), "MiB") for name, each in parts),
    ]


def pss_bytes(pid: int) -> int | None:
    """Proportional set size: pages that processes share are split among them. None if the process has gone."""
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), None)


def family(pid: int, home: Path) -> list[int]:
    """The process, all that name its home, and all that descend from these."""
    parents = {int(path.name): _parent(path) for path in PROC.iterdir() if path.name.isdecimal()}
    family = {pid} | {each for each in parents if str(home) in _command(each)}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sorted(family)


def _parent(path: Path) -> int:
    try:
        return int((path / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def kind_of(pid: int) -> str:
    """What a process of ours is there for."""
    command = _command(pid)
    if "embedded_keeper" in command:
        return "keeper of the database"
    if "parse_program" in command:
        return "reader of documents"
    return "PostgreSQL" if "postgres" in command else (command.split() or ["?"])[0].rpartition("/")[2]
