"""`parley site …`: the websites and products that this installation serves."""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.keys import operator
from app.cli.run import CommandFailed, on_database, run, settings_for, used_wrongly
from app.db.audit import record
from app.db.ingestions import last_ingestions
from app.db.sites import add_site, configure_site, delete_site, list_sites, site_by_name
from app.db.tables import Ingestion, Site
from app.secret import secret_of
from app.settings import Settings
from app.sites.config import SiteConfig, keep_secrets, read_config
from app.sites.models import check_names, check_region
from graph.errors import ConfigError, UnknownSite

sites = typer.Typer(help="The websites and products that this installation serves.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The site's name, such as `shop`.")]
File = Annotated[Path | None, typer.Option("--file", help="A TOML file with the whole configuration; `-` reads it.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help='One key, such as look.accent="#aa0044"; may be given again.')
]
Origin = Annotated[list[str] | None, typer.Option(help="Origin whose pages may embed the widget; may be given again.")]
VALID_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@sites.command("add")
def add(name: Name, origin: Origin = None, file: File = None, set_: Set = None) -> None:
    """Make a site."""
    if not VALID_NAME.fullmatch(name):
        used_wrongly("A site's name has lower-case letters, digits, dots and dashes, and at most 63 of them.")
    settings = settings_for()
    config = _checked(_content({}, file, set_, origin), settings)

    async def work(session: AsyncSession) -> bool:
        made = await add_site(session, name, config.stored())
        if made:
            await _keep(session, settings, "add site", name, keys=sorted(config.stored()))
        return made

    if not run(on_database(settings, "parley site add", work)):
        raise CommandFailed(f"There is a site {name} already; `parley site edit {name}` changes it.")
    print(f"Made the site {name}. Give it documents with `parley ingest --site {name} FOLDER`.")


@sites.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines.")] = False) -> None:
    """List all sites."""
    found = run(on_database(settings_for(), "parley site list", list_sites))
    for site in found:
        config = read_config(site.config)
        if as_json:
            print(json.dumps({"name": site.name, "origins": config.origins, "version": site.version}))
        else:
            print(f"{site.name:24} {', '.join(config.origins) or '(no other origins)'}")


@sites.command("show")
def show(name: Name) -> None:
    """Print a site's configuration as TOML. Keys that are not set follow the settings of the process."""
    print(_config(run(on_database(settings_for(), "parley site show", lambda session: _site(session, name)))).as_toml())


@sites.command("sources")
def sources(
    name: Name, as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines, with all failures.")] = False
) -> None:
    """List the web pages that a site reads again and again, and how the last run of each went."""

    async def work(session: AsyncSession) -> tuple[Site, dict[str, Ingestion]]:
        site = await _site(session, name)
        return site, await last_ingestions(session, site.id)

    site, runs = run(on_database(settings_for(), "parley site sources", work))
    for source in _config(site).sources:
        last = runs.get(source.address)
        if as_json:
            print(json.dumps({"address": source.address, "every": source.every} | _told(last)))
            continue
        print(f"{source.address} every {source.every}: {_in_words(last)}")
        for address, reason in last.failed if last else ():
            print(f"  failed: {address}: {reason}")


def _told(last: Ingestion | None) -> dict[str, Any]:
    if last is None:
        return {"started_at": None}
    return {
        "started_at": last.started_at.isoformat(),
        "ended_at": last.ended_at and last.ended_at.isoformat(),
        "error": last.error,
        "seen": last.seen,
        "added": last.added,
        "changed": last.changed,
        "unchanged": last.unchanged,
        "removed": last.removed,
        "skipped": last.skipped,
        "failures": last.failures,
        "failed": last.failed,
    }


def _in_words(last: Ingestion | None) -> str:
    if last is None:
        return "not read yet; the worker begins within a minute."
    began = f"{last.started_at:%Y-%m-%d %H:%M} UTC"
    if last.ended_at is None:
        return f"being read since {began}: {last.seen} seen, {last.failures} failed so far."
    told = (
        f"read at {began}: {last.added} added, {last.changed} changed, {last.unchanged} unchanged, "
        f"{last.removed} removed, {last.skipped} skipped, {last.failures} failed."
    )
    return f"{told} {last.error}" if last.error else told


@sites.command("edit")
def edit(name: Name, file: File = None, set_: Set = None, origin: Origin = None) -> None:
    """Change a site: replace its configuration by a file, or set single keys. Replicas follow within two seconds."""
    if file is None and not set_ and not origin:
        used_wrongly(
            f"Say what to change with --set, --origin or --file; `parley site show {name}` prints what is set."
        )

    settings = settings_for()

    async def work(session: AsyncSession) -> None:
        site = await _site(session, name)
        content = _content(_config(site).stored(), file, set_, origin)
        keep_secrets(content, site.config)
        config = _checked(content, settings)
        before, now = _config(site).stored(), config.stored()
        if not await configure_site(session, name, now, version=site.version):
            raise CommandFailed("Somebody else has just changed this site; look at it and try again.")
        changed = sorted(key for key in before | now if before.get(key) != now.get(key))
        await _keep(session, settings, "edit site", name, keys=changed)

    run(on_database(settings, "parley site edit", work))
    print(f"Changed the site {name}.")


@sites.command("remove")
def remove(name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Remove a site with its documents, conversations and visitors. This cannot be undone."""
    if not yes:
        if not sys.stdin.isatty():
            used_wrongly("Removing a site erases all that belongs to it; say --yes.")
        typer.confirm(f"Erase the site {name} with all its documents and conversations?", abort=True)

    async def work(session: AsyncSession) -> None:
        await _site(session, name)
        await delete_site(session, name)
        await _keep(session, settings, "remove site", name)

    settings = settings_for()
    run(on_database(settings, "parley site remove", work))
    print(f"Removed the site {name}.")


async def _keep(session: AsyncSession, settings: Settings, action: str, name: str, **details: object) -> None:
    """Put it into the audit log: which keys were changed, and never their values."""
    await record(session, secret_of(settings), actor=operator(), action=action, subject=name, details=details)


async def _site(session: AsyncSession, name: str) -> Site:
    site = await site_by_name(session, name)
    if site is None:
        raise UnknownSite(f"There is no site {name}; `parley site list` shows those there are.")
    return site


def _checked(content: dict[str, Any], settings: Settings) -> SiteConfig:
    """A configuration that a process with these settings can follow."""
    config = read_config(content)
    check_names(config, settings)
    check_region(config, settings)
    return config


def _config(site: Site) -> SiteConfig:
    return read_config(site.config)


def _content(
    current: dict[str, Any], file: Path | None, assignments: list[str] | None, origins: list[str] | None
) -> dict[str, Any]:
    content = current
    if file is not None:
        try:
            text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
            content = tomllib.loads(text)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The file {file} cannot be read: {error}.") from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"The file {file} is not valid TOML: {error}.") from None
    for assignment in assignments or []:
        _assign(content, assignment)
    if origins:
        content["origins"] = [*_listed(content), *origins]
    return content


def _listed(content: dict[str, Any]) -> list[Any] | tuple[Any, ...]:
    listed = content.get("origins", [])
    return listed if isinstance(listed, list | tuple) else [listed]


def _assign(content: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    if not equals:
        used_wrongly(f"Write --set KEY=VALUE, not {assignment!r}.")
    *parts, last = key.strip().split(".")
    for part in parts:
        content = content.setdefault(part, {})
        if not isinstance(content, dict):
            used_wrongly(f"{key} is not a key of a table.")
    try:
        content[last] = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        content[last] = text  # a bare word is a text
