"""The command line: `parley …`. Exit codes: 0 done, 1 the work failed, 2 used wrongly."""

from app.cli.main import main

__all__ = ["main"]
