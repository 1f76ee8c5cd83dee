"""Keys, wrapped. None of them is here in clear."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, now_column, site_column


class SiteKey(Base):
    """A key that wraps the keys of a site's visitors; the newest one is used. The master key wraps it."""

    __tablename__ = "site_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = site_column()
    wrapped: Mapped[bytes]
    master: Mapped[str]
    """The master key's name, for people."""
    created_at: Mapped[datetime] = now_column()


class VisitorKey(Base):
    """A key that encrypts what a visitor wrote. It goes with the visitor, and then nothing of theirs can be read.

    A visitor who was a guest before has the guest's key as well.
    """

    __tablename__ = "visitor_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = site_column()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    site_key_id: Mapped[UUID] = mapped_column(ForeignKey("site_keys.id"), index=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = now_column()
