"""The audit log: a chain in which each record's hash covers the record and the hash before it."""

import hashlib
import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.keys import derived_key
from app.db.tables import AuditRecord
from graph.errors import ParleyError

LOCK = 0x7061_7564_6974
"""Advisory lock of who adds a record."""
_BATCH = 1000


class AuditBroken(ParleyError):
    """The audit log was changed."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last record. Who keeps it elsewhere can show later that nothing was cut off."""

    number: int
    hash: str
    """In hex; empty for an empty log."""

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


async def record(
    session: AsyncSession,
    secret: bytes,
    *,
    actor: str,
    action: str,
    subject: str,
    details: dict[str, Any] | None = None,
) -> None:
    """Add a record, in the transaction of what it tells of. No contents: who, what, whose, and counts.

    Args:
        secret: of the installation: without it nobody can make a chain of their own.
        details: plain JSON.
    """
    await session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    last = await session.scalar(select(AuditRecord).order_by(AuditRecord.number.desc()).limit(1))
    number, before = (last.number + 1, last.hash) if last else (1, b"")
    at, details = datetime.now(UTC), details or {}
    values = {"number": number, "at": at, "actor": actor, "action": action, "subject": subject, "details": details}
    await session.execute(insert(AuditRecord).values(**values, hash=_hash(secret, before, values)))


async def verify(session: AsyncSession, secret: bytes, *, expected: Collection[str] = ()) -> Head:
    """Check every record of the chain.

    Args:
        expected: heads that were kept elsewhere, as text: those records must still be there.

    Raises:
        AuditBroken: a record was changed, removed, added or moved; it names the first.
    """
    head = Head(0, "")
    missing = {*expected} - {str(head)}
    while True:
        rows = await session.scalars(
            select(AuditRecord).where(AuditRecord.number > head.number).order_by(AuditRecord.number).limit(_BATCH)
        )
        batch = rows.all()
        for row in batch:
            if row.number != head.number + 1:
                raise AuditBroken(f"Record {head.number + 1} of the audit log is missing.")
            values = {
                "number": row.number,
                "at": row.at.astimezone(UTC),
                "actor": row.actor,
                "action": row.action,
                "subject": row.subject,
                "details": row.details,
            }
            if not hmac.compare_digest(row.hash, _hash(secret, bytes.fromhex(head.hash), values)):
                raise AuditBroken(
                    f"Record {row.number} of the audit log does not fit those before it: one of them was changed, or "
                    "the log was written with another secret."
                )
            head = Head(row.number, row.hash.hex())
            missing.discard(str(head))
        if not batch:
            break
    if missing:
        raise AuditBroken(
            f"The audit log ends at record {head.number} and does not hold {min(missing).partition(':')[0]}, which was "
            "there before, as it was."
        )
    return head


def _hash(secret: bytes, before: bytes, values: dict[str, Any]) -> bytes:
    shown = json.dumps(values | {"at": values["at"].isoformat()}, sort_keys=True, ensure_ascii=True)
    return hmac.new(derived_key(secret, "audit log"), before + shown.encode(), hashlib.sha256).digest()
