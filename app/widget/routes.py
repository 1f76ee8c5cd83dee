"""The widget's routes: JSON and server-sent events, without cookies."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Header, Path, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import Json

from app.attachments import MOST, read_text
from app.db.conversations import list_conversations, load_conversation
from app.db.scores import conversation_of_answer, rate, unrate_answer
from app.live.following import read_position
from app.live.turns import LiveTurns
from app.own_erasure import erase_own
from app.protecting import protect
from app.tool_use.shown import DecisionSent
from app.turn_request import AttachedText, TurnRequest
from app.widget.errors import ErrorResponse, WidgetRefused, WidgetRoute, not_found
from app.widget.handover import take_wish
from app.widget.models import (
    Conversations,
    ConversationShown,
    ErasureDone,
    ErasureWanted,
    HandoverTaken,
    HandoverWanted,
    Rating,
    SessionGiven,
    SessionWanted,
)
from app.widget.sessions import open_session
from app.widget.shown import conversation_shown, conversations_shown
from app.widget.stream import event_stream
from app.widget.tokens import Visitor
from app.wiring import Services

LISTED = 20
STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}, "description": "The answer."}}


def visitor_of(request: Request) -> Visitor:
    """Whoever the token was given to, as the gate read it."""
    visitor: Visitor = request.state.visitor
    return visitor


Asker = Annotated[Visitor, Depends(visitor_of)]
ConversationId = Annotated[UUID, Path(description="Made by the client, with the conversation's first message.")]


def widget_routes(services: Services, live: LiveTurns) -> APIRouter:
    """All of them."""
    router = APIRouter(
        prefix="/widget",
        route_class=WidgetRoute,
        tags=["widget"],
        responses={code: {"model": ErrorResponse} for code in (400, 401, 403, 404, 413, 422, 429, 503)},
    )
    _add_session(router, services)
    _add_erasure(router, services)
    _add_conversations(router, services)
    _add_turns(router, services, live)
    _add_judgements(router, services)
    return router


def _add_session(router: APIRouter, services: Services) -> None:
    @router.post("/session")
    async def session(wanted: SessionWanted, request: Request) -> SessionGiven:
        """Give a visitor a token, for pages of this origin."""
        return await open_session(
            services,
            wanted,
            origin=request.headers.get("origin", ""),
            own_origin=f"{request.url.scheme}://{request.headers.get('host', '')}",
            address=request.client.host if request.client else "",
        )


def _add_erasure(router: APIRouter, services: Services) -> None:
    @router.post("/erasure")
    async def erasure(wanted: ErasureWanted, visitor: Asker, request: Request) -> ErasureDone:
        """Erase everything of the visitor's. Their token and their pass are nobody's from then on."""
        address = request.client.host if request.client else ""
        gone = await erase_own(services, visitor.site_id, visitor.user_id, address=address)
        return ErasureDone(**asdict(gone))


def _add_conversations(router: APIRouter, services: Services) -> None:
    @router.get("/conversations")
    async def conversations(visitor: Asker) -> Conversations:
        """The visitor's conversations, the latest used first."""
        async with services.sessions() as session:
            return conversations_shown(await list_conversations(session, visitor.user_id, limit=LISTED))

    @router.get("/conversations/{conversation_id}")
    async def conversation(conversation_id: ConversationId, visitor: Asker) -> ConversationShown:
        """A whole conversation."""
        async with services.sessions.begin() as session:
            whole = await load_conversation(session, visitor.site_id, conversation_id)
        if whole is None or whole.owner.id != visitor.user_id:
            raise not_found("conversation")
        site = await services.sites.numbered(visitor.site_id)
        return conversation_shown(whole, site.config.tools if site else ())

    @router.post("/conversations/{conversation_id}/handover")
    async def handover(conversation_id: ConversationId, wanted: HandoverWanted, visitor: Asker) -> HandoverTaken:
        """Ask for a person."""
        return await take_wish(services, visitor, conversation_id, wanted)


