"""Which of the process's models answer for a site, and what of a site's own a region leaves it."""

from collections.abc import Mapping, Sequence

from app.model_files import CHAT
from app.settings import Settings
from app.sites.config import SiteConfig, SiteRefused
from graph.context import ModelRoute

QUOTE = "quote"
"""In place of a model's name: the documents answer, and no model."""
_NONE = ("",)
"""Names that nothing can have."""


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


def confined(config: SiteConfig, settings: Settings) -> SiteConfig:
    """The configuration with only those models, encoders and tools that are in the site's region.

    Where none is left, a name stands there that nothing has: without any name, all would be meant.
    """
    if config.region is None:
        return config
    regions = _regions(settings)
    encoders = {encoder.name: encoder.region for encoder in settings.embeddings}

    def within(names: Sequence[str], there: Mapping[str, str | None]) -> tuple[str, ...]:
        return tuple(name for name in names if there.get(name) == config.region) or _NONE

    named = config.models
    models = named.model_copy(
        update={
            "answers": within(named.answers or tuple(regions), regions),
            "small_jobs": within(named.small_jobs, regions) if named.small_jobs else (),
            "embeddings": within(named.embeddings or tuple(encoders), encoders),
        }
    )
    tools = tuple(tool for tool in config.tools if tool.address is None or tool.region == config.region)
    return config.model_copy(update={"models": models, "tools": tools})


def check_region(config: SiteConfig, settings: Settings) -> None:
    """Refuse a site that names a region which this process, or a model or tool that it names, is not in.

    Raises:
        SiteRefused: the sentence says what is elsewhere.
    """
    wanted, here = config.region, settings.database.region
    if wanted is None:
        return
    if here != wanted:
        where = f"in {here}" if here else "in no region that database.region names"
        raise SiteRefused(f"The site may be processed in {wanted} only, and the database is {where}.")
    there = _regions(settings) | {encoder.name: encoder.region for encoder in settings.embeddings}
    named = [*config.models.answers, *config.models.small_jobs, *config.models.embeddings]
    for tool in config.tools:
        if tool.address is not None:
            name = f"the tool {tool.name}"
            named.append(name)
            there[name] = tool.region
    for name in named:
        if name != QUOTE and there.get(name) != wanted:
            where = f"in {there[name]}" if there.get(name) else "in no region that is named"
            raise SiteRefused(f"The site may be processed in {wanted} only, and {name} is {where}.")


def _regions(settings: Settings) -> dict[str, str | None]:
    """Where each model is. The local one is where the process and its database are."""
    hosted = settings.hosted
    declared = {model.name: model.region for model in settings.models}
    if hosted.api_key is not None or hosted.base_url is not None:
        same = declared.get(hosted.model, hosted.region) == hosted.region  # else one name is in two regions: in none
        declared[hosted.model] = hosted.region if same else None
    return {name: declared.get(name, settings.database.region) for name in model_names(settings)}


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
