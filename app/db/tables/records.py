"""What is kept of how it went: traces, judgements, tokens and money, and counts for limits."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, json_column, now_column, site_column
from app.db.tables.sealed import Opened, clear_index


class Trace(Base):
    """One turn: what was asked of whom, how it went and how long it took."""

    __tablename__ = "traces"
    __table_args__ = (
        Index("traces_by_age", "site_id", "started_at"),
        Index("traces_attention", "site_id", "started_at", postgresql_where=text("details ? 'attention'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = site_column(index=False)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime]
    duration_ms: Mapped[float]
    outcome: Mapped[str]
    intent: Mapped[str | None]
    intent_score: Mapped[float | None]
    details: Mapped[dict[str, Any]] = json_column()


class Span(Base):
    """One step of a trace."""

    __tablename__ = "spans"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_id: Mapped[int] = site_column()
    trace_id: Mapped[UUID] = mapped_column(ForeignKey("traces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    detail: Mapped[str]
    started_at: Mapped[datetime]
    duration_ms: Mapped[float]


class Score(Base):
    """A judgement of a trace or of one of its spans, and who gave it."""

    __tablename__ = "scores"
    __table_args__ = (
        CheckConstraint("source IN ('visitor', 'staff', 'model', 'rule')", name="source"),
        CheckConstraint("num_nonnulls(trace_id, span_id, message_id) > 0", name="subject"),
        Index("scores_by_age", "site_id", "created_at"),
        clear_index("scores", "id", "comment"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    site_id: Mapped[int] = site_column(index=False)
    trace_id: Mapped[UUID | None] = mapped_column(ForeignKey("traces.id", ondelete="CASCADE"), index=True)
    span_id: Mapped[int | None] = mapped_column(ForeignKey("spans.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    source: Mapped[str]
    name: Mapped[str]
    value: Mapped[float]
    sealed_comment: Mapped[bytes | None] = mapped_column("comment")
    comment = Opened()
    created_at: Mapped[datetime] = now_column()


class Usage(Base):
    """Tokens and money of one try of a model: a line of the ledger. Outlives the trace, because the bill does."""

    __tablename__ = "usage"
    __table_args__ = (Index("usage_by_day", "site_id", "created_at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_id: Mapped[int] = site_column(index=False)
    trace_id: Mapped[UUID | None] = mapped_column(ForeignKey("traces.id", ondelete="SET NULL"), index=True)
    route: Mapped[str]
    """The model's name in the settings; `model` is what its server calls itself."""
    model: Mapped[str]
    rung: Mapped[str]
    outcome: Mapped[str]
    """`answer`, or what was wrong in two words: such a try is never counted as an answer."""
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    estimated: Mapped[bool]
    cost_usd: Mapped[Decimal | None]
    created_at: Mapped[datetime] = now_column()


class Breaker(Base):
    """What the last tries of a model's route say about it, for all processes."""

    __tablename__ = "breakers"

    route: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    """In a row."""
    reason: Mapped[str | None]
    """The last fault's label."""
    open_until: Mapped[datetime | None]
    """Until then it is not asked; afterwards one request at a time tries it."""
    probing_until: Mapped[datetime | None]
    """Until then a request is trying it."""
    updated_at: Mapped[datetime] = now_column()


class Spend(Base):
    """What a site has spent within a day or a month: the sum of its ledger's lines."""

    __tablename__ = "spend"
    __table_args__ = (CheckConstraint("period IN ('day', 'month')", name="period"),)

    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    period_start: Mapped[datetime] = mapped_column(primary_key=True)
    cost_usd: Mapped[Decimal]
    tokens: Mapped[int]


class PrivacySpent(Base):
    """How much of its privacy budget a site has spent on figures that left. It is never given back."""

    __tablename__ = "privacy_spent"

    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    epsilon: Mapped[Decimal] = mapped_column(server_default=text("0"))


class Alert(Base):
    """A share of a budget that was reached. There is one for each share and period."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("site_id", "period", "period_start", "share"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    site_id: Mapped[int] = site_column(index=False)
    period: Mapped[str]
    period_start: Mapped[datetime]
    share: Mapped[Decimal]
    budget_usd: Mapped[Decimal]
    cost_usd: Mapped[Decimal]
    created_at: Mapped[datetime] = now_column()
    delivered_at: Mapped[datetime | None]


class Rate(Base):
    """How often something was done within a window of time, for limits that hold across all replicas."""

    __tablename__ = "rates"

    key: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)