def _add_turns(router: APIRouter, services: Services, live: LiveTurns) -> None:
    async def already(visitor: Visitor, message_id: UUID, conversation_id: UUID) -> StreamingResponse | None:
        """The answer to a message that is stored, from its beginning."""
        answer_id = await live.answer_to(visitor.user_id, message_id)
        if answer_id is None:
            return None
        following = live.follow(visitor.user_id, answer_id, read_position(None))
        return event_stream((answer_id, message_id, conversation_id), following)

    @router.post("/conversations/{conversation_id}/messages", response_class=StreamingResponse, responses=STREAM)
    async def ask(
        conversation_id: ConversationId,
        visitor: Asker,
        id_: Annotated[UUID, Form(alias="id", description="The message's id, made by the client.")],
        text: Annotated[str, Form()],
        files: Annotated[list[UploadFile] | None, File()] = None,
        again: Annotated[bool, Form(description="Ask a stored message anew.")] = False,
        decision: Annotated[
            Json[DecisionSent] | None, Form(description="As JSON: the visitor's word on a call that waits.")
        ] = None,
    ) -> StreamingResponse:
        """Ask, and get the answer as it comes. A message that is stored already is followed, not asked twice."""
        if not again and (there := await already(visitor, id_, conversation_id)):
            return there
        request = TurnRequest(
            site_id=visitor.site_id,
            user_id=visitor.user_id,
            conversation_id=conversation_id,
            message_id=id_,
            text=text,
            attachments=await _read(files or [], services.settings.turn.attachment_bytes),
            door="widget",
            once=not again,
            labels=visitor.labels,
            decision=decision.taken() if decision else None,
        )
        answer = await live.ask(request)
        # Sent twice at the same moment, a message is not there for either at first, and is stored by one of them.
        if answer.refused and not again and (there := await already(visitor, id_, conversation_id)):
            return there
        if answer.limited is not None:
            raise answer.limited
        started = (UUID(answer.answer_id), id_, conversation_id) if answer.answer_id else None
        return event_stream(started, answer.follow(read_position(None)))

    @router.get("/answers/{answer_id}/events", response_class=StreamingResponse, responses=STREAM)
    async def follow(
        answer_id: UUID, visitor: Asker, last_event_id: Annotated[str | None, Header()] = None
    ) -> StreamingResponse:
        """The rest of an answer, from wherever it is made."""
        await _own_answer(services, visitor, answer_id)
        return event_stream(None, live.follow(visitor.user_id, answer_id, read_position(last_event_id)))

    @router.post("/answers/{answer_id}/stop", status_code=204)
    async def stop(answer_id: UUID, visitor: Asker) -> Response:
        """Stop an answer; what is shown of it stays."""
        if not await live.stop(visitor.user_id, answer_id):
            raise not_found("answer")
        return Response(status_code=204)


def _add_judgements(router: APIRouter, services: Services) -> None:
    @router.put("/answers/{answer_id}/rating", status_code=204)
    async def judge(answer_id: UUID, rating: Rating, visitor: Asker) -> Response:
        """Say whether an answer helped."""
        conversation_id = await _own_answer(services, visitor, answer_id)
        comment = await protect(services, visitor.site_id, conversation_id, rating.comment.strip())
        async with services.sessions.begin() as session:
            await rate(session, visitor.user_id, answer_id, float(rating.value), comment)
        return Response(status_code=204)

    @router.delete("/answers/{answer_id}/rating", status_code=204)
    async def take_back(answer_id: UUID, visitor: Asker) -> Response:
        """Take a judgement back."""
        await _own_answer(services, visitor, answer_id)
        async with services.sessions.begin() as session:
            await unrate_answer(session, visitor.user_id, answer_id)
        return Response(status_code=204)


async def _own_answer(services: Services, visitor: Visitor, answer_id: UUID) -> UUID:
    """The conversation of an answer to this visitor."""
    async with services.sessions() as session:
        conversation_id = await conversation_of_answer(session, visitor.user_id, answer_id)
    if conversation_id is None:
        raise not_found("answer")
    return conversation_id


async def _read(files: list[UploadFile], largest_bytes: int) -> tuple[AttachedText, ...]:
    if len(files) > MOST:
        raise WidgetRefused(400, "bad_request", f"At most {MOST} files can be attached.")
    read = []
    for file in files:
        name = file.filename or "file"
        text = read_text(name, await file.read(largest_bytes + 1), largest_bytes=largest_bytes)
        read.append(AttachedText(name, "text/plain", text))
    return tuple(read)
