"""`parley intents …`: what messages to a site can want."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.run import CommandFailed, on_database, run, settings_for, used_wrongly
from app.db.engine import open_database
from app.db.intents import correct_intent, intent_version, intent_versions, use_intents
from app.db.migrate import migrate
from app.db.sites import site_by_name
from app.db.tables import IntentVersion, Site
from app.loading import load_encoder
from app.secret import secret_of
from app.sites.intents import NewVersion, train_site, wanted_by
from app.vault.open import master_of, open_vault
from graph.errors import UnknownSite
from graph.intents.train import Report

intents = typer.Typer(help="What messages to a site can want: train, look at, choose, correct.", no_args_is_help=True)

SiteName = Annotated[str, typer.Option("--site", help="Site whose intents they are.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
STARTER = "starter"


@intents.command("train")
def train(
    file: Annotated[
        Path | None, typer.Argument(help="The intents, as TOML. Without it, those in use, with new corrections.")
    ] = None,
    site: SiteName = "default",
    try_: Annotated[bool, typer.Option("--try", help="Only report; store and change nothing.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Use them even if they are worse than those in use.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a site's intents, report how well they are told apart, and use them from now on."""
    settings = settings_for()

    async def work() -> NewVersion:
        async with open_database(settings, command="parley intents train", exclusive=False) as engine:
            if settings.embedded:
                await migrate(engine)
            sessions = await open_vault(engine, await master_of(engine, settings, secret_of(settings)))
            async with sessions() as session:
                found = await _site(session, site)
            return await train_site(sessions, found, load_encoder(settings), file, anyway=anyway, store=not try_)

    made = run(work())
    _print_report(made.report, as_json=as_json)
    if made.number is not None and not as_json:
        print(f"\nThe site {site} uses version {made.number} of its intents from now on.")


@intents.command("report")
def report(
    number: Annotated[int | None, typer.Argument(help="Version; by default the one in use.")] = None,
    site: SiteName = "default",
    as_json: AsJson = False,
) -> None:
    """Print what the training of a version reported."""

    async def work(session: AsyncSession) -> IntentVersion:
        found = await _site(session, site)
        return await _version(session, found, found.intents_version if number is None else number)

    stored = run(on_database(settings_for(), "parley intents report", work))
    if not stored.report:
        raise CommandFailed("This version was not trained by `parley intents train`, so there is no report of it.")
    _print_report(Report.from_stored(stored.report), as_json=as_json)


@intents.command("list")
def list_(site: SiteName = "default", as_json: AsJson = False) -> None:
    """List the versions of a site's intents, the newest first."""

    async def work(session: AsyncSession) -> tuple[Site, list[IntentVersion]]:
        found = await _site(session, site)
        return found, await intent_versions(session, found.id)

    found, versions = run(on_database(settings_for(), "parley intents list", work))
    for each in versions:
        used, said = each.number == found.intents_version, each.report
        accuracy = f"{said['right'] / said['examples']:.1%}" if said else "-"
        if as_json:
            print(json.dumps({"version": each.number, "used": used, "made": f"{each.created_at:%FT%TZ}", **said}))
        else:
            print(f"{each.number:5} {'used' if used else '':4}  {each.created_at:%Y-%m-%d %H:%M}  {accuracy}")
    if found.intents_version is None and not as_json:
        print("The site uses the starter set.")


@intents.command("use")
def use(
    number: Annotated[str, typer.Argument(help=f"Version, or `{STARTER}` for the set that Parley brings.")],
    site: SiteName = "default",
) -> None:
    """Have a site use a version of its intents. Replicas follow within two seconds."""
    if number != STARTER and not number.isdecimal():
        used_wrongly(f"Give the number of a version, which `parley intents list` shows, or {STARTER}.")

    async def work(session: AsyncSession) -> None:
        found = await _site(session, site)
        chosen = None if number == STARTER else (await _version(session, found, int(number))).number
        await use_intents(session, found.id, chosen)

    run(on_database(settings_for(), "parley intents use", work))
    print(f"The site {site} uses {'the starter set' if number == STARTER else f'version {number} of its intents'}.")


@intents.command("correct")
def correct(
    trace: Annotated[UUID, typer.Argument(help="The turn, by the id of its trace.")],
    intent: Annotated[str, typer.Argument(help="What its message wanted.")],
    site: SiteName = "default",
) -> None:
    """Say what a turn's message wanted: an example for the next training."""

    async def work(session: AsyncSession) -> str:
        found = await _site(session, site)
        names = [each.name for each in (await wanted_by(session, found.id)).intents]
        if intent not in names:
            raise CommandFailed(f"The site {site} has no intent {intent}; it has {', '.join(names)}.")
        corrected = await correct_intent(session, found.id, trace, intent)
        if corrected is None:
            raise CommandFailed(f"The site {site} has no turn {trace} whose intent was guessed.")
        return corrected.taken_for

    before = run(on_database(settings_for(), "parley intents correct", work))
    print(f"The message was taken for {before}; the next `parley intents train` learns that it is {intent}.")


async def _site(session: AsyncSession, name: str) -> Site:
    found = await site_by_name(session, name)
    if found is None:
        raise UnknownSite(f"There is no site {name}; `parley site list` shows those there are.")
    return found


async def _version(session: AsyncSession, site: Site, number: int | None) -> IntentVersion:
    if number is None:
        raise CommandFailed(f"The site {site.name} uses the starter set; `parley intents list` shows its versions.")
    found = await intent_version(session, site.id, number)
    if found is None:
        raise CommandFailed(f"The site {site.name} has no version {number}; `parley intents list` shows those it has.")
    return found


def _print_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.stored(), ensure_ascii=False))
        return
    for line in _lines(report):
        print(line)


def _lines(report: Report) -> Iterator[str]:
    count = report.examples
    yield f"Held-out examples judged right: {report.right / count:.1%} ({report.right} of {count})"
    yield f"Of them corrections by staff: {report.corrections}"
    yield f"Expected calibration error: {report.ece:.1%}"
    if report.gate:
        share = f"{report.kept / count:.1%} ({report.kept} of {count})"
        yield f"Right and let through by the gate of {report.gate}: {share}"
    if report.strange:
        yield f"Out of scope and stopped: {report.caught / report.strange:.1%} ({report.caught} of {report.strange})"
    if report.few:
        yield "Few examples: " + ", ".join(f"{name} has {few}" for name, few in report.few)
    if report.confusions:
        yield "Taken for another intent:"
        yield from (f"  {times:4}  {name} for {other}" for name, other, times in report.confusions)
    if report.doubtful:
        yield "Examples that look like another intent's; look whether they are where they belong:"
        yield from (f"  {name}, looks like {other}: {text}" for text, name, other in report.doubtful)
