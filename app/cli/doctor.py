"""`parley doctor`: look at each part, and say what to do about each that is not well."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import openai
import typer
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.cli.run import run, settings_for
from app.db.engine import open_database
from app.db.migrate import pending
from app.db.sites import list_sites
from app.db.tables import SiteKey
from app.loading import (
    Offload,
    encoder_name,
    former_encoders,
    load_encoder,
    load_personal_data,
    offload_of,
    open_models,
)
from app.secret import secret_of
from app.settings import Settings
from app.sites.config import SiteRefused, read_config
from app.sites.models import QUOTE, check_region, confined, model_names
from app.stand_in import StandIn
from app.vault.open import master_of
from app.vault.vault import Vault
from graph.errors import ParleyError
from graph.models.faults import translate
from graph.models.local.gpu import gpu_present, supports_gpu

HOSTED_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part. `advice` says what to do when it is not well."""

    part: str
    well: bool
    text: str
    advice: str = ""


def doctor() -> None:
    """Check database, models, GPU and hosted endpoint."""
    settings = settings_for()
    findings = run(examine(settings))
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'LOOK'}  {finding.part:<16} {finding.text}")
        if finding.advice:
            print(f"      {'':<16} {finding.advice}")
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


async def examine(settings: Settings) -> list[Finding]:
    """Look at every part, also when an earlier one is not well."""
    findings: list[Finding] = []
    checks: list[tuple[str, Callable[[Settings], Awaitable[list[Finding]]]]] = [
        ("database", _database),
        ("embedding", _embedding),
        ("personal data", _personal_data),
        ("local model", _local),
        ("hosted model", _hosted),
    ]
    for part, check in checks:
        try:
            findings += await check(settings)
        except ParleyError as error:
            findings.append(Finding(part, False, str(error)))
    return findings


