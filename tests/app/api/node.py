"""Node.js from its wheel, with packages from npm."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = "openai@7.57.0"
BIN = Path(sys.executable).parent
AWAY = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")


def install(folder: Path, package: str = PACKAGE) -> None:
    """Install a package, OpenAI's by default, below a folder; skip the test when npm's registry cannot be reached."""
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--fetch-retries=1", "--loglevel=error"]
    ran = subprocess.run(
        [BIN / "npm", "install", *quiet, package], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    if ran.returncode and any(code in ran.stderr for code in AWAY):
        pytest.skip(f"npm's registry cannot be reached, so {package} is not there to be tried")
    assert ran.returncode == 0, ran.stderr


async def run(*command: str | Path, folder: Path, environ: dict[str, str]) -> str:
    """Run a program to its end and return what it printed; its errors fail the test."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(folder), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return out.decode()
