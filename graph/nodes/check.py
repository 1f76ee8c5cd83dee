"""Check: hold the draft against its sources, and tell the visitor what stands."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from langgraph.runtime import Runtime

from graph.context import Passage, TurnContext
from graph.events import Notice, Reset, Source, Token
from graph.guards.name_forms import with_forms
from graph.knowledge.address import address_of
from graph.knowledge.answerable import answerable
from graph.knowledge.ground import Checked, cited, kept, supported, unsupported
from graph.knowledge.ground import check as check_sentences
from graph.knowledge.quote import choose, quotable, rendered
from graph.knowledge.words import figures
from graph.nodes.screen import vector_of
from graph.notices import notice_of
from graph.replies import language_for, said, shortened
from graph.rungs.phrase import revise
from graph.state import Answer, Draft, TurnState


@dataclass(slots=True)
class _Page:
    """What the visitor sees of the answer."""

    runtime: Runtime[TurnContext]
    text: str

    def show(self, text: str, *, reason: str = "checked against the sources") -> None:
        """Bring the page from the text shown to another one."""
        if text.startswith(self.text):
            if text != self.text:
                self.runtime.stream_writer(Token(text[len(self.text) :]))
        else:
            self.runtime.stream_writer(Reset(reason))
            if text:
                self.runtime.stream_writer(Token(text))
        self.text = text


async def check(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Keep what the passages support, let the model put right the rest once, and say it when nothing is left."""
    draft, ctx = state["draft"], runtime.context
    assert draft is not None  # noqa: S101 - as it was routed
    page = _Page(runtime, draft.text)
    if draft.unknown:
        return {"answer": _unknown(state, draft, page)}
    passages = state["passages"]
    if draft.verbatim:
        return {"answer": _final(state, draft, page)}
    lines = await _checked(state, draft.text, ctx)
    page.show(kept(lines))
    wrong = unsupported(lines)
    if wrong and not draft.shortened:
        text, tries = await revise(state, runtime, draft, wrong)
        draft = replace(draft, usage=draft.usage + tries)
        again = await _checked(state, text, ctx) if text else []
        if supported(again) > supported(lines):
            lines = again
            page.show(kept(lines), reason="put right by the sources")
    if supported(lines) or (ctx.tools.offers and page.text and not unsupported(lines)):
        return {"answer": _final(state, draft, page)}
    quoted = quotable(passages)
    picks = []
    if answerable(quoted, question=state["question"], min_similarity=ctx.limits.min_similarity, capable=False):
        picks = await asyncio.to_thread(choose, vector_of(state), passages, ctx.encoder)
    if not picks:
        return {"answer": _unknown(state, draft, page)}
    page.show(rendered(picks))
    own = replace(draft, rung="quote", answered_by="documents", shortened=False)
    return {"answer": _final(state, own, page, extra="unsupported")}


async def _checked(state: TurnState, text: str, ctx: TurnContext) -> list[list[Checked]]:
    question = with_forms(state["question"], ctx.personal)
    lines = await asyncio.to_thread(check_sentences, text, question, state["passages"], ctx.encoder)
    return [[_asked_back(sentence) for sentence in line] for line in lines] if ctx.tools.offers else lines


def _asked_back(sentence: Checked) -> Checked:
    """A question without figures claims nothing: a model asks the visitor for what a tool needs."""
    asks = sentence.text.rstrip().endswith(("?", "؟")) and not figures(sentence.text)
    return replace(sentence, supported=True) if asks and not sentence.supported else sentence


def _final(state: TurnState, draft: Draft, page: _Page, *, extra: str | None = None) -> Answer:
    """The answer that stands on the page, with its sources and a notice of how it was made."""
    numbers = _sources(page, state["passages"])
    notice = notice_of(draft, rung=draft.rung, language=language_for(state), extra=extra)
    if notice:
        page.runtime.stream_writer(Notice(notice))
    answer = Answer(page.text, draft.answered_by, draft.rung, numbers, notice, draft.usage, draft.shortened)
    return replace(answer, called=draft.called, contained=draft.contained, asked=draft.asked)


def _sources(page: _Page, passages: Sequence[Passage]) -> tuple[int, ...]:
    numbers = tuple(number for number in cited(page.text) if 1 <= number <= len(passages))
    for number in numbers:
        page.runtime.stream_writer(source_of(number, passages[number - 1]))
    return numbers


def source_of(number: int, passage: Passage) -> Source:
    """The passage as the source that an answer cites as `[number]`."""
    return Source(
        number=number,
        chunk_id=passage.chunk_id or None,
        document=passage.document,
        title=passage.title,
        heading=passage.heading,
        url=address_of(passage.url, passage.page, passage.text),
        text=passage.text,
    )


def _unknown(state: TurnState, draft: Draft, page: _Page) -> Answer:
    """Say what could not be found, and offer a person where there is one."""
    ctx, language = page.runtime.context, language_for(state)
    text = said("unknown", language, asked=shortened(state["question"]), subject=ctx.subject)
    page.show(f"{text} {said('person', language)}" if ctx.people else text)
    notice = notice_of(draft, rung=draft.rung, language=language)
    if notice:
        page.runtime.stream_writer(Notice(notice))
    answer = Answer(page.text, draft.answered_by, draft.rung, notice=notice, usage=draft.usage)
    return replace(answer, called=draft.called, contained=draft.contained)
