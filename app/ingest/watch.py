"""Watching folders: what changes in them is ingested a moment later."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from watchfiles import Change, awatch

QUIET_MS = 1000
"""A change is acted on when nothing has changed for so long, so that a file is not read half written …"""
LATEST_MS = 10_000
"""… and after so long in any case."""


async def watch(paths: Sequence[Path], changed: Callable[[], Awaitable[None]]) -> None:
    """Call `changed` whenever something below `paths` has changed, one call at a time, until this is cancelled.

    What changes during a call leads to another one. A folder that is replaced by another of its name is not followed.
    """
    roots = [path.resolve() for path in paths]

    def wanted(change: Change, changed_path: str) -> bool:
        """Hidden files are never ingested, and editors write them all the time."""
        root = next((root for root in roots if Path(changed_path).is_relative_to(root)), Path())
        return not any(part.startswith(".") for part in Path(changed_path).relative_to(root).parts)

    changes = awatch(*roots, watch_filter=wanted, step=QUIET_MS, debounce=LATEST_MS, ignore_permission_denied=True)
    async for _ in changes:
        await changed()
