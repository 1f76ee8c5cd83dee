"""`parley audit …`: what was done with people's data and keys."""

import json
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit_watch import check_audit_log
from app.cli.run import on_database, run, settings_for
from app.db.audit import Head
from app.db.tables import AuditRecord

audit = typer.Typer(help="What was done with people's data and keys.", no_args_is_help=True)


@audit.command("verify")
def verify_command(
    expect: Annotated[
        str | None, typer.Option(help="What a run elsewhere printed: that record must still be there.")
    ] = None,
) -> None:
    """Check that no record was changed, removed, added or cut off since the last check here, and print the last one."""
    settings = settings_for()

    async def work(session: AsyncSession) -> Head:
        return await check_audit_log(session, settings, expected=expect)

    print(run(on_database(settings, "parley audit verify", work)))


@audit.command("list")
def list_() -> None:
    """Print all records as JSON Lines, the oldest first."""

    async def work(session: AsyncSession) -> list[AuditRecord]:
        return list(await session.scalars(select(AuditRecord).order_by(AuditRecord.number)))

    for row in run(on_database(settings_for(), "parley audit list", work)):
        shown = {"number": row.number, "at": row.at.isoformat(), "actor": row.actor, "action": row.action}
        print(json.dumps(shown | {"subject": row.subject, "details": row.details}))