async def _database(settings: Settings) -> list[Finding]:
    async with open_database(settings, command="parley doctor", exclusive=False) as engine:
        async with engine.connect() as connection:
            version = await connection.scalar(text("SHOW server_version"))
            vector = await connection.scalar(text("SELECT extversion FROM pg_extension WHERE extname = 'vector'"))
            offered = await connection.scalar(
                text("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
            )
        behind = await pending(engine)
        kept: list[Finding] = []
        if not behind:
            kept = [await _master_key(engine, settings), *await _sites(engine, settings)]
            kept += await _unseen(engine, settings)
    where = f"embedded, in {settings.home}" if settings.embedded else "from DATABASE_URL"
    findings = [Finding("database", True, f"PostgreSQL {version}, {where}")]
    if vector:
        findings.append(Finding("pgvector", True, f"version {vector}"))
    elif offered:
        findings.append(Finding("pgvector", False, f"{offered} is offered, not yet created", "Run `parley migrate`."))
    else:
        findings.append(
            Finding("pgvector", False, "not installed on the server", "Install the extension `vector` on the server.")
        )
    findings.append(
        Finding("tables", not behind, "behind" if behind else "up to date", "Run `parley migrate`." if behind else "")
    )
    return findings + kept


async def _master_key(engine: AsyncEngine, settings: Settings) -> Finding:
    async with AsyncSession(engine) as session:
        if await session.scalar(select(SiteKey.id).limit(1)) is None:
            return Finding("master key", True, "not needed yet: nothing is encrypted")
        try:
            master = await master_of(engine, settings, secret_of(settings))
            await Vault(master).check(session)
        except ParleyError as error:
            return Finding("master key", False, str(error))
    return Finding("master key", True, master.name)


async def _sites(engine: AsyncEngine, settings: Settings) -> list[Finding]:
    async with AsyncSession(engine) as session:
        sites = await list_sites(session)
    findings = []
    for site in sites:
        try:
            config = read_config(site.config)
            check_region(config, settings)
        except SiteRefused as refused:
            findings.append(Finding(f"site {site.name}", False, str(refused), "Correct it with `parley site edit`."))
            continue
        if kept := [kind for kind, how in config.personal_data.items() if how == "keep"]:
            told = f"keeps in clear, for all its models and staff: {', '.join(kept)}"
            findings.append(Finding(f"site {site.name}", True, told))
        left = set(confined(config, settings).models.answers) & set(model_names(settings))
        if config.region is not None and config.models.answers != (QUOTE,) and not left:
            told = f"may be processed in {config.region} only, and no model is there: its documents are quoted"
            findings.append(Finding(f"site {site.name}", False, told, "Give a model that is there its `region`."))
    if all(finding.well for finding in findings):
        findings.append(Finding("sites", True, f"{len(sites)}, each with a configuration that can be followed"))
    return findings


async def _unseen(engine: AsyncEngine, settings: Settings) -> list[Finding]:
    """The sites of which the encoder of the settings has not seen all passages."""
    name = await asyncio.to_thread(encoder_name, settings)
    formers = await asyncio.to_thread(former_encoders, settings)
    stand_in = StandIn(async_sessionmaker(engine, expire_on_commit=False), name, formers)
    return [
        Finding(f"site {site.site}", False, site.told(name), "The worker encodes them; `parley reindex` does it now.")
        for site in await stand_in.unfinished()
    ]


async def _embedding(settings: Settings) -> list[Finding]:
    encoder = await asyncio.to_thread(load_encoder, settings)
    return [Finding("embedding", True, f"{encoder.name}, {encoder.dimensions} dimensions")]


async def _personal_data(settings: Settings) -> list[Finding]:
    encoder = await asyncio.to_thread(load_encoder, settings)
    finder = await asyncio.to_thread(load_personal_data, encoder)
    found = await asyncio.to_thread(finder.find, "My address is nobody@example.com.")
    if found:
        return [Finding("personal data", True, "finds an e-mail address"), *_seen(settings)]
    return [
        Finding("personal data", False, "does not find an e-mail address", "Run `make` to install its model again.")
    ]


def _seen(settings: Settings) -> list[Finding]:
    """Which models are shown personal data, and whether it leaves the house: the owner may, and should know."""
    hosted, local = settings.hosted, settings.local
    elsewhere, here = "it goes to a hosted model", "on the own network"
    seen = [(model.name, model.sees, here if model.own else elsewhere) for model in settings.models]
    if hosted.api_key is not None or hosted.base_url is not None:
        seen.append((hosted.model, hosted.sees, elsewhere))
    if local.enabled:
        seen.append(("the local model", local.sees, "on this machine"))
    return [
        Finding("personal data", True, f"{name} sees in clear, {where}: {', '.join(kinds)}")
        for name, kinds, where in seen
        if kinds
    ]


async def _local(settings: Settings) -> list[Finding]:
    if not settings.local.enabled:
        return [Finding("local model", True, "switched off by local.enabled")]
    only_local = settings.model_copy(
        update={"models": (), "hosted": settings.hosted.model_copy(update={"api_key": None, "base_url": None})}
    )
    async with open_models(only_local) as routes:
        route = routes[-1]
        return [Finding("local model", True, route.name), _gpu(settings, offload_of(route))]


def _gpu(settings: Settings, offload: Offload | None) -> Finding:
    """Whether the layers of the local model that are asked onto the GPU are really there."""
    if not gpu_present():
        return Finding("GPU", True, "none on this machine; the processor computes")
    if not supports_gpu():
        return Finding(
            "GPU",
            False,
            "there is one, but llama-cpp-python was built without CUDA",
            'Run `CMAKE_ARGS="-DGGML_CUDA=on" make serve` to build it anew.',
        )
    if settings.local.gpu_layers == 0:
        return Finding("GPU", True, "not used: local.gpu_layers is 0")
    if offload is None or offload.layers == 0:
        return Finding(
            "GPU", False, "no layer is on it", "Look at the driver (`nvidia-smi`), or set local.gpu_layers to 0."
        )
    return Finding("GPU", True, f"{offload.layers} of {offload.of} layers are on it")


async def _hosted(settings: Settings) -> list[Finding]:
    hosted = settings.hosted
    if hosted.api_key is None and hosted.base_url is None:
        return [Finding("hosted model", True, "none: set OPENAI_API_KEY or OPENAI_BASE_URL to use one")]
    key = hosted.api_key.get_secret_value() if hosted.api_key else "none"
    async with openai.AsyncOpenAI(api_key=key, base_url=hosted.base_url, max_retries=0, timeout=HOSTED_S) as client:
        try:
            names = [model.id async for model in client.models.list()]
        except Exception as error:  # noqa: BLE001 - whatever the client raises is translated in one place
            return [Finding("hosted model", False, str(translate(error)), "Check OPENAI_API_KEY and OPENAI_BASE_URL.")]
    if names and hosted.model not in names:
        return [
            Finding(
                "hosted model",
                False,
                f"the server does not offer {hosted.model}",
                "Set PARLEY_HOSTED__MODEL to one it has.",
            )
        ]
    return [Finding("hosted model", True, hosted.model)]
