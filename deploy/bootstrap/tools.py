"""What installs: uv, in a virtual environment of its own, so that it is not among the packages that it manages."""

import sys
from pathlib import Path
from typing import TypeAlias

from deploy.bootstrap.machine import BUILD, ROOT, StepFailed, run

LOCKS = ROOT / "requirements"
TOOLS = BUILD / "tools"
TOOLS_PYTHON = TOOLS / "bin" / "python"
UV = TOOLS / "bin" / "uv"
Command: TypeAlias = "list[str | Path]"


def make_tools() -> None:
    """Make the environment, or find that it is made.

    Raises:
        StepFailed: it cannot be made.
    """
    if not TOOLS_PYTHON.exists():
        try:
            run([sys.executable, "-m", "venv", "--clear", TOOLS], doing="Making a virtual environment")
        except StepFailed as error:
            raise StepFailed(f"{error} On Debian it needs the package python3-venv.") from None
    pip: Command = [TOOLS_PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCKS / "installer.lock"]
    run(pip, doing="Installing uv")
