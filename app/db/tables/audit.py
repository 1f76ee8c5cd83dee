"""What was done with people's data and keys, and by whom."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, json_column


class AuditRecord(Base):
    """One act. Records are only ever added: a trigger refuses anything else, and each holds the hash of all before."""

    __tablename__ = "audit_records"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """From 1, without gaps."""
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    """An id or a name, never what somebody wrote."""
    details: Mapped[dict[str, Any]] = json_column()
    hash: Mapped[bytes]
