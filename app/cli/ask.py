"""`parley ask`: one question, one answer, through the same turn as everywhere."""

import json
import sys
from typing import Annotated
from uuid import NAMESPACE_DNS, uuid4, uuid5

import typer

from app.cli.run import CommandFailed, Labels, labels_given, run, settings_for
from app.db.users import ensure_guest
from app.guide import ensure_site_or_guide
from app.settings import Settings
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services, open_services
from graph.events import Done, Failed, Notice, Reset, Source, Token

COMMAND_LINE = uuid5(NAMESPACE_DNS, "command-line.parley.invalid")
"""The guest whose conversations these are."""


def ask(
    question: Annotated[str, typer.Argument(help="The question. `-` reads it from standard input.")],
    site: Annotated[str, typer.Option(help="Site whose documents answer.")] = "default",
    labels: Labels = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Ask a question and print the answer with its sources."""
    settings = settings_for()
    text = sys.stdin.read() if question == "-" else question
    run(_ask(settings, text, site, labels_given(labels), as_json=as_json))


async def _ask(settings: Settings, question: str, site: str, labels: frozenset[str], *, as_json: bool) -> None:
    async with open_services(settings, command="parley ask") as services:
        request = await _request(services, question, site, labels)
        sources: list[Source] = []
        async for event in run_turn(services, request):
            match event:
                case Token(text=text) if not as_json:
                    print(text, end="", flush=True)
                case Reset() if not as_json:
                    print("\n[withdrawn]\n")
                case Source():
                    sources.append(event)
                case Notice(text=text) if not as_json:
                    print(f"\n\n({text})", end="")
                case Done():
                    print(json.dumps(answer_object(event), ensure_ascii=False) if as_json else _listed(sources))
                case Failed(text=text):
                    raise CommandFailed(text)


async def _request(services: Services, question: str, site_name: str, labels: frozenset[str]) -> TurnRequest:
    site = await ensure_site_or_guide(services.sessions, services.encoder, services.settings, site_name)
    async with services.sessions.begin() as session:
        user_id = (await ensure_guest(session, site.id, COMMAND_LINE)).id
    return TurnRequest(site.id, user_id, uuid4(), uuid4(), question, labels=labels, counted=False)


def answer_object(done: Done) -> dict[str, object]:
    """The answer as `--json` prints it."""
    return {
        "answer": done.text,
        "citations": [
            {"number": s.number, "document": s.document, "heading": s.heading, "url": s.url, "text": s.text}
            for s in done.sources
        ],
        "intent": done.intent,
        "answered_by": done.answered_by,
        "rung": done.rung,
        "notice": done.notice,
        "usage": [
            {
                "model": used.model,
                "input_tokens": used.input_tokens,
                "output_tokens": used.output_tokens,
                "estimated": used.estimated,
            }
            for used in done.usage
        ],
        "trace_id": done.trace_id,
    }


def _listed(sources: list[Source]) -> str:
    lines = [
        f"[{s.number}] {' › '.join(dict.fromkeys(p for p in (s.title, s.heading) if p))}  {s.url or s.document}"
        for s in sources
    ]
    return "\n\n" + "\n".join(lines) if lines else ""
