"""`parley search`, `screen` and `classify`: one text, or JSON Lines in and JSON Lines out."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.cli.run import CommandFailed, Labels, labels_given, on_database, run, settings_for, used_wrongly
from app.db.engine import open_database
from app.db.intents import intent_version
from app.db.migrate import migrate
from app.db.search import SiteKnowledge
from app.db.sites import site_by_name
from app.guide import ensure_site_or_guide
from app.loading import (
    former_encoders,
    load_encoder,
    load_injection,
    load_intents,
    load_passage_screen,
    load_personal_data,
)
from app.settings import Settings
from app.sites.intents import classifier_of
from app.stand_in import StandIn
from graph.context import Encoder, IntentClassifier

Record = dict[str, Any]

Text = Annotated[str | None, typer.Argument(help="The text. Without it, --jsonl is read.")]
Jsonl = Annotated[str | None, typer.Option(help="JSON Lines, an object a line; `-` reads standard input.")]
Site = Annotated[str, typer.Option(help="Site that is asked.")]


def search(
    query: Text = None,
    jsonl: Jsonl = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="Results for each query.")] = 10,
    site: Site = "default",
    labels: Labels = "",
) -> None:
    """Search a site's documents: {"id", "query"} in, {"id", "results"} out."""
    settings = settings_for()
    records = _records(query, jsonl, "query")
    run(_search(settings, records, site, labels_given(labels), top, text=query is not None))


def screen(
    text: Text = None,
    jsonl: Jsonl = None,
    site: Site = "default",
    passages: Annotated[bool, typer.Option(help="The texts are passages or tools' results.")] = False,
) -> None:
    """Screen texts for injection and personal data: {"id", "text"} in, {"id", "blocked", "injection", "pii"} out."""
    settings = settings_for()
    encoder = load_encoder(settings)
    injection = load_injection(settings, encoder)
    documents = load_passage_screen(encoder) if passages else None
    personal_data = load_personal_data(encoder)

    def judge(record: Record) -> Record:
        if documents is None:
            finding = injection.judge(record["text"], encoder.encode([record["text"]])[0])
            blocked, score, reason = finding.blocked, finding.score, finding.reason
        else:
            (inside,) = documents.judge([record["text"]])
            blocked, score, reason = inside.suspicious, inside.score, inside.piece
        return {
            "id": record["id"],
            "blocked": blocked,
            "injection": {"score": round(score, 4), "reason": reason},
            "pii": [
                {"type": span.type, "start": span.start, "end": span.end, "score": round(span.score, 4)}
                for span in personal_data.find(record["text"])
            ],
        }

    for record in _records(text, jsonl, "text"):
        _print(judge(record))


def classify(text: Text = None, jsonl: Jsonl = None, site: Site = "default") -> None:
    """Tell what messages want: {"id", "text"} in, {"id", "intent", "score", "out_of_scope"} out."""
    settings = settings_for()
    records = _records(text, jsonl, "text")
    encoder = load_encoder(settings)
    intents = run(_intents(settings, encoder, site)) or load_intents(encoder)
    for record in records:
        guess = intents.classify(record["text"], encoder.encode([record["text"]])[0])
        _print(
            {
                "id": record["id"],
                "intent": guess.name,
                "score": round(guess.score, 4),
                "out_of_scope": guess.out_of_scope,
                "route": guess.route,
            }
        )


async def _intents(settings: Settings, encoder: Encoder, site: str) -> IntentClassifier | None:
    """The classifier of a site's own intents; None when it has none."""

    async def work(session: AsyncSession) -> IntentClassifier | None:
        found = await site_by_name(session, site)
        number = found.intents_version if found else None
        stored = await intent_version(session, found.id, number) if found and number else None
        return classifier_of(stored, encoder) if stored else None

    return await on_database(settings, "parley classify", work)


async def _search(
    settings: Settings, records: Iterator[Record], site_name: str, labels: frozenset[str], top: int, *, text: bool
) -> None:
    encoder = load_encoder(settings)
    async with open_database(settings, command="parley search", exclusive=False) as engine:
        if settings.embedded:
            await migrate(engine)
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        site = await ensure_site_or_guide(sessions, encoder, settings, site_name)
        stand_in = StandIn(sessions, encoder.name, former_encoders(settings))
        rank = partial(stand_in.ranking, site.id)
        knowledge = SiteKnowledge(sessions, site.id, encoder.name, labels=labels, stand_in=rank)
        for record in records:
            passages = await knowledge.search(record["query"], encoder.encode([record["query"]])[0], limit=top)
            if text:
                for passage in passages:
                    start = " ".join(passage.text.split())[:160]
                    place = " › ".join(filter(None, (passage.document, passage.heading)))
                    print(f"{passage.score:.3f}  {place}\n       {start}")
                continue
            results = [{"document": p.document, "heading": p.heading, "score": round(p.score, 6)} for p in passages]
            _print({"id": record["id"], "results": results})


def _records(text: str | None, jsonl: str | None, field: str) -> Iterator[Record]:
    """The records to work on, in order.

    Raises:
        CommandFailed: a line is not an object with `id` and the field, both usable; it says which line.
    """
    if (text is None) == (jsonl is None):
        used_wrongly(f"Give either a {field} or --jsonl FILE (`-` for standard input).")
    if text is not None:
        return iter([{"id": None, field: text}])
    return _read(jsonl or "-", field)


def _read(path: str, field: str) -> Iterator[Record]:
    try:
        file = sys.stdin if path == "-" else Path(path).open(encoding="utf-8")  # noqa: SIM115 - closed below; stdin is not ours
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}.") from None
    try:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise CommandFailed(f"{path}, line {number}: this is not JSON ({error.msg}).") from None
            if not isinstance(record, dict) or "id" not in record or not isinstance(record.get(field), str):
                raise CommandFailed(f'{path}, line {number}: an object with "id" and a text "{field}" is needed.')
            yield record
    except UnicodeDecodeError:
        raise CommandFailed(f"{path} is not UTF-8 text.") from None
    finally:
        if file is not sys.stdin:
            file.close()


def _print(record: Record) -> None:
    print(json.dumps(record, ensure_ascii=False), flush=True)
