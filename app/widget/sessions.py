"""Who is at the widget: a guest of this browser, or somebody whom the host's backend vouches for."""

from dataclasses import replace
from uuid import uuid4

from app.access.places import place_of
from app.attachments import MOST, TYPES
from app.db.conversations import give_conversations
from app.db.rates import count
from app.db.users import ensure_guest, ensure_user, user_of_site
from app.sites.book import SiteView
from app.widget.errors import WidgetRefused
from app.widget.identity import read_identity
from app.widget.models import AttachmentLimits, SessionGiven, SessionWanted, SiteShown
from app.widget.tokens import TOKEN_S, Visitor, give_pass, give_token, read_pass
from app.wiring import Services

SESSIONS_A_MINUTE = 60
"""Sessions that one address may begin; many visitors share one behind a company's or a telephone network's gateway."""


async def open_session(
    services: Services, wanted: SessionWanted, *, origin: str, own_origin: str, address: str
) -> SessionGiven:
    """Give a visitor a token.

    Args:
        origin: of the page that asks, as the browser names it; empty when it names none.
        own_origin: ours, whose pages may embed every site's widget.
        address: of the visitor, for the limit.

    Raises:
        WidgetRefused: there is no such site, its widget may not stand on that page, the identity is not right, or this
            address asks too often.
    """
    site = await services.sites.named(wanted.site)
    if site is None:
        raise WidgetRefused(404, "unknown_site", f"There is no site {wanted.site} here.")
    if origin not in (*site.config.origins, own_origin):
        page = origin or "a page without origin"
        raise WidgetRefused(403, "origin_not_allowed", f"The chat of {wanted.site} may not be used on {page}.")
    await _admit(services, site, address)
    visitor = await _visitor(services, site, wanted, origin)
    # Whom a host once vouched for stays that visitor until this pass ends, and no longer: only the host can renew it.
    kept = wanted.visitor if visitor.identified and wanted.identity is None else None
    return SessionGiven(
        token=give_token(services, visitor),
        expires_in_s=TOKEN_S,
        visitor=kept or give_pass(services, visitor),
        identified=visitor.identified,
        user=visitor.user_id,
        site=_shown(services, site),
    )


async def _admit(services: Services, site: SiteView, address: str) -> None:
    async with services.sessions.begin() as session:
        wait_s = await count(session, f"widget {site.id} {place_of(address)}", most=SESSIONS_A_MINUTE, window_s=60)
    if wait_s is not None:
        raise WidgetRefused(
            429,
            "too_many",
            "Too many people connect from your network just now. Please wait a moment.",
            retry_after_s=wait_s,
        )


async def _visitor(services: Services, site: SiteView, wanted: SessionWanted, origin: str) -> Visitor:
    before = await _of_pass(services, site, wanted.visitor)
    if wanted.identity is None:
        if before is not None:
            return replace(before, origin=origin)
        async with services.sessions.begin() as session:
            return Visitor((await ensure_guest(session, site.id, uuid4())).id, site.id, origin, identified=False)
    vouched = read_identity(site.config.identity, wanted.identity)
    async with services.sessions.begin() as session:
        user = await ensure_user(session, site.id, vouched.identifier, vouched.name)
        if before is not None and not before.identified and before.user_id != user.id:
            await give_conversations(session, before.user_id, user.id)
    return Visitor(user.id, site.id, origin, identified=True, labels=vouched.labels)


async def _of_pass(services: Services, site: SiteView, given: str | None) -> Visitor | None:
    """Whom a pass of this site names, if they are still known: who was erased is a stranger."""
    visitor = read_pass(services, given)
    if visitor is None or visitor.site_id != site.id:
        return None
    async with services.sessions() as session:
        return visitor if await user_of_site(session, site.id, visitor.user_id) else None


def _shown(services: Services, site: SiteView) -> SiteShown:
    turn, look = services.settings.turn, site.config.look
    return SiteShown(
        name=site.name,
        assistant=site.assistant,
        greeting=look.greeting,
        accent=look.accent,
        position=look.position,
        starters=site.starters,
        language=site.config.language,
        message_chars=turn.message_chars,
        attachments=AttachmentLimits(
            count=MOST if turn.attachment_bytes else 0,
            bytes=turn.attachment_bytes,
            accept=",".join(ending for endings in TYPES.values() for ending in endings),
        ),
        handover=True,
    )
