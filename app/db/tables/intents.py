"""What messages can want: the versions that were trained for a site, and what staff corrected."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, json_column, now_column, site_column


class IntentVersion(Base):
    """A set of intents and the head that was trained on it. `sites.intents_version` says which one is used.

    Examples that staff gave by corrections are not in it: they stay where they are erased with their message.
    """

    __tablename__ = "intent_versions"

    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]
    """As `graph.intents.load.read_intents` reads it."""
    encoder: Mapped[str]
    """Whose vectors the head reads; with another one, or without a head that it can read, each process trains anew."""
    head: Mapped[bytes | None]
    gate: Mapped[float]
    report: Mapped[dict[str, Any]] = json_column()
    held_out: Mapped[list[bool]] = mapped_column(ARRAY(Boolean), server_default="{}")
    """For each example of `content`, in order, whether a head that had not seen it was right."""
    created_at: Mapped[datetime] = now_column()


class IntentCorrection(Base):
    """What a visitor's message wanted in truth, as staff say: an example for the next training."""

    __tablename__ = "intent_corrections"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    site_id: Mapped[int] = site_column()
    trace_id: Mapped[UUID] = mapped_column(ForeignKey("traces.id", ondelete="CASCADE"), unique=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    taken_for: Mapped[str]
    intent: Mapped[str]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = now_column()
