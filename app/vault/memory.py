"""Keys in memory, unwrapped: for as long as the master key may be used, and a while longer when it cannot be asked."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

from app.vault.master import Master, MasterDenied, MasterRefused, MasterUnreachable
from app.vault.sealing import DataKey
from graph.errors import ConfigError

log = logging.getLogger(__name__)

MOST_KEPT = 10_000
"""Keys of visitors in memory: some hundred bytes each."""
CONFIRM_S = 3600.0
"""So often is the master key asked again whether it may still be used."""
SERVES_S = 24 * 3600.0
"""So long do keys serve on while the service with the master key is away."""
RETRY_S = 60.0


class Memory:
    """The keys that were unwrapped. A master key that was disabled is noticed within `CONFIRM_S`."""

    def __init__(self, master: Master, clock: Callable[[], float] = time.monotonic) -> None:
        self.sites: dict[UUID, DataKey] = {}
        self._visitors: OrderedDict[UUID, DataKey] = OrderedDict()
        self._master, self._clock = master, clock
        self._last: tuple[bytes, str] | None = None
        self._confirmed_at = self._ask_at = 0.0

    def keep_site(self, key: DataKey, wrapped: bytes, place: str) -> None:
        """Keep a site's key, which the master key has just unwrapped."""
        self.sites[key.id] = key
        self._last = wrapped, place
        self._is_confirmed()

    def keep_visitor(self, key: DataKey) -> None:
        """Keep a visitor's key, and drop the one that was longest unused where there are too many."""
        self._visitors[key.id] = key
        self._visitors.move_to_end(key.id)
        while len(self._visitors) > MOST_KEPT:
            self._visitors.popitem(last=False)

    def visitor(self, id_: UUID) -> DataKey | None:
        """A visitor's key, if it is kept."""
        return self._visitors.get(id_)

    def forget_visitor(self, id_: UUID) -> None:
        """Drop a visitor's key."""
        self._visitors.pop(id_, None)

    async def confirm(self) -> None:
        """Ask the master key again when it is time; drop all keys where it says no, or was away too long.

        Who needs a key then asks for it anew, and is told why there is none. One caller asks, the others go on.
        """
        if self._last is None or self._clock() < self._ask_at:
            return
        self._ask_at = self._clock() + RETRY_S
        try:
            await asyncio.to_thread(self._master.unwrap, *self._last)
        except (MasterDenied, MasterRefused, ConfigError):  # perhaps only because a rotation has wrapped it anew
            self._forget_all()
        except MasterUnreachable as error:
            log.warning("the master key cannot be asked; keys in memory serve on: %s", error)
            if self._clock() - self._confirmed_at >= SERVES_S:
                self._forget_all()
        else:
            self._is_confirmed()

    def _is_confirmed(self) -> None:
        self._confirmed_at = self._clock()
        self._ask_at = self._confirmed_at + CONFIRM_S

    def _forget_all(self) -> None:
        self.sites.clear()
        self._visitors.clear()
        self._last = None
