"""What the nodes of one turn may use, for one site and one visitor."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from app.admission import Admission
from app.budgets import Tier, affordable, tier_of
from app.db.cache import SiteCache
from app.db.search import SiteKnowledge
from app.release import release_of
from app.sites.book import SiteView
from app.sites.hours import reachable
from app.sites.models import routes_for
from app.tool_use.box import TurnTools
from app.wiring import Services
from graph.context import Limits, ModelRoute, TurnContext
from graph.events import Usage
from graph.guards.language import language_of
from graph.guards.site_screen import SiteScreen
from graph.replies import FALLBACK


@dataclass(frozen=True, slots=True)
class Knows:
    """The context, and what the turn itself needs of what is in it."""

    context: TurnContext
    cache: SiteCache
    tools: TurnTools
    tier: Tier


async def context_of(services: Services, admission: Admission, site: SiteView, tries: list[Usage]) -> Knows:
    """Put together what the nodes of an admitted turn may use.

    Args:
        tries: gets every try of a model.
    """
    settings, request = services.settings, admission.request
    tier = await tier_of(services.sessions, site)
    answering = routes_for(site.config.models.answers, services.models)
    cache = SiteCache(
        services.sessions,
        site.id,
        mode="off" if admission.keeps_any else site.cache,  # another visitor might be given it
        labels=request.labels,
        release=release_of(site, settings, answering),
        same=services.same,
        secret=services.secret,
    )
    knowledge = SiteKnowledge(
        services.sessions,
        site.id,
        services.encoder.name,
        partial(services.embedders.ranking, site.id, site.config.models.embeddings, tries.append),
        request.labels,
        stand_in=partial(services.stand_in.ranking, site.id),
    )
    tools = TurnTools(services, site, admission, knowledge)
    context = TurnContext(
        assistant=site.assistant,
        subject=site.subject,
        encoder=services.encoder,
        injection=SiteScreen(
            services.injection, site.config.screening_threshold, shadow=site.config.screening == "shadow"
        ),
        intents=await services.sites.intents(site, services.encoder, services.intents),
        knowledge=knowledge,
        models=affordable(answering, tier),
        small_jobs=affordable(_for_small_jobs(site, services), tier),
        limits=Limits(
            passages=site.passages,
            answer_tokens=settings.turn.answer_tokens,
            history_messages=settings.turn.history_messages,
            turn_s=settings.turn.turn_s,
            waits_s=settings.turn.waits_s,
            min_similarity=site.min_similarity,
            reranked=settings.knowledge.reranked,
            by_difficulty=settings.turn.by_difficulty and tier == "within",
        ),
        breakers=services.breakers,
        personal=admission.pseudonyms.values,
        reranker=services.reranker,
        cache=cache,
        tools=tools,
        tries=tries,
        marks=services.marks,
        name_marks=services.name_marks,
        people=reachable(site.config.hours, datetime.now(UTC), language_of(request.text) or FALLBACK).text,
    )
    return Knows(context, cache, tools, tier)


def _for_small_jobs(site: SiteView, services: Services) -> tuple[ModelRoute, ...]:
    """The models that a site names for small jobs; otherwise those of its chain that may phrase, cheap ones first."""
    named = site.config.models.small_jobs
    if named:
        return routes_for(named, services.models)
    answering = routes_for(site.config.models.answers, services.models)
    able = [route for route in answering if route.trusted]
    return tuple(sorted(able, key=lambda route: not (route.small or route.rung == "local")))
