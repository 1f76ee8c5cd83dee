"""`parley models list|pull|use|bench`: which models there are, and the files of local ones."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import tomlkit
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.model_speed import Speed, measure
from app.cli.run import on_database, run, settings_for, used_wrongly
from app.db.breakers import read_breakers
from app.model_catalogue import BUNDLED_NAME, OFFERED, models_folder, offered, path_of
from app.model_files import CHAT, digest
from app.pull import pull as fetch
from app.settings import Settings
from app.sites.models import encoder_names, model_names
from graph.errors import ConfigError
from graph.events import encoder_route
from graph.models.local.gguf import Header, read_header

Json = Annotated[bool, typer.Option("--json", help="Print JSON Lines.")]
SHA256_DIGITS = 64
GIB = 1024**3


def list_(json_lines: Json = False) -> None:
    """List the chain of models and how each is doing, and the local models that can be had."""
    settings = settings_for()

    async def work(session: AsyncSession) -> dict[str, str]:
        states = await read_breakers(session)
        return {each.route: each.reason for each in states if each.open_s is not None and each.open_s > 0}

    closed = run(on_database(settings, "parley models list", work))
    chain = [{"route": name, "state": closed.get(name, "asked")} for name in model_names(settings)]
    encoders = [
        {"encoder": each, "state": closed.get(encoder_route(each), "asked")} for each in encoder_names(settings)
    ]
    files = _files(settings)
    if json_lines:
        for row in (*chain, *encoders, *files):
            print(json.dumps(row, ensure_ascii=False))
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print("The chain, in the order in which it is asked:")
    for number, row in enumerate(chain, 1):
        console.print(f"  {number}. {row['route']}{_not_asked(row['state'])}")
    console.print("  then the documents, quoted\n" if chain else "  the documents, quoted: there is no model\n")
    if encoders:
        console.print("The encoders that rank passages, in their order:")
        for number, row in enumerate(encoders, 1):
            console.print(f"  {number}. {row['encoder']}{_not_asked(row['state'])}")
        console.print("  then the installed one\n")
    table = Table(box=None, pad_edge=False)
    table.add_column("local model", overflow="fold")
    table.add_column("size", justify="right")
    for heading in ("licence", "here", ""):
        table.add_column(heading)
    for file in files:
        here = "in use" if file["in_use"] else "yes" if file["here"] else "no"
        table.add_row(file["model"], _size(file["size_bytes"]), file["licence"], here, file["suits"])
    console.print(table)


def pull(
    model: Annotated[str, typer.Argument(help="A name of `parley models list`, or the address of a GGUF file.")],
    sha256: Annotated[str | None, typer.Option(help="Of the file at an address, in 64 hexadecimal digits.")] = None,
) -> None:
    """Fetch a local model. An interrupted download goes on where it ended."""
    settings = settings_for()
    known = offered(model)
    if known is None and "://" not in model:
        used_wrongly(f"There is no model {model}; `parley models list` shows those there are, or give an address.")
    if known is None and sha256 is None:
        used_wrongly("Say which file it must be with --sha256: whoever publishes it states that value.")
    wanted = known.sha256 if known else (sha256 or "").strip().lower()
    if len(wanted) != SHA256_DIGITS or set(wanted) - set("0123456789abcdef"):
        used_wrongly("A SHA-256 has 64 hexadecimal digits.")
    name = known.file if known else model.partition("?")[0].rpartition("/")[2]
    if not name.endswith(".gguf"):
        used_wrongly("The address must end with the name of a .gguf file.")
    path = models_folder(settings) / name
    if path.is_file() and digest(path) == wanted:
        print(f"{path} is there already.")
    else:
        with _progress() as bar:
            task = bar.add_task(name, total=known.size_bytes if known else None)
            fetch(
                known.url if known else model,
                path,
                sha256=wanted,
                size_bytes=known.size_bytes if known else None,
                progress=lambda have, all_: bar.update(task, completed=have, total=all_),
            )
        print(f"Fetched {path}.")
    print(f"`parley models use {model if known else name}` makes it the local model.")


def use(
    model: Annotated[str, typer.Argument(help="A name of `parley models list`, a fetched file's name, or a path.")],
) -> None:
    """Make a file the local model, by writing `local.model` into the settings file."""
    settings = settings_for()
    header = _header(model, settings)
    path = path_of(model, settings).resolve()
    if not header.chat:
        raise ConfigError(f"The model {path.name} has no chat template; take one that was made for conversations.")
    context = settings.local.context_tokens
    file = Path(os.environ.get("PARLEY_CONFIG") or "parley.toml")
    document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
    if path != CHAT.path.resolve():
        _table(document)["model"] = str(path)
    elif "local" in document:
        _table(document).pop("model", None)
    shortened = header.context_tokens is not None and header.context_tokens < context
    if shortened:
        _table(document)["context_tokens"] = header.context_tokens
    new = file.with_name(f"{file.name}.new")
    new.write_text(tomlkit.dumps(document), encoding="utf-8")
    new.replace(file)
    print(f"{file}: the local model is {path.name} ({header.architecture}); it is used from the next start.")
    if shortened:
        print(f"It reads {header.context_tokens} tokens at once, so local.context_tokens is that now.")
    if "PARLEY_LOCAL__MODEL" in os.environ:
        print("The variable PARLEY_LOCAL__MODEL is set, too, and wins over the file: remove it.")


def bench(
    model: Annotated[str | None, typer.Argument(help="As for `use`. Unset: the one in use.")] = None,
    json_lines: Json = False,
) -> None:
    """Measure how fast a local model reads and writes on this machine, alone and with four streams."""
    settings = settings_for()
    name = model or str(settings.local.model or BUNDLED_NAME)
    _header(name, settings)
    speed: Speed = run(measure(path_of(name, settings), settings.local))
    if json_lines:
        print(json.dumps({"model": path_of(name, settings).stem} | asdict(speed)))
        return
    where = f"{speed.offloaded} of {speed.layers} layers on the GPU" if speed.offloaded else "on the processor"
    print(f"{path_of(name, settings).stem}, {where}")
    print(f"  reads a prompt   {speed.prompt_per_s:9.1f} tokens a second")
    print(f"  writes, 1 stream {speed.one_per_s:9.1f} tokens a second")
    print(f"  writes, 4 streams{speed.four_per_s:9.1f} tokens a second in all")
    print(f"  first token      {speed.first_token_s:9.2f} s after a prompt of {speed.prompt_tokens} tokens")
    print(f"  memory           {speed.memory_mib:9.0f} MiB more than without it")


def _table(document: tomlkit.TOMLDocument) -> Any:
    """The table `[local]`, made if it is not there."""
    return document.setdefault("local", tomlkit.table())


def _header(model: str, settings: Settings) -> Header:
    """What a model's file says, once it is there."""
    path = path_of(model, settings)
    if not path.exists() and (known := offered(model)) is not None:
        used_wrongly(f"{known.name} is not here yet; `parley models pull {known.name}` fetches it.")
    return read_header(path)


