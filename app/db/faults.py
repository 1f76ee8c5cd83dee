"""What it looks like when the database cannot be reached or fails."""

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

DATABASE_FAULTS = (DBAPIError, NoConnectionFree, psycopg.Error)
"""For `except` and `isinstance`."""
