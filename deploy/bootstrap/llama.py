"""llama.cpp's Python package: built once from its pinned source, kept for every later clone of this user."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sysconfig
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from deploy.bootstrap.machine import BUILD, LOG, ROOT, StepFailed, failed, say

LOCK = ROOT / "requirements" / "llama.lock"
CMAKE_DEFAULTS = "-DLLAVA_BUILD=OFF -DGGML_NATIVE=OFF -DLLAMA_BUILD_APP=OFF"
"""No picture input, no server; instructions of every 64-bit x86 since 2013 instead of this very machine's."""
REPORT_S = 30.0
STEP = re.compile(r"\[(\d+)/(\d+)\]")


def cache_folder(cmake_args: str) -> Path:
    """Where the wheel of one kind of build is kept: by source, CMake arguments, Python and platform."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    parts = (LOCK.read_text(), cmake_args, platform.python_version(), sysconfig.get_platform(), *platform.libc_ver())
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return Path(home) / "parley" / "wheels" / key


def wheel(tools_python: Path, cmake_args: str) -> Path:
    """Return the wheel for these CMake arguments, which come on top of the defaults. Builds it when there is none yet.

    Raises:
        StepFailed: there is no compiler, or the build failed.
    """
    arguments = f"{CMAKE_DEFAULTS} {cmake_args}".strip()
    kept = cache_folder(arguments)
    for found in sorted(kept.glob("*.whl")):
        return found
    _need_compiler()
    fresh = BUILD / "llama"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    say(f"building llama.cpp from source on {cores} cores, once only; two idle cores need 3 to 7 minutes")
    started = time.monotonic()
    _build(tools_python, fresh, {"CMAKE_ARGS": arguments, "CMAKE_BUILD_PARALLEL_LEVEL": str(cores)})
    say(f"llama.cpp is built, after {_minutes(started)}")
    built = next(fresh.glob("*.whl"))
    kept.mkdir(parents=True, exist_ok=True)
    partial = kept / f"{built.name}.{os.getpid()}.part"
    shutil.copyfile(built, partial)
    return partial.rename(kept / built.name)


def _need_compiler() -> None:
    names = [os.environ["CXX"].split()[0]] if os.environ.get("CXX") else ["c++", "g++", "clang++"]
    if not any(shutil.which(name) for name in names):
        raise StepFailed(
            "The local model's engine is compiled here, and there is no C++ compiler: install one "
            "(`apt-get install gcc g++` on Debian) and run it again."
        )


def _build(tools_python: Path, folder: Path, environ: dict[str, str]) -> None:
    command = [tools_python, "-m", "pip", "wheel", "--verbose", "--no-deps", "--require-hashes"]
    build = subprocess.Popen(
        [*map(str, command), "--no-cache-dir", "-r", str(LOCK), "-w", str(folder)],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    progress = Progress()
    reader = threading.Thread(target=progress.follow, args=(build.stdout or (),), daemon=True)
    reader.start()
    started = time.monotonic()
    try:
        while True:
            try:
                code = build.wait(timeout=REPORT_S)
                break
            except subprocess.TimeoutExpired:
                say(f"  {_minutes(started)}: {progress.text}")
    except BaseException:
        build.terminate()
        raise
    reader.join()
    if code != 0:
        raise failed("Building llama.cpp")


class Progress:
    """What a build that is under way has said last. `text` is for people."""

    def __init__(self) -> None:
        self.text = "fetching the source and the build tools"

    def follow(self, lines: Iterable[str]) -> None:
        """Copy the lines to the log, and remember how far the compiler has come."""
        with LOG.open("a", encoding="utf-8") as log:
            for line in lines:
                log.write(line)
                step = STEP.search(line)
                if step:
                    self.text = f"{step[1]} of {step[2]} steps compiled"
                elif "Configuring CMake" in line:
                    self.text = "configuring"


def _minutes(started: float) -> str:
    seconds = int(time.monotonic() - started)
    return f"{seconds // 60} min {seconds % 60:02d} s"