def _not_asked(state: str) -> str:
    return "" if state == "asked" else f"  not asked just now: it is {state}"


def _files(settings: Settings) -> list[dict[str, Any]]:
    """The bundled model, those that are recommended, and other ones that were fetched."""
    using = (settings.local.model or CHAT.path).resolve() if settings.local.enabled else None
    rows = [_row(BUNDLED_NAME, CHAT.path, using, CHAT.licence, 8192, "any machine; chooses passages only")]
    for each in OFFERED:
        row = _row(each.name, models_folder(settings) / each.file, using, each.licence, each.context_tokens, each.suits)
        rows.append(row | {"size_bytes": each.size_bytes, "sha256": each.sha256, "address": each.url})
    known = {each.file for each in OFFERED}
    others = sorted(path for path in models_folder(settings).glob("*.gguf") if path.name not in known)
    return rows + [_row(path.name, path, using, "", None, "") for path in others]


def _row(name: str, path: Path, using: Path | None, licence: str, context: int | None, suits: str) -> dict[str, Any]:
    here = path.is_file()
    return {
        "model": name,
        "file": str(path),
        "size_bytes": path.stat().st_size if here else None,
        "licence": licence,
        "context_tokens": context,
        "here": here,
        "in_use": path.resolve() == using,
        "suits": suits,
    }


def _size(size_bytes: int | None) -> str:
    return "" if size_bytes is None else f"{size_bytes / GIB:.1f} GiB"


def _progress() -> Progress:
    """A bar on standard error; nothing where that is no terminal."""
    console = Console(stderr=True)
    return Progress(
        "{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
