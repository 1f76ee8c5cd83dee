"""The sites as every part of a process reads them: from memory while nothing has changed, else from the database."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.intents import intent_version
from app.db.listen import Listener
from app.db.sites import CHANGED, site_by_id, site_by_name
from app.db.tables import Site
from app.settings import CacheMode, Settings
from app.settings_limits import Limits
from app.sites.config import SiteConfig, read_config
from app.sites.intents import classifier_of
from app.sites.links import DocumentHosts
from app.sites.models import confined
from graph.context import Encoder, IntentClassifier
from graph.guards.links import Hosts

MOST = 10_000
"""Sites that are kept in memory."""


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site at one version of its configuration, with the settings of the process where it sets nothing itself."""

    id: int
    name: str
    version: int
    config: SiteConfig
    intents_version: int | None
    assistant: str
    subject: str
    starters: tuple[str, ...]
    passages: int
    min_similarity: float
    cache: CacheMode
    limits: Limits
    """The settings' limits with the site's own in their place."""


class SiteBook:
    """Looks sites up. A change reaches every process within two seconds: it is told, or nothing is kept."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], settings: Settings, listener: Listener) -> None:
        self._sessions, self._settings, self._listener = sessions, settings, listener
        self._by_name: dict[str, SiteView] = {}
        self._by_id: dict[int, SiteView] = {}
        self._changes = 0
        self._classifiers: dict[int, tuple[int, IntentClassifier]] = {}
        self._learning = asyncio.Lock()
        self._links = DocumentHosts(sessions)
        listener.on(CHANGED, self._forget, anew=self._forget_all)

    async def named(self, name: str) -> SiteView | None:
        """The site of that name, if there is one."""
        if self._listener.fresh and (known := self._by_name.get(name)):
            return known
        changes = self._changes
        async with self._sessions() as session:
            return self._keep(await site_by_name(session, name), changes)

    async def numbered(self, site_id: int) -> SiteView | None:
        """The site of that id, if there is one."""
        if self._listener.fresh and (known := self._by_id.get(site_id)):
            return known
        changes = self._changes
        async with self._sessions() as session:
            return self._keep(await site_by_id(session, site_id), changes)

    async def intents(self, site: SiteView, encoder: Encoder, starter: IntentClassifier) -> IntentClassifier:
        """The classifier of a site's own intents, read once for each version; `starter` where it has none."""
        number = site.intents_version
        if number is None:
            return starter
        async with self._learning:
            kept, classifier = self._classifiers.get(site.id, (None, starter))
            if kept != number:
                async with self._sessions() as session:
                    stored = await intent_version(session, site.id, number)
                if stored is None:  # the site was removed meanwhile
                    return starter
                classifier = await asyncio.to_thread(classifier_of, stored, encoder)
                self._classifiers[site.id] = number, classifier
            return classifier

    async def hosts(self, site: SiteView) -> Hosts:
        """Where links in a site's answers may lead: to its documents, and where its owner says."""
        return Hosts([*await self._links.of(site.id), *site.config.links])

    def _forget(self, name: str) -> None:
        self._changes += 1
        if view := self._by_name.pop(name, None):
            self._by_id.pop(view.id, None)

    def _forget_all(self) -> None:
        self._changes += 1
        self._by_name.clear()
        self._by_id.clear()

    def _keep(self, site: Site | None, changes: int) -> SiteView | None:
        """Keep a site that was read, unless some site has changed meanwhile: it may have been this one."""
        if site is None:
            return None
        view = _view(site, self._settings)
        if self._listener.fresh and changes == self._changes:
            if len(self._by_name) >= MOST:
                self._forget_all()
            self._by_name[view.name] = self._by_id[view.id] = view
        return view


def _view(site: Site, settings: Settings) -> SiteView:
    config = confined(read_config(site.config), settings)
    look, knowledge = config.look, config.knowledge
    least = knowledge.min_similarity
    return SiteView(
        id=site.id,
        name=site.name,
        version=site.version,
        config=config,
        intents_version=site.intents_version,
        assistant=look.name or settings.chat.name,
        subject=knowledge.subject or settings.chat.subject,
        starters=settings.chat.starters if look.starters is None else look.starters,
        passages=knowledge.passages or settings.knowledge.passages,
        min_similarity=settings.knowledge.min_similarity if least is None else least,
        cache=config.cache or settings.turn.cache,
        limits=_limits(settings.limits, config),
    )


def _limits(limits: Limits, config: SiteConfig) -> Limits:
    own = config.limits
    return limits.model_copy(
        update={
            "visitor": limits.visitor.model_copy(update=own.visitor.model_dump(exclude_none=True)),
            "site": limits.site.model_copy(update=own.site.model_dump(exclude_none=True)),
        }
    )
