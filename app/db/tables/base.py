"""What all tables share: names of constraints, types of columns, and the columns that most of them have."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, MetaData, func, text
from sqlalchemy.dialects.postgresql import BIGINT, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Time = TIMESTAMP(timezone=True)


class Base(DeclarativeBase):
    """Maps Python types to PostgreSQL's, and names every constraint, so that a migration can name it, too."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pk",
            "fk": "%(table_name)s_%(column_0_N_name)s_fk",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "ix": "%(table_name)s_%(column_0_N_name)s_index",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {int: BIGINT, datetime: Time, dict[str, Any]: JSONB}


def site_column(*, index: bool = True) -> Mapped[int]:
    """The owning site; `index` is for tables that have no other index that starts with it."""
    return mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), index=index)


def now_column() -> Mapped[datetime]:
    """The time at which the row was made."""
    return mapped_column(server_default=func.now())


def json_column() -> Mapped[dict[str, Any]]:
    """A document, empty unless given."""
    return mapped_column(server_default=text("'{}'::jsonb"))
