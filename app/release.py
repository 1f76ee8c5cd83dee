"""What makes a site's answers, as one digest: answers of different releases are not taken for each other."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

import graph.prompts
import graph.replies
from app.settings import Settings
from app.sites.book import SiteView
from graph.context import ModelRoute

_SETTINGS = {"models", "embeddings", "hosted", "local", "embedding", "knowledge", "guards", "turn", "chat"}
"""The sections of the settings that an answer depends on."""


def release_of(site: SiteView, settings: Settings, models: Sequence[ModelRoute]) -> str:
    """Return the digest of the program, its prompts, the settings, the site's configuration and its chain of models.

    Args:
        models: those that answer for the site, in their order.
    """
    parts = {
        "program": _program(),
        "settings": settings.model_dump(mode="json", include=_SETTINGS),
        "site": [site.id, site.version],
        "models": [[route.name, route.rung, route.trusted, route.small] for route in models],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@cache
def _program() -> list[str]:
    """The version, and the prompts and sentences by their content: they change between versions where one develops."""
    files = (graph.prompts.__file__, graph.replies.FILE)
    return [version("parley"), *(hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files)]
