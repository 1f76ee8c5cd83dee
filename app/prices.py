"""What a try of a model costs, in US dollars: by the settings, else by a price list that is kept up."""

from collections.abc import Iterator
from decimal import Decimal

from genai_prices import Usage as Counted
from genai_prices import calc_price

from app.db.ledger import Priced
from app.settings import Settings
from graph.events import Usage, encoder_route

MILLION = Decimal(1_000_000)
FREE = Decimal(0)


def priced(used: Usage, settings: Settings) -> Priced:
    """A try with its price."""
    return Priced(used, _price(used, settings))


def _price(used: Usage, settings: Settings) -> Decimal | None:
    """None when nobody knows it. Models on the own network cost nothing."""
    if used.rung == "local" or not (used.input_tokens or used.output_tokens):
        return FREE
    given, made = next((prices for route, prices in _set(settings) if route == used.route), (None, None))
    if given is not None or made is not None:
        return ((given or FREE) * used.input_tokens + (made or FREE) * used.output_tokens) / MILLION
    return _listed(used.model, used) or _listed(used.route, used)


def _set(settings: Settings) -> Iterator[tuple[str, tuple[Decimal | None, Decimal | None]]]:
    """The prices of a million tokens, read and written, that the settings hold, by route."""
    for model in settings.models:
        yield model.name, (model.input_usd, model.output_usd)
    for encoder in settings.embeddings:
        yield encoder_route(encoder.name), (encoder.input_usd, None)


def _listed(name: str, used: Usage) -> Decimal | None:
    try:
        found = calc_price(Counted(input_tokens=used.input_tokens, output_tokens=used.output_tokens), model_ref=name)
    except LookupError:
        return None
    return found.total_price
