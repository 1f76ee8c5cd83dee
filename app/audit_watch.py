"""Checks the audit log against what this machine saw of it last, so that a cut-off end is missed."""

import os

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.audit import AuditBroken, Head, verify
from app.secret import secret_of
from app.settings import Settings

SEEN = "audit-head"
"""File in Parley's home with the last record that was seen here."""


async def check_audit_log(session: AsyncSession, settings: Settings, *, expected: str | None = None) -> Head:
    """Check every record, and that the last one seen here is still there; note the last one now.

    Args:
        expected: a head that was kept elsewhere, as text; that one must be there, too.

    Raises:
        AuditBroken: a record was changed, removed, added or moved.
        ConfigError: the secret is missing.
    """
    seen = settings.home / SEEN
    known = seen.read_text(encoding="utf-8").strip() if seen.is_file() else None
    try:
        head = await verify(session, secret_of(settings), expected=[each for each in (expected, known) if each])
    except AuditBroken as broken:
        raise AuditBroken(f"{broken} The last one seen on this machine is in {seen}.") if known else broken from None
    seen.parent.mkdir(parents=True, exist_ok=True)
    new = seen.with_name(f"{SEEN}.{os.getpid()}")  # whole before it gets its name
    new.touch(mode=0o600)
    new.write_text(f"{head}\n", encoding="utf-8")
    new.replace(seen)
    return head
