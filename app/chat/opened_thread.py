"""A stored conversation as Chainlit's page opens it."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from chainlit.element import ElementDict
from chainlit.step import StepDict
from chainlit.types import FeedbackDict, ThreadDict

from app.chat.answer_text import ENDINGS, shown_answer
from app.chat.steps_shown import answer_step, run_id, run_step, stamp, trail_step, visitor_step
from app.db.conversations import Whole
from app.db.tables import Message, Score
from app.protecting import restored
from app.sites.tools import SiteTool
from app.tool_use.asked import asked_of
from graph.events import Asked, Source, Step
from graph.guards.language import language_of
from graph.guards.pseudonyms import Pseudonyms
from graph.guards.restoring import restored_answer
from graph.replies import FALLBACK

UNTITLED = "Conversation"


def opened(whole: Whole, *, assistant: str) -> ThreadDict:
    """Return the conversation with all texts restored: this is for its owner only."""
    conversation, thread_id = whole.conversation, str(whole.conversation.id)
    pseudonyms = Pseudonyms(whole.pseudonyms)
    cited: dict[UUID, list[Source]] = defaultdict(list)
    for citation in whole.citations:
        cited[citation.message_id].append(restored(citation, pseudonyms))
    led: dict[UUID, list[Step]] = defaultdict(list)
    for answer_id, span in whole.spans:
        led[answer_id].append(Step(span.name, span.detail, span.duration_ms))
    scores = {score.message_id: score for score in whole.scores}
    steps: list[StepDict] = []
    for message in whole.messages:
        if message.role == "visitor":
            text = pseudonyms.restore(message.text)
            steps.append(visitor_step(str(message.id), thread_id, whole.owner.identifier, text, message.created_at))
            continue
        text = restored_answer(message.text, pseudonyms)
        if message.reply_to is None:
            steps.append(answer_step(str(message.id), thread_id, assistant, text, message.created_at, parent=None))
        else:
            score = scores.get(message.id)
            comment = pseudonyms.restore(score.comment) if score and score.comment else None
            led_by, sources = led[message.id], cited[message.id]
            steps += _answered(message, text, thread_id, assistant, led_by, sources, score, comment)
    return ThreadDict(
        id=thread_id,
        createdAt=stamp(conversation.created_at),
        name=pseudonyms.restore(conversation.title or UNTITLED),
        userId=str(whole.owner.id),
        userIdentifier=whole.owner.identifier,
        tags=[],
        metadata={},
        steps=steps,
        elements=[
            _element(str(file.id), thread_id, str(file.message_id), pseudonyms.restore(file.name))
            for file in whole.attachments
        ],
    )


def unfinished(whole: Whole) -> list[tuple[str, str]]:
    """Ids of question and answer where the last answer did not become whole."""
    if not whole.messages:
        return []
    last = whole.messages[-1]
    return [(str(last.reply_to), str(last.id))] if last.reply_to and last.status in ("stopped", "cut", "failed") else []


def waiting(whole: Whole, tools: Sequence[SiteTool]) -> list[tuple[str, Asked, str]]:
    """The calls that wait for the visitor's word: the answer's id, the call, and the conversation's language."""
    pseudonyms = Pseudonyms(whole.pseudonyms)
    questions = {message.id: message.text for message in whole.messages if message.role == "visitor"}
    return [
        (
            str(message.id),
            asked_of(call, tools, pseudonyms),
            language_of(questions.get(message.reply_to, "") if message.reply_to else "") or FALLBACK,
        )
        for message in whole.messages
        if (call := whole.waiting.get(message.id))
    ]


def _answered(
    message: Message,
    text: str,
    thread_id: str,
    assistant: str,
    led: list[Step],
    cited: list[Source],
    score: Score | None,
    comment: str | None,
) -> list[StepDict]:
    answer_id, moment = str(message.id), message.created_at
    feedback = None
    if score:
        feedback = FeedbackDict(
            forId=run_id(answer_id), id=str(score.id), value=1 if score.value else 0, comment=comment
        )
    ending = ENDINGS.get(message.status)
    shown = shown_answer(answer_id, text, cited, notice=message.notice, ending=ending)
    steps = [run_step(answer_id, thread_id, str(message.reply_to), moment, moment, feedback)]
    if led:
        steps.append(trail_step(answer_id, thread_id, assistant, led, moment, moment))
    failed = message.status == "failed" and not text
    return [*steps, answer_step(answer_id, thread_id, assistant, shown, moment, error=failed)]


def _element(id_: str, thread_id: str, for_id: str, name: str) -> ElementDict:
    return ElementDict(
        id=id_,
        threadId=thread_id,
        type="file",
        name=name,
        display="inline",
        url=f"/attachments/{id_}",
        forId=for_id,
        mime="text/plain",
    )
