"""Who asks: established once, at the gate."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from starlette.requests import HTTPConnection

Kind = Literal["nobody", "guest", "visitor", "staff", "admin", "service"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever makes a request.

    Attributes:
        kind: `guest` and `visitor` are in the chat page or a widget, the latter known by name.
        id: of the table that the kind has: `users`, `members` or `service_tokens`.
        site_ids: the sites that they may see; None is all of them.
        scopes: what a service token may be used for.
        session_id: the member's session.
    """

    kind: Kind
    id: UUID | None = None
    site_ids: frozenset[int] | None = frozenset()
    scopes: frozenset[str] = frozenset()
    session_id: UUID | None = None

    def may_see(self, site_id: int) -> bool:
        """Whether a site is one of theirs."""
        return self.site_ids is None or site_id in self.site_ids


NOBODY = Principal("nobody")


def principal_of(connection: HTTPConnection) -> Principal:
    """Who makes this request, as the gate found out."""
    found = connection.scope.get("state", {}).get("principal", NOBODY)
    assert isinstance(found, Principal)  # noqa: S101 - nobody else writes it
    return found
