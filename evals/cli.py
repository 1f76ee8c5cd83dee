"""`parley eval …`: measure retrieval, intents, guards and answers on data of one's own choice, and speed and size."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.run import run, settings_for, used_wrongly
from app.settings import Database, Settings
from evals.table import lines, share_cells

if TYPE_CHECKING:
    from app.wiring import Services
    from evals.answers import Share
    from evals.bench.figure import Figure

# The suites are imported by the commands that run them: they bring the models' libraries, which take seconds.

program = typer.Typer(
    help="Measure Parley. It runs on a database of its own in a temporary folder, unless --home names another.",
    no_args_is_help=True,
)

Data = Annotated[Path | None, typer.Option(help="Folder of the public evaluation data.")]
Home = Annotated[
    Path | None,
    typer.Option(help="Keep the measured data in this folder. Default: a temporary one, deleted afterwards."),
]


@program.command()
def retrieval(data: Data = None, home: Home = None) -> None:
    """How well passages are found: nDCG and hits on public sets, and follow-ups to questions about the guide.

    Vectors are kept in the user's cache, so that the second run takes a fraction of the first.
    """
    from app.loading import load_encoder
    from evals.retrieval import measure_retrieval, table
    from evals.vectors import KeptVectors

    folder = _folder(data)

    async def measure(settings: Settings) -> list[str]:
        from sqlalchemy.ext.asyncio import async_sessionmaker

        from app.db.engine import open_database
        from app.db.migrate import migrate

        async with open_database(settings, command="parley eval") as engine:
            await migrate(engine)
            sessions = async_sessionmaker(engine, expire_on_commit=False)
            encoder = await asyncio.to_thread(KeptVectors, load_encoder(settings))
            measured = measure_retrieval(sessions, encoder, settings.knowledge, folder)
            return list(table([result async for result in measured]))

    with _settings(home) as settings:
        _print(run(measure(settings)))


@program.command()
def intents(data: Data = None) -> None:
    """How well messages are told apart: phrases by route, questions led to the documents, heads on public sets."""
    from app.loading import load_encoder
    from evals.intents import main

    _print_rows(main(_folder(data), load_encoder(settings_for())))


@program.command()
def guards(data: Data = None) -> None:
    """How well injected instructions are found, what is stopped in vain, and what a model gets done that obeys them.

    What is found in texts that the brought heads have learnt from says little: it trains heads on parts of the data and
    judges the others. Ten minutes; vectors are kept in the user's cache, so that the second run takes a fraction.
    """
    from app.loading import load_encoder, load_injection
    from evals.guards import main
    from evals.vectors import KeptVectors

    folder = _folder(data)
    settings = settings_for()
    encoder = load_encoder(settings)
    screen = load_injection(settings, encoder)
    _print_rows(main(folder, screen, KeptVectors(encoder)))


@program.command()
def privacy(data: Data = None) -> None:
    """How well personal data is found, how often harmless messages are touched, and how long the guards take.

    The head that is brought has learnt from the public halves, so that only texts kept back from it can judge it.
    """
    from app.loading import load_encoder, load_injection, load_personal_data
    from app.model_files import SPACY, checked
    from evals.guarding_time import guarding_time
    from evals.privacy import personal_data

    folder = _folder(data)
    settings = settings_for()
    encoder = load_encoder(settings)
    finder = load_personal_data(encoder)
    _print_rows(
        [
            *personal_data(folder, finder),
            *guarding_time(folder, encoder, finder, load_injection(settings, encoder), checked(SPACY)),
        ]
    )


@program.command()
def answers(data: Data = None, home: Home = None) -> None:
    """Whether answers hold the needed facts and decline what the documents do not tell: local model and quoting."""
    folder = _folder(data)
    with _settings(home) as settings:
        _print(_share_lines(run(_answers(settings, folder))))


@program.command()
def cache(data: Data = None) -> None:
    """How often the answer cache takes questions for the same: paraphrases, and others that look alike."""
    from app.loading import load_encoder
    from evals.cache import measure

    measured = measure(load_encoder(settings_for()), None if data is None else _folder(data))
    rows = [(hits.name, *share_cells(len(hits.hit), hits.count)) for hits in measured]
    _print(lines(("what", "share", "95 % interval", "count"), rows))


@program.command()
def grounding() -> None:
    """Whether an answer's sentences pass when the passages say the same, and are refused when they do not."""
    from app.loading import load_encoder
    from evals.grounding import measure

    rows = []
    for outcome in measure(load_encoder(settings_for())):
        if outcome.supported:
            passed = share_cells(outcome.passed, outcome.supported)
            rows.append((f"{outcome.name}: faithful sentences passed", *passed))
        refused = share_cells(outcome.refused, outcome.unsupported)
        rows.append((f"{outcome.name}: others refused", *refused))
    _print(lines(("what", "share", "95 % interval", "count"), rows))


