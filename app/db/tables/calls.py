"""What tools were called to change something."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, now_column, site_column
from app.db.tables.sealed import Opened, clear_index


class ToolCall(Base):
    """A call of a tool that changes something, with personal data replaced by pseudonyms, and encrypted.

    `state` is `waiting` for the visitor's word, then `declined`; or `running`, then `done` or `failed`. One that stays
    `running` was cut off half-way: it may have been done, and is not done again.
    """

    __tablename__ = "tool_calls"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'declined', 'running', 'done', 'failed')", name="state"),
        UniqueConstraint("message_id", "digest"),
        clear_index("tool_calls", "id", "arguments", "result"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = site_column()
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"))
    """The answer in whose making it was called; none when that was replaced: what was done stays known."""
    tool: Mapped[str]
    state: Mapped[str]
    digest: Mapped[str]
    """SHA-256 of the tool and its arguments: what a decision must name."""
    sealed_arguments: Mapped[bytes] = mapped_column("arguments")
    arguments = Opened()
    """JSON: a list of name, value, and whose words the value is."""
    sealed_result: Mapped[bytes] = mapped_column("result", server_default="")
    result = Opened()
    created_at: Mapped[datetime] = now_column()
    expires_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"), index=True)
    """The visitor's message that decided it."""
