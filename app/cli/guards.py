"""`parley guards …`: fit the screen of what visitors write to a site."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.run import CommandFailed, on_database, run, settings_for
from app.db.screening import harmless_scores
from app.db.sites import configure_site, site_by_name
from app.sites.config import SiteConfig, read_config
from graph.errors import UnknownSite
from graph.guards.calibrate import HIGHEST, LOWEST, Calibration, fitted, needed

guards = typer.Typer(help="The screen of what visitors write.", no_args_is_help=True)


@guards.callback()
def _group() -> None:
    """Keep `calibrate` a command of its own while it is the only one."""


@guards.command("calibrate")
def calibrate(
    site: Annotated[str, typer.Argument(help="Site whose threshold is fitted to its own conversations.")],
    share: Annotated[
        float, typer.Option(min=0.0005, max=0.1, help="So large a part of harmless messages may be refused.")
    ] = 0.005,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Look at the turns of so many days.")] = 90,
    try_: Annotated[bool, typer.Option("--try", help="Only report; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit the score from which a site's messages are refused, so that few harmless ones are.

    Harmless are those that were let through or only noted, unless staff called them attacks, and those that staff
    called false alarms. Replicas follow within two seconds.
    """
    settings = settings_for()

    async def work(session: AsyncSession) -> tuple[SiteConfig, Calibration]:
        found = await site_by_name(session, site)
        if found is None:
            raise UnknownSite(f"There is no site {site}; `parley site list` shows those there are.")
        scores = await harmless_scores(session, found.id, since=datetime.now(UTC) - timedelta(days=days))
        if len(scores) < needed(share):
            raise CommandFailed(
                f"The site {site} has {len(scores)} harmless messages of the last {days} days, and a share of "
                f"{share:.2%} needs {needed(share)}. Wait for more, look further back with --days, or allow more with "
                "--share."
            )
        before, result = read_config(found.config), fitted(scores, share)
        if not try_:
            now = before.model_copy(update={"screening_threshold": result.threshold})
            if not await configure_site(session, site, now.stored(), version=found.version):
                raise CommandFailed(f"Somebody changed the site {site} at the same time. Run the command again.")
        return before, result

    before, result = run(on_database(settings, "parley guards calibrate", work))
    was = before.screening_threshold or settings.guards.injection_threshold
    if as_json:
        print(json.dumps({"site": site, "before": was, "stored": not try_, **asdict(result)}))
        return
    refused = f"{result.stopped} of {result.messages} harmless messages ({result.stopped / result.messages:.2%})"
    print(f"From a score of {result.threshold:g} on, {refused} would have been refused; it was {was:g}.")
    if result.threshold in (LOWEST, HIGHEST):
        print(f"The threshold stays between {LOWEST} and {HIGHEST}, whatever the messages are like.")
    if before.screening == "shadow":
        print(f"The screen only notes; `parley site edit {site} --set screening=on` has it refuse.")
    print("Nothing was changed." if try_ else f"The site {site} uses it from now on.")
