"""What stands behind "delete my data": a visitor who erases themselves."""

from dataclasses import dataclass
from uuid import UUID

from app.access.places import place_of
from app.db.messages import Erased
from app.db.rates import count
from app.db.tables import User
from app.erasing import erase
from app.wiring import Services
from graph.errors import TooManyRequests

MOST = 10
WINDOW_S = 600
"""So often may it be done from one place within so many seconds: each time takes the audit log for a moment."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What a visitor is told of it."""

    conversations: int
    messages: int
    attachments: int
    certificate: str
    """SHA-256 sum that the audit log keeps, too."""


async def erase_own(services: Services, site_id: int, user_id: UUID, *, address: str) -> Gone:
    """Do for a visitor what `parley erase` does.

    Args:
        address: of the visitor, for the limit.

    Raises:
        TooManyRequests: it was done too often from there.
        Erased: there is nothing of theirs any more.
    """
    async with services.sessions.begin() as session:
        wait_s = await count(session, f"erasure {site_id} {place_of(address)}", most=MOST, window_s=WINDOW_S)
    if wait_s is not None:
        raise TooManyRequests("Too many people delete their data from your network just now.", retry_after_s=wait_s)
    async with services.sessions.begin() as session:
        user = await session.get(User, user_id, with_for_update=True)
        if user is None or user.site_id != site_id:
            raise Erased
        certificate = await erase(session, services.secret, user, actor="visitor")
    counts = certificate["counts"]
    return Gone(counts["conversations"], counts["messages"], counts["attachments"], certificate["sha256"])
