"""`parley migrate`: bring the database up to date."""

from app.cli.run import run, settings_for
from app.db.engine import open_database
from app.db.migrate import migrate
from app.settings import Settings


def migrate_command() -> None:
    """Create or upgrade the tables. Safe to run on every replica at once, and again."""
    run(_migrate(settings_for()))
    print("The database is up to date.")


async def _migrate(settings: Settings) -> None:
    async with open_database(settings, command="parley migrate", exclusive=False) as engine:
        await migrate(engine)
