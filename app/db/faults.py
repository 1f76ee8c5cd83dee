"""What it looks like when what is stored cannot be read: the database, or the master key of what it holds."""

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from app.vault.master import MasterRefused, MasterUnreachable

DATABASE_FAULTS = (DBAPIError, NoConnectionFree, psycopg.Error, MasterRefused, MasterUnreachable)
"""For `except` and `isinstance`."""
