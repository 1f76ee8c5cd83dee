"""Reads JSON Lines."""

import json
from pathlib import Path
from typing import Any


def rows(path: Path) -> list[dict[str, Any]]:
    """Every line of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
