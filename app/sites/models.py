"""Which of the process's models answer for a site."""

from graph.context import ModelRoute

QUOTE = "quote"


def routes_for(model: str, routes: tuple[ModelRoute, ...]) -> tuple[ModelRoute, ...]:
    """The routes that a site's `model` means: none (`quote`), the named one and those after it, or all (`auto`).

    A name that no route has, such as one that was taken out of the settings, means all.
    """
    if model == QUOTE:
        return ()
    names = [route.name for route in routes]
    return routes[names.index(model) :] if model in names else routes
