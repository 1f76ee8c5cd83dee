"""The file that Chainlit loads: it hangs our handlers into Chainlit's page.

Messages, edits and stopping are taken over whole. Chainlit's own handlers store raw text, list a conversation before it
exists, cannot stop the answer to an edited message, and say "Task manually stopped." in the visitor's chat.
"""

import asyncio
import logging
from typing import Any
from uuid import UUID, uuid4

import chainlit as cl
from chainlit.context import ChainlitContext, init_ws_context
from chainlit.element import ElementDict
from chainlit.server import sio
from chainlit.session import WebsocketSession
from chainlit.step import StepDict
from chainlit.types import MessagePayload, Starter, ThreadDict
from chainlit.user import PersistedUser

from app.chat.answer_text import source_name, source_path
from app.chat.data_layer import ParleyDataLayer, uuid_or_none
from app.chat.opened_thread import unfinished, waiting
from app.chat.runtime import current
from app.chat.steps_shown import answer_step, now, visitor_step
from app.chat.uploads import take_files
from app.chat.visitor_turn import DECIDE, RETRY, TurnOnPage, decide_actions, retry_action, withdraw
from app.protecting import find_source
from app.stored_request import stored_request
from app.turn_request import AttachedText, Decision, TurnRequest
from graph.errors import AttachmentRefused

log = logging.getLogger(__name__)


@cl.data_layer
def data_layer() -> ParleyDataLayer:
    """The layer that Chainlit reads conversations from."""
    return ParleyDataLayer(current())


@cl.password_auth_callback
async def sign_in(username: str, password: str) -> cl.User | None:
    """Check a password; None lets Chainlit refuse."""
    chat = current()
    user = await chat.passwords.check(await chat.site_id(), username, password)
    return cl.User(identifier=user.identifier, display_name=user.display_name or user.identifier) if user else None


@cl.set_starters
async def starters(user: cl.User | None, language: str | None) -> list[Starter]:
    """Questions that an empty page suggests."""
    return [Starter(label=question, message=question) for question in current().settings.chat.starters]


@cl.on_chat_resume
async def opened_again(thread: ThreadDict) -> None:
    """Offer another try where the last answer did not become whole, and to decide what waits for the visitor's word."""
    whole = await ParleyDataLayer(current()).load(thread["id"])
    if whole is None:
        return
    actions = [retry_action(message_id, answer_id) for message_id, answer_id in unfinished(whole)]
    site = await current().services.sites.numbered(whole.conversation.site_id)
    for answer_id, asked, language in waiting(whole, site.config.tools if site else ()):
        actions += decide_actions(answer_id, asked, language)
    for action in actions:
        await cl.context.emitter.emit("action", action.to_dict())


@cl.action_callback(RETRY)
async def try_again(action: cl.Action) -> None:
    """Ask a question again. Runs beside the request, so that it can be stopped like any other answer."""
    context, session = cl.context, cl.context.session
    if not isinstance(session, WebsocketSession):
        return
    message_id, answer_id = str(action.payload.get("message_id")), str(action.payload.get("answer_id"))
    request = await _asked_again(session, message_id)
    await withdraw(context.emitter, answer_id, action.to_dict())
    if request:
        _start(session, request)


@cl.action_callback(DECIDE)
async def decided(action: cl.Action) -> None:
    """Take a visitor's word on a call that waits for it: a message of theirs, which says the same."""
    context, session, user = cl.context, cl.context.session, cl.context.session.user
    given = action.payload
    answer_id, call = str(given.get("answer_id")), uuid_or_none(str(given.get("call")))
    conversation_id = uuid_or_none(session.thread_id)
    if not isinstance(session, WebsocketSession) or not isinstance(user, PersistedUser):
        return
    if call is None or conversation_id is None:
        return
    for word in ("yes", "no"):
        await context.emitter.emit("remove_action", {"id": f"{DECIDE}-{call}-{word}", "forId": answer_id})
    request = TurnRequest(
        site_id=await current().site_id(),
        user_id=UUID(user.id),
        conversation_id=conversation_id,
        message_id=uuid4(),
        text=str(given.get("text")),
        decision=Decision(call, str(given.get("digest")), given.get("agreed") is True),
    )
    await context.emitter.send_step(
        visitor_step(str(request.message_id), str(conversation_id), user.identifier, request.text, now())
    )
    _start(session, request)


