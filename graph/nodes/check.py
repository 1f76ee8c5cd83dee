"""Check: hold the draft against its sources, and tell the visitor what stands."""

import asyncio

from langgraph.runtime import Runtime

from graph.context import Passage, TurnContext
from graph.events import Notice, Reset, Source, Token
from graph.knowledge.ground import check as check_sentences
from graph.knowledge.ground import cited, kept, without_citations
from graph.knowledge.quote import choose, rendered
from graph.nodes.screen import vector_of
from graph.notices import notice_of
from graph.prompts import UNKNOWN, UNSUPPORTED
from graph.state import Answer, Draft, TurnState


async def check(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Drop what the passages do not support; when nothing is left, quote them, or say that they do not tell."""
    draft = state["draft"]
    if draft.unknown:
        return {"answer": _unknown(draft, runtime)}
    passages = state["passages"]
    text, rung, answered_by, extra = draft.text, draft.rung, draft.answered_by, None
    if not draft.verbatim:
        ctx = runtime.context
        lines = await asyncio.to_thread(check_sentences, draft.text, state["question"], passages, ctx.encoder)
        verdicts = [verdict for line in lines for verdict in line]
        if not all(verdict.supported for verdict in verdicts):
            text = kept(lines)
        if not any(verdict.supported and verdict.number for verdict in verdicts):
            picks = await asyncio.to_thread(choose, vector_of(state), passages, ctx.encoder)
            text, rung, answered_by, extra = rendered(picks), "quote", "documents", UNSUPPORTED
        text = _with_citations(text, passages, [verdict.number for verdict in verdicts if verdict.supported])
        _replace(draft.text, text, runtime)
    numbers = tuple(number for number in cited(text) if number <= len(passages))
    for number in numbers:
        runtime.stream_writer(source_of(number, passages[number - 1]))
    notice = notice_of(draft, rung=rung, extra=extra)
    if notice:
        runtime.stream_writer(Notice(notice))
    shortened = draft.shortened and extra is None
    return {"answer": Answer(text, answered_by, rung, numbers, notice, draft.usage, shortened)}


def source_of(number: int, passage: Passage) -> Source:
    """The passage as the source that an answer cites as `[number]`."""
    return Source(
        number=number,
        chunk_id=passage.chunk_id or None,
        document=passage.document,
        title=passage.title,
        heading=passage.heading,
        url=passage.url,
        text=passage.text,
    )


def _unknown(draft: Draft, runtime: Runtime[TurnContext]) -> Answer:
    ctx = runtime.context
    text = UNKNOWN.format(subject=ctx.subject)
    _replace(draft.text, text, runtime)
    notice = notice_of(draft, rung=draft.rung)
    if notice:
        runtime.stream_writer(Notice(notice))
    return Answer(text, draft.answered_by, draft.rung, notice=notice, usage=draft.usage)


def _with_citations(text: str, passages: list[Passage], numbers: list[int | None]) -> str:
    """The text with marks that lead somewhere: wrong ones go, and an answer without any gets those of its support."""
    right = [number for number in cited(text) if 1 <= number <= len(passages)]
    if right != cited(text):
        for number in set(cited(text)) - set(right):
            text = text.replace(f" [{number}]", "").replace(f"[{number}]", "")
    if right:
        return text
    support = dict.fromkeys(number for number in numbers if number)
    return without_citations(text) + "".join(f" [{number}]" for number in support)


def _replace(shown: str, text: str, runtime: Runtime[TurnContext]) -> None:
    """Bring the visitor's page from the text shown to the final one."""
    if shown and text.startswith(shown):
        if text != shown:
            runtime.stream_writer(Token(text[len(shown) :]))
        return
    if shown:
        runtime.stream_writer(Reset("checked against the sources"))
    runtime.stream_writer(Token(text))
