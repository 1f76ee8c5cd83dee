"""Routes of our own that stand before Chainlit's: the page, feedback, titles, files and sources.

Each of them knows who asks. Chainlit's versions do not ask (feedback), store raw text (titles)
or read any file (uploads).
"""

import math
from dataclasses import asdict
from typing import Annotated, Literal
from uuid import UUID

from chainlit.auth import clear_auth_cookie, get_current_user
from chainlit.server import call_action
from chainlit.session import WebsocketSession
from chainlit.types import CallActionRequest, DeleteFeedbackRequest, UpdateFeedbackRequest, UpdateThreadRequest
from chainlit.user import PersistedUser, User
from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field
from starlette.datastructures import Headers

from app.access.gate import host_of
from app.attachments import MOST, read_text
from app.chat.answer_text import plain
from app.chat.data_layer import uuid_or_none
from app.chat.flowing import flowing
from app.chat.guest_pass import GUEST_COOKIE, TOKEN_COOKIE, bearer, cookies_for, forget
from app.chat.pages import page_html, policy
from app.chat.runtime import Chat
from app.chat.steps_shown import answer_of_run
from app.db.conversations import find_attachment, rename_conversation
from app.db.messages import Erased
from app.db.pseudonyms import load_pseudonyms
from app.db.scores import conversation_of_answer, rate, unrate
from app.db.users import GUEST
from app.own_erasure import erase_own
from app.protecting import find_source, protect
from app.storable import storable
from graph.errors import AttachmentRefused, TooManyRequests
from graph.guards.links import Hosts
from graph.guards.outgoing import cleaned
from graph.guards.pseudonyms import Pseudonyms
from graph.knowledge.plain import without_inner_links

LONGEST_COMMENT = 2000
LONGEST_TITLE = 120
MOST_SOURCES = 1000
OUT_OF_DATE = "This page is out of date. Please reload it."

SESSION_COOKIE = "X-Chainlit-Session-id"

Somebody = Annotated[User | PersistedUser | None, Depends(get_current_user)]


class SessionCookie(BaseModel):
    """What the page tells of its session."""

    session_id: Annotated[str, Field(pattern=r"^[\w-]{1,64}$")]


class ErasureWanted(BaseModel):
    """What the page sends once the visitor was asked and is sure."""

    sure: Literal[True]


def known(user: Somebody) -> PersistedUser:
    """Who asks; refused when nobody does or the database does not know them."""
    if not isinstance(user, PersistedUser):
        raise HTTPException(401, "Please sign in.")
    return user


Known = Annotated[PersistedUser, Depends(known)]


def chat_routes(chat: Chat, token_secret: str) -> APIRouter:
    """All of them."""
    router = APIRouter(include_in_schema=False)
    _add_pages(router, chat, token_secret)
    _add_erasure(router, chat)
    _add_judgements(router, chat)
    _add_actions(router)
    _add_files(router, chat)
    return router


def _add_pages(router: APIRouter, chat: Chat, token_secret: str) -> None:
    html = page_html(guests=chat.guests)
    origins = chat.settings.server.origins

    def document(headers: Headers) -> HTMLResponse:
        response = HTMLResponse(html.text)
        response.headers["Content-Security-Policy"] = policy(html, host_of(headers), origins)
        response.headers["Cache-Control"] = "no-store"
        return response

    @router.api_route("/", methods=["GET", "HEAD"])
    @router.api_route("/thread/{thread_id}", methods=["GET", "HEAD"])
    async def page(request: Request) -> Response:
        response = document(request.headers)
        if chat.guests:
            secure = request.url.scheme == "https"
            for cookie in cookies_for(chat.services.secret, token_secret, request.cookies, secure=secure):
                response.headers.append("Set-Cookie", cookie)
        return response

    @router.api_route("/login", methods=["GET", "HEAD"])
    @router.api_route("/login/callback", methods=["GET", "HEAD"])
    async def sign_in(request: Request) -> Response:
        """A guest who comes here wants to be somebody: the token goes, the guest's own cookie stays."""
        response = document(request.headers)
        if (bearer(token_secret, request.cookies.get(TOKEN_COOKIE)) or "").startswith(GUEST):
            response.headers.append("Set-Cookie", forget(TOKEN_COOKIE, secure=request.url.scheme == "https"))
        return response

    @router.post("/logout")
    async def sign_out(request: Request) -> Response:
        """Leave nothing behind: the next person at this browser is another guest."""
        response = JSONResponse({"success": True})
        clear_auth_cookie(request, response)
        response.headers.append("Set-Cookie", forget(GUEST_COOKIE, secure=request.url.scheme == "https"))
        return response

    @router.post("/set-session-cookie")
    async def remember_session(wanted: SessionCookie, request: Request) -> Response:
        """Keep which session of the page this browser has, for a load balancer that leads it back to its process."""
        response = JSONResponse({"success": True})
        response.set_cookie(
            SESSION_COOKIE,
            wanted.session_id,
            path="/",
            httponly=True,
            secure=request.url.scheme == "https",
            samesite="lax",
        )
        return response