@program.command()
def bench(
    data: Data = None,
    servers: Annotated[
        Path | None,
        typer.Option(
            help="Python that has `llama-cpp-python[server]` and `xllamacpp`, to compare the local model with."
        ),
    ] = None,
    litellm: Annotated[
        Path | None, typer.Option(help="Python that has `litellm`, to compare the chain with its router.")
    ] = None,
    stores: Annotated[
        Path | None,
        typer.Option(help="Python that has `chromadb`, `lancedb` and `numpy`, to compare ingestion and search with."),
    ] = None,
) -> None:
    """Speed and size against their targets; with --data also the answers.

    Everything runs for the bench alone, in temporary folders: its own database, its own `parley serve` on a free port
    of this machine. It takes some minutes, and an otherwise idle machine.
    """
    folder = _folder(data) if data is not None else None
    settings_for()
    _measured(_bench(folder, servers, litellm, stores))


@program.command()
def doors(
    visitors: Annotated[int, typer.Option(min=1, help="So many at once.")] = 300,
    seconds: Annotated[float, typer.Option(min=1, help="So long they ask, each every 30 seconds.")] = 180,
) -> None:
    """The doors alone: sizes, opening the widget's panel, many visitors at once, and Chainlit's page beside it."""
    from evals.bench.doors import measure_doors

    _measured(_printed(measure_doors(visitors=visitors, lasting_s=seconds)))


@program.command()
def ingestion(
    files: Annotated[int, typer.Option(min=1, help="So many files, of five passages each.")] = 20_000,
) -> None:
    """A large ingestion alone: passages a second, and the memory of each process while it goes on. It takes long."""
    from evals.bench.ingest_large import measure_large_ingest

    async def figures() -> "AsyncIterator[list[Figure]]":
        yield await asyncio.to_thread(measure_large_ingest, files)

    _measured(_printed(figures()))


def _measured(measuring: Coroutine[Any, Any, list[str]]) -> None:
    """Measure on this machine, say what it is and how busy, and end with 1 if a target is missed."""
    from evals.bench.machine import describe, load

    print(f"{describe()}; before: {load()}\n", flush=True)
    missed = run(measuring)
    print(f"\nafter: {load()}")
    if missed:
        print("Missed: " + ", ".join(missed) + ".", file=sys.stderr)
        raise typer.Exit(1)


async def _bench(data: Path | None, servers: Path | None, litellm: Path | None, stores: Path | None) -> list[str]:
    from evals.bench.run import measure_speed

    missed = await _printed(measure_speed(data, servers, litellm, stores))
    if data is not None:
        with _settings(None) as settings:
            _print(_share_lines(await _answers(settings, data)))
    return missed


async def _printed(measurements: "AsyncIterator[list[Figure]]") -> list[str]:
    """Print figures as they come; return those that miss their targets."""
    missed, header = [], ("what", "measured", "target", "met")
    async for figures in measurements:
        _print([*lines(header, [figure.cells for figure in figures]), ""])
        missed += [figure.what for figure in figures if not figure.met]
    return missed


async def _answers(settings: Settings, data: Path) -> "list[Share]":
    from evals.answers import measure_answers

    async with _services(settings) as services:
        return await measure_answers(services, data)


@asynccontextmanager
async def _services(settings: Settings) -> AsyncIterator["Services"]:
    from app.wiring import open_services

    async with open_services(settings, command="parley eval") as services:
        yield services


@contextmanager
def _settings(home: Path | None) -> Iterator[Settings]:
    """The configured settings, but with the embedded database in `home` or a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="parley-eval-") as folder:
        settings = settings_for()
        anew = settings.turn.model_copy(update={"cache": "off"})  # each answer is measured, not remembered
        yield settings.model_copy(update={"home": home or Path(folder), "database": Database(), "turn": anew})


def _folder(data: Path | None) -> Path:
    if data is None:
        used_wrongly("Name the folder of the evaluation data with --data DIR.")
    if not data.is_dir():
        used_wrongly(f"There is no folder {data}; name the folder of the evaluation data with --data DIR.")
    return data


def _share_lines(shares: "Iterable[Share]") -> Iterator[str]:
    rows = [(share.name, *share_cells(share.hits, share.count)) for share in shares]
    return lines(("what", "share", "95 % interval", "count"), rows)


def row_cells(row: Mapping[str, object]) -> Iterator[tuple[str, str, str, str]]:
    """Each number of a suite's row as cells, with its interval and counts where they are known.

    `n` are the cases of which a number is the share, unless the row gives an interval of its own under the number's
    name and `95 %`.
    """
    count = row.get("n")
    for name, value in row.items():
        if not isinstance(value, float) or name == "threshold":
            continue
        what = f"{row['set']}: {name}"
        if "threshold" in row:
            what += f" at {row['threshold']}"
        interval = row.get(f"{name} 95 %")
        if name == "ms":
            yield what, f"{value:.1f} ms", "", "" if count is None else f"{count}"
        elif isinstance(interval, tuple):
            yield what, f"{value:.1%}", f"{interval[0]:.1%} to {interval[1]:.1%}", f"{count}"
        elif isinstance(count, int):
            yield what, *share_cells(round(value * count), count)
        else:
            yield what, f"{value:.1%}", "", ""


def _print_rows(rows: Iterable[Mapping[str, object]]) -> None:
    _print(lines(("what", "share", "95 % interval", "count"), [cells for row in rows for cells in row_cells(row)]))


def _print(text: Iterable[str]) -> None:
    for line in text:
        print(line, flush=True)
