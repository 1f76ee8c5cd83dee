"""`python -m deploy.bootstrap.stores`: other vector stores, in an environment of their own, for `make bench` alone."""

import fcntl
import sys

from deploy.bootstrap.machine import BUILD, StepFailed, run, say
from deploy.bootstrap.registry import uv_environment
from deploy.bootstrap.tools import LOCKS, TOOLS_PYTHON, UV, Command, make_tools

LOCK = LOCKS / "stores.lock"
STORES = BUILD / "stores"
INSTALLED = STORES / "stores.lock"
"""A copy of the lock that the environment was made from."""


def main() -> int:
    """Return the exit code: 0 installed, 1 a step failed."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = LOCK.read_text(encoding="utf-8")
        if INSTALLED.is_file() and INSTALLED.read_text(encoding="utf-8") == wanted:
            return 0
        try:
            say("installing chroma and lancedb, to compare with")
            make_tools()
            environ = uv_environment(TOOLS_PYTHON)
            make: Command = [UV, "venv", "--clear", "--python", sys.executable, STORES]
            run(make, doing="Making an environment for other stores", environ=environ)
            sync: Command = [UV, "pip", "sync", "--python", STORES / "bin" / "python", "--require-hashes", LOCK]
            run(sync, doing="Installing other stores", environ=environ)
        except StepFailed as error:
            say(str(error))
            return 1
        INSTALLED.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
