"""What is installed, so that a second run has nothing to do."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.bootstrap.machine import ROOT

SOURCES = ("requirements/*.lock", "deploy/bootstrap/*.py", "pyproject.toml", "app/model_files.py")


@dataclass(frozen=True, slots=True)
class Stamp:
    """One installation: a digest of everything it was made from, whether tools for tests are in it, and the build."""

    digest: str
    dev: bool
    cmake_args: str

    def serves(self, wanted: "Stamp") -> bool:
        """Whether this installation will do. One with the tools for tests also does where they are not needed."""
        return self.digest == wanted.digest and self.cmake_args == wanted.cmake_args and self.dev >= wanted.dev


def current_digest(root: Path = ROOT) -> str:
    """Digest of the locks, the installer and the interpreter's version."""
    seen = hashlib.sha256(platform.python_version().encode())
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            seen.update(f"{path.relative_to(root)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()


def read(venv: Path) -> Stamp | None:
    """The stamp of a virtual environment, or None when there is none that can be read."""
    try:
        return Stamp(**json.loads((venv / "parley.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(venv: Path, stamp: Stamp) -> None:
    """Note that an installation is complete."""
    (venv / "parley.json").write_text(json.dumps(asdict(stamp)) + "\n", encoding="utf-8")
