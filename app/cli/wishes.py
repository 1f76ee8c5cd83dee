"""`parley wishes`: who asked for a person, or left a message."""

import json
from typing import Annotated, Any

import typer

from app.cli.keys import Sessions, operator, with_vault
from app.cli.run import run, settings_for
from app.db.audit import record
from app.db.handovers import wishes_of
from app.db.pseudonyms import load_pseudonyms
from app.db.sites import site_by_name
from app.secret import secret_of
from app.vault.master import Master
from graph.errors import UnknownSite
from graph.guards.pseudonyms import Pseudonyms


def wishes(
    site: Annotated[str, typer.Option(help="Site of the visitors.")] = "default",
    reveal: Annotated[
        str, typer.Option(help="Why you need what stands behind the pseudonyms; the audit log keeps the reason.")
    ] = "",
) -> None:
    """Print who asked for a person, with what they left, as JSON Lines, the newest first."""
    settings = settings_for()

    async def work(sessions: Sessions, _: Master) -> list[dict[str, Any]]:
        async with sessions.begin() as session:
            found = await site_by_name(session, site)
            if found is None:
                raise UnknownSite(f"There is no site {site}; `parley site list` shows those there are.")
            shown = []
            for wish, visitor in await wishes_of(session, found.id):
                known = await load_pseudonyms(session, wish.conversation_id) if reveal else {}
                back = Pseudonyms(known).restore
                shown.append(
                    {
                        "at": wish.created_at.isoformat(),
                        "visitor": str(visitor),
                        "conversation": str(wish.conversation_id),
                    }
                    | {"note": back(wish.note), "contact": back(wish.contact)}
                )
            if reveal:
                details = {"wishes": len(shown), "reason": reveal}
                secret = secret_of(settings)
                await record(session, secret, actor=operator(), action="reveal wishes", subject=site, details=details)
        return shown

    for each in run(with_vault(settings, "parley wishes", work)):
        print(json.dumps(each, ensure_ascii=False))