@cl.on_window_message
async def open_source(message: Any) -> None:
    """Open a cited passage beside the conversation. Our script in the page asks for it when a citation is clicked."""
    wanted = message.get("parleySource") if isinstance(message, dict) else None
    user = cl.context.session.user
    if not isinstance(wanted, str) or not isinstance(user, PersistedUser):
        return
    answer, _, number = wanted.partition("/")
    answer_id = uuid_or_none(answer)
    if answer_id is None or not number.isdecimal() or len(number) > 3:
        return
    async with current().services.sessions() as session:
        citation = await find_source(session, UUID(user.id), answer_id, int(number))
    if citation is None:
        return
    element = ElementDict(
        id=f"source-{wanted}",
        type="text",
        name=source_name(citation),
        display="side",
        url=source_path(answer, citation.number),
    )
    await cl.context.emitter.emit("set_sidebar_elements", {"elements": [element], "key": f"source-{wanted}"})
    await cl.context.emitter.emit("set_sidebar_title", f"[{citation.number}] {source_name(citation)}")


@sio.on("client_message")  # type: ignore[untyped-decorator]  # socketio ships no types
async def asked(sid: str, payload: MessagePayload) -> None:
    """Answer a message."""
    session = WebsocketSession.require(sid)
    references = payload.get("fileReferences") or []
    await _ask(session, payload["message"], [str(reference["id"]) for reference in references])


@sio.on("edit_message")  # type: ignore[untyped-decorator]  # socketio ships no types
async def edited(sid: str, payload: MessagePayload) -> None:
    """Answer a message that was edited: it replaces the old one and all that came after."""
    session = WebsocketSession.require(sid)
    earlier = await _asked_again(session, str(payload["message"].get("id")))
    await _ask(session, payload["message"], [], earlier.attachments if earlier else ())


@sio.on("stop")  # type: ignore[untyped-decorator]  # socketio ships no types
async def stopped(sid: str) -> None:
    """Stop the answer that is being written; what is shown of it stays."""
    session = WebsocketSession.get(sid)
    if session and session.current_task:
        session.current_task.cancel()


async def _ask(
    session: WebsocketSession, message: StepDict, files: list[str], attachments: tuple[AttachedText, ...] = ()
) -> None:
    context = init_ws_context(session)
    message_id, conversation_id = uuid_or_none(message.get("id")), uuid_or_none(session.thread_id)
    user = session.user
    if message_id is None or conversation_id is None or not isinstance(user, PersistedUser):
        await _refuse(context, "This page is out of date. Please reload it.")
        return
    try:
        limit = current().settings.turn.attachment_bytes
        attachments += await asyncio.to_thread(take_files, session, files, largest_bytes=limit)
    except AttachmentRefused as error:
        await _refuse(context, str(error))
        return
    request = TurnRequest(
        site_id=await current().site_id(),
        user_id=UUID(user.id),
        conversation_id=conversation_id,
        message_id=message_id,
        text=str(message.get("output") or ""),
        attachments=attachments,
    )
    _start(session, request)


def _start(session: WebsocketSession, request: TurnRequest) -> None:
    """Run a turn as the session's task. One at a time: a browser that sends two would mix their texts."""
    previous = session.current_task
    context = init_ws_context(session)
    page = TurnOnPage(current(), session, context.emitter, request)
    session.current_task = asyncio.create_task(_run(page, context, previous))
    current().last_requests[session] = request


async def _run(page: TurnOnPage, context: ChainlitContext, previous: "asyncio.Task[None] | None") -> None:
    if previous and not previous.done():
        previous.cancel()
        await asyncio.wait([previous])
    try:
        await page.run()
    except asyncio.CancelledError:
        pass
    except Exception:
        log.exception("the page of a turn failed")
        await _refuse(context, "Something went wrong on our side. Please reload the page and try again.")


async def _asked_again(session: WebsocketSession, message_id: str) -> TurnRequest | None:
    """A visitor's message as it was asked: from the database, or from this session if it was never stored."""
    last = current().last_requests.get(session)
    if last and str(last.message_id) == message_id:
        return last
    user, id_ = session.user, uuid_or_none(message_id)
    if id_ is None or not isinstance(user, PersistedUser):
        return None
    return await stored_request(current().services, UUID(user.id), id_)


async def _refuse(context: ChainlitContext, sentence: str) -> None:
    step = answer_step(
        str(uuid4()), context.session.thread_id, current().settings.chat.name, sentence, now(), parent=None
    )
    step["isError"] = True
    await context.emitter.send_step(step)
    await context.emitter.emit("task_end", {})
