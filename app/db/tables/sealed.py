"""Columns that are encrypted: what visitors wrote, as the rows carry it."""

from typing import Any, Self, overload

from sqlalchemy import Index, text

from app.vault.sealing import Unreadable


class Opened:
    """The clear text of an encrypted column, on rows that `app.db.sealed.opened` was given; empty where there is none.

    The column itself is mapped under the name of this attribute with `sealed_` before it.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, row: None, owner: type) -> Self: ...
    @overload
    def __get__(self, row: object, owner: type) -> str: ...
    def __get__(self, row: Any, owner: type) -> "Self | str":
        if row is None:
            return self
        if getattr(row, f"sealed_{self._name}") is None:
            return ""
        sealed, clear = row.__dict__.get(f"opened_{self._name}", (None, None))
        if clear is None or sealed is not getattr(row, f"sealed_{self._name}"):
            raise Unreadable  # nobody has opened it
        return str(clear)


def in_clear(*columns: str) -> str:
    """The condition under which an older version wrote one of these columns and nobody has encrypted it since."""
    return " OR ".join(rf"substr({column}, 1, 1) = '\x00'::bytea" for column in columns)


def clear_index(table: str, key: str, *columns: str) -> Index:
    """Finds the rows that are still to be encrypted, and is empty as soon as none is left."""
    return Index(f"{table}_clear", key, postgresql_where=text(in_clear(*columns)))


def keep_opened(row: object, name: str, clear: str) -> None:
    """Let a row carry the clear text of a column, as long as the column stays as it is."""
    row.__dict__[f"opened_{name}"] = (getattr(row, f"sealed_{name}"), clear)
