"""Service tokens at the door: from what a program shows to who it is."""

from typing import TYPE_CHECKING

from app.access.keys import token_hash
from app.access.principal import Principal
from app.db.service_tokens import use_token

if TYPE_CHECKING:  # takes a second to import, which the command that makes tokens does without
    from app.wiring import Services

PREFIX = "pk-parley-"
"""Begins every service token, so that scanners of code find one that was leaked."""
SCOPES = frozenset({"chat", "embeddings"})


async def service_of(services: "Services", bearer: str) -> Principal | None:
    """Return who shows this token; None when it is unknown, expired or revoked."""
    if not bearer.startswith(PREFIX):
        return None
    async with services.sessions.begin() as session:
        token = await use_token(session, token_hash(bearer))
    if token is None:
        return None
    return Principal("service", token.id, frozenset({token.site_id}), frozenset(token.scopes))
