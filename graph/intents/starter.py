"""The intents that a new installation begins with."""

from pathlib import Path

from graph.intents.load import Intent, load_intents

STARTER = Path(__file__).with_name("intents.toml")


def starter_intents() -> tuple[Intent, ...]:
    """Return the starter set of a support desk."""
    return load_intents(STARTER)
