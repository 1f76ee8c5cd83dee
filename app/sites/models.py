"""Which of the process's models answer for a site."""

from collections.abc import Sequence

from app.model_files import CHAT
from app.settings import Settings
from app.sites.config import SiteConfig, SiteRefused
from graph.context import ModelRoute

QUOTE = "quote"
"""In place of a model's name: the documents answer, and no model."""


def routes_for(names: Sequence[str], routes: tuple[ModelRoute, ...]) -> tuple[ModelRoute, ...]:
    """The routes of these names in this order; without names all there are.

    A name that no route has is left out: a site that named its models is never answered by one that it did not name.
    """
    if not names:
        return routes
    by_name = {route.name: route for route in routes}
    return tuple(by_name[name] for name in names if name in by_name)


def model_names(settings: Settings) -> tuple[str, ...]:
    """The names of the models that the settings give a process, without opening them."""
    hosted, local = settings.hosted, settings.local
    names = [model.name for model in settings.models]
    if hosted.api_key is not None or hosted.base_url is not None:
        names.append(hosted.model)
    if local.enabled:
        names.append((local.model or CHAT.path).stem)
    return tuple(names)


def encoder_names(settings: Settings) -> tuple[str, ...]:
    """The names of the encoders that the settings give a process besides the installed one."""
    return tuple(encoder.name for encoder in settings.embeddings)


def check_names(config: SiteConfig, settings: Settings) -> None:
    """Refuse a site whose models are not there.

    Raises:
        SiteRefused: a name is that of no model of the settings; the sentence says which there are.
    """
    there = model_names(settings)
    for name in (*config.models.answers, *config.models.small_jobs):
        if name != QUOTE and name not in there:
            raise SiteRefused(f"There is no model {name}; there are {', '.join((*there, QUOTE))}.")
    encoders = encoder_names(settings)
    for name in config.models.embeddings:
        if name not in encoders:
            raise SiteRefused(f"There is no encoder {name}; there are {', '.join(encoders) or 'none besides our own'}.")
