"""Training a whole set, with its gate."""

from graph.intents.load import Gate, Intent, IntentSet
from graph.intents.train import Trained, train
from tests.graph.scripted import WordEncoder

NAMES = ("parcel", "refund", "invoice")


def test_a_gate_that_names_no_share_lets_through_what_its_head_says() -> None:
    intents = tuple(
        Intent(name, "answer", tuple(f"{name} w{number} {name[::-1]}" for number in range(12))) for name in NAMES
    )

    def trained(keep: float | None) -> Trained:
        return train(IntentSet(intents, Gate(keep, (), "answer")), WordEncoder())

    untold = trained(None)

    assert untold.gate == trained(untold.head.keep).gate
    assert untold.gate < trained(0.5).gate
