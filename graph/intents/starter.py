"""The intents that a new installation begins with."""

from pathlib import Path

from graph.intents.load import IntentSet, load_intents

STARTER = Path(__file__).with_name("intents.toml")


def starter_intents() -> IntentSet:
    """Return the starter set of a support desk."""
    return load_intents(STARTER)
