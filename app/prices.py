"""What a try of a model costs, in US dollars: by the settings, else by a price list that is kept up."""

from decimal import Decimal

from genai_prices import Usage as Counted
from genai_prices import calc_price

from app.settings import Settings
from graph.events import Usage

MILLION = Decimal(1_000_000)
FREE = Decimal(0)


def price(used: Usage, settings: Settings) -> Decimal | None:
    """The price of a try; None when nobody knows it. Models on the own network cost nothing."""
    if used.rung == "local" or not (used.input_tokens or used.output_tokens):
        return FREE
    model = next((model for model in settings.models if model.name == used.route), None)
    if model is not None and (model.input_usd is not None or model.output_usd is not None):
        given, made = model.input_usd or FREE, model.output_usd or FREE
        return (given * used.input_tokens + made * used.output_tokens) / MILLION
    return _listed(used.model, used) or _listed(used.route, used)


def _listed(name: str, used: Usage) -> Decimal | None:
    try:
        found = calc_price(Counted(input_tokens=used.input_tokens, output_tokens=used.output_tokens), model_ref=name)
    except LookupError:
        return None
    return found.total_price