def _add_erasure(router: APIRouter, chat: Chat) -> None:
    @router.post("/erasure")
    async def erasure(wanted: ErasureWanted, user: Known, request: Request) -> Response:
        """Erase everything of the visitor's, and make this browser nobody's. The gate saw that our page asked."""
        address = request.client.host if request.client else ""
        try:
            gone = await erase_own(chat.services, await chat.site_id(), UUID(user.id), address=address)
        except TooManyRequests as error:
            wait_s = str(math.ceil(error.retry_after_s or 1))
            raise HTTPException(429, str(error), headers={"Retry-After": wait_s}) from None
        except Erased as error:
            raise HTTPException(401, str(error)) from None
        response = JSONResponse(asdict(gone))
        clear_auth_cookie(request, response)
        response.headers.append("Set-Cookie", forget(GUEST_COOKIE, secure=request.url.scheme == "https"))
        return response


def _add_judgements(router: APIRouter, chat: Chat) -> None:
    sessions = chat.services.sessions

    @router.put("/feedback")
    async def judge(update: UpdateFeedbackRequest, user: Known) -> JSONResponse:
        feedback, user_id = update.feedback, UUID(user.id)
        answer_id = answer_of_run(feedback.forId)
        async with sessions() as session:
            conversation_id = answer_id and await conversation_of_answer(session, user_id, answer_id)
        if answer_id is None or conversation_id is None:
            raise HTTPException(404, "This answer cannot be rated.")
        said = (feedback.comment or "").strip()[:LONGEST_COMMENT]
        comment = await protect(chat.services, await chat.site_id(), conversation_id, said)
        async with sessions.begin() as session:
            score_id = await rate(session, user_id, answer_id, float(feedback.value), comment)
        return JSONResponse({"success": True, "feedbackId": str(score_id)})

    @router.delete("/feedback")
    async def take_back(payload: DeleteFeedbackRequest, user: Known) -> JSONResponse:
        score_id = uuid_or_none(payload.feedbackId)
        async with sessions.begin() as session:
            if score_id is None or not await unrate(session, UUID(user.id), score_id):
                raise HTTPException(404, "There is no such rating of yours.")
        return JSONResponse({"success": True})

    @router.put("/project/thread")
    async def rename(payload: UpdateThreadRequest, user: Known) -> JSONResponse:
        conversation_id, title = (
            uuid_or_none(payload.threadId),
            " ".join(storable(payload.name).split())[:LONGEST_TITLE],
        )
        if not title:
            raise HTTPException(400, "Please give a name.")
        async with sessions.begin() as session:
            if conversation_id is None or not await rename_conversation(session, UUID(user.id), conversation_id, title):
                raise HTTPException(404, "There is no such conversation of yours.")
            await session.rollback()
        protected = await protect(chat.services, await chat.site_id(), conversation_id, title)
        async with sessions.begin() as session:
            await rename_conversation(session, UUID(user.id), conversation_id, protected)
        return JSONResponse({"success": True})


def _add_actions(router: APIRouter) -> None:
    @router.post("/project/action")
    async def act(payload: CallActionRequest, user: Known) -> JSONResponse:
        """Let Chainlit do it, which fails where the session has ended; whose session it is, it asks itself."""
        if WebsocketSession.get_by_id(payload.sessionId) is None:
            raise HTTPException(404, OUT_OF_DATE)
        done: JSONResponse = await call_action(payload, user)
        return done


def _add_files(router: APIRouter, chat: Chat) -> None:
    sessions = chat.services.sessions

    @router.post("/project/file")
    async def upload(session_id: str, file: UploadFile, user: Known) -> JSONResponse:
        session = WebsocketSession.get_by_id(session_id)
        if session is None or session.user is None or session.user.identifier != user.identifier:
            raise HTTPException(404, OUT_OF_DATE)
        if len(session.files) >= MOST:
            raise HTTPException(400, f"At most {MOST} files can be attached.")
        name, limit = file.filename or "file", chat.settings.turn.attachment_bytes
        try:
            text = read_text(name, await file.read(limit + 1), largest_bytes=limit)
        except AttachmentRefused as error:
            raise HTTPException(400, str(error)) from None
        return JSONResponse(await session.persist_file(name=name, content=text, mime="text/plain"))

    @router.get("/attachments/{attachment_id}")
    async def attachment(attachment_id: str, user: Known) -> Response:
        id_ = uuid_or_none(attachment_id)
        async with sessions() as session:
            found = await find_attachment(session, UUID(user.id), id_) if id_ else None
            if found is None:
                raise HTTPException(404, "There is no such file of yours.")
            pseudonyms = Pseudonyms(await load_pseudonyms(session, found.conversation_id))
        return PlainTextResponse(pseudonyms.restore(found.text))

    @router.get("/sources/{answer_id}/{number}")
    async def source(answer_id: str, number: Annotated[int, Path(ge=1, le=MOST_SOURCES)], user: Known) -> Response:
        """A cited passage as Markdown, with a link to its page or, without one, the name of its document."""
        id_ = uuid_or_none(answer_id)
        async with sessions() as session:
            found = await find_source(session, UUID(user.id), id_, number) if id_ else None
        if found is None:
            raise HTTPException(404, "There is no such source.")
        sites = chat.services.sites
        site = await sites.numbered(await chat.site_id())
        text = flowing(cleaned(without_inner_links(found.text), await sites.hosts(site) if site else Hosts()))
        link = f"\n\n[Open the page]({found.url})" if (found.url or "").startswith(("http://", "https://")) else ""
        place = f"\n\n*{plain(found.document)}*" if not link else ""
        return PlainTextResponse(f"{text}{link}{place}")
