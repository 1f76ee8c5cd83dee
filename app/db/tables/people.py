"""Sites, and the people around them: visitors, and members of staff with their ways of signing in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, json_column, now_column, site_column


class Site(Base):
    """A tenant: one website or product."""

    __tablename__ = "sites"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    config: Mapped[dict[str, Any]] = json_column()
    """What its owner has set, as `app.sites.config.SiteConfig` reads it."""
    version: Mapped[int] = mapped_column(server_default=text("0"))
    """Counts the changes of `config`."""
    knowledge_version: Mapped[int] = mapped_column(server_default=text("0"))
    intents_version: Mapped[int | None]
    """Which of its `intent_versions` is used; none: the starter set."""
    created_at: Mapped[datetime] = now_column()


class User(Base):
    """A visitor of a site: a guest, somebody who signs in to the page, or somebody whom a host page vouches for."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("site_id", "identifier"), Index("users_by_age", "site_id", "created_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    site_id: Mapped[int] = site_column(index=False)
    identifier: Mapped[str]
    display_name: Mapped[str | None]
    password_hash: Mapped[str | None]
    details: Mapped[dict[str, Any]] = json_column()
    created_at: Mapped[datetime] = now_column()


class Member(Base):
    """Somebody who works here: staff of some sites, or an admin of all."""

    __tablename__ = "members"
    __table_args__ = (CheckConstraint("role IN ('staff', 'admin')", name="role"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    email: Mapped[str] = mapped_column(unique=True)
    """In lower case."""
    display_name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    totp_secret: Mapped[bytes | None]
    """Encrypted with a key of the process's secret."""
    totp_step: Mapped[int | None]
    """The last step whose code was used: no code is good twice."""
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None]
    disabled: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = now_column()


class Membership(Base):
    """A site that a member of staff works for. Admins need none."""

    __tablename__ = "memberships"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True, index=True)


class MemberIdentity(Base):
    """Who a member is at an OpenID provider."""

    __tablename__ = "member_identities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), index=True)


class MemberSession(Base):
    """A browser in which a member is signed in. Its cookie holds a secret of which only the hash is here."""

    __tablename__ = "member_sessions"
    __table_args__ = (CheckConstraint("method IN ('password', 'openid', 'link')", name="method"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    method: Mapped[str]
    second_factor: Mapped[bool] = mapped_column(server_default=text("false"))
    browser: Mapped[str]
    address: Mapped[str]
    created_at: Mapped[datetime] = now_column()
    seen_at: Mapped[datetime] = now_column()
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class MemberLink(Base):
    """A link that lets somebody in once: the first admin, somebody invited, somebody with a new password to choose."""

    __tablename__ = "member_links"
    __table_args__ = (CheckConstraint("purpose IN ('first_admin', 'invite', 'password')", name="purpose"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = now_column()
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OpenIdFlow(Base):
    """A sign-in that is under way at an OpenID provider. Taken out when the browser comes back, so good once."""

    __tablename__ = "openid_flows"

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    nonce: Mapped[str]
    verifier: Mapped[str]
    """PKCE's."""
    next_path: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ServiceToken(Base):
    """What a program shows to use the API, of which only the hash is here."""

    __tablename__ = "service_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    site_id: Mapped[int] = site_column()
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    per_minute: Mapped[int]
    per_day: Mapped[int]
    created_at: Mapped[datetime] = now_column()
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
