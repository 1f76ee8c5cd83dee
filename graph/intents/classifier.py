"""Tells intents apart by a head on the sentence vector."""

import numpy as np

from graph.context import Encoder, FloatArray, IntentGuess
from graph.intents.head import Head
from graph.intents.load import IntentSet
from graph.intents.train import NEVER, train

SURE = 0.6
"""Probability, of all such intents together, that a route past the documents needs."""
ALIKE = 0.5
CLEAR = 0.4
"""Cosine to one of its examples, and probability, that the intent needs which leads past the documents."""
ALIKE_SHORT = 0.35
CLEAR_SHORT = 0.2
"""The same for a short message: hardly any of those asks the documents something."""
SHORT_CHARS = 30
STRANGE = 0.45
"""Cosine to the nearest example of any intent below which a message without known words is out of scope."""
PIECES_A_LETTER = 0.5
FEWEST_LETTERS = 4
LAST_LATIN = "\u024f"


class HeadClassifier:
    """Judges by a head on the sentence vector. Safe in many threads.

    A message is led past the documents only when the head is sure that it asks them nothing, and which of the other
    intents it is, and an example of that one is like it; else it counts as the likeliest intent that they answer.

    Out of scope is what stays below the gate, if the set has one. It is also what the documents can hold nothing about
    because it says nothing: it is unlike every example and made of no words that the encoder knows. Whether they answer
    a question on a strange subject, the search finds out.
    """

    def __init__(self, wanted: IntentSet, head: Head, encoder: Encoder, *, gate: float = NEVER) -> None:
        self._wanted, self._head, self._encoder, self._gate = wanted, head, encoder, gate
        self._intents = wanted.intents
        self._answers = [row for row, intent in enumerate(self._intents) if intent.route in ("answer", "tool")]
        self._past = [row for row in range(len(self._intents)) if row not in self._answers]
        self._own = [np.flatnonzero(head.owners == row) for row in range(len(self._intents))]

    @classmethod
    def learn(cls, wanted: IntentSet, encoder: Encoder) -> "HeadClassifier":
        """Train a head on the set's examples: half a second for the starter set."""
        trained = train(wanted, encoder)
        return cls(wanted, trained.head, encoder, gate=trained.gate)

    def classify(self, text: str, vector: FloatArray) -> IntentGuess:
        """Guess what `text` wants. `vector` is its unit vector, of shape `(dimensions,)`."""
        probabilities, cosines = self._head.judge(vector)
        order = probabilities.argsort()[::-1]
        if (gate := self._wanted.gate) and probabilities[order[0]] < self._gate:
            best, runner_up = self._intents[order[0]], self._intents[order[1]].name
            score = float(probabilities[order[0]])
            return IntentGuess(best.name, score, runner_up, out_of_scope=True, route=gate.route, reply=gate.reply)
        best_row = max(self._past or self._answers, key=lambda row: probabilities[row])
        short = len(text) <= SHORT_CHARS and "?" not in text and self._intents[best_row].route != "decline"
        clear, alike = (CLEAR_SHORT, ALIKE_SHORT) if short else (CLEAR, ALIKE)
        sure = probabilities[self._past].sum() >= SURE and probabilities[best_row] >= clear
        if not sure or cosines[self._own[best_row]].max() < alike:
            best_row = max(self._answers, key=lambda row: probabilities[row])
        intent = self._intents[best_row]
        return IntentGuess(
            name=intent.name,
            score=float(probabilities[best_row]),
            runner_up=self._intents[next(row for row in order if row != best_row)].name,
            out_of_scope=float(cosines.max()) < STRANGE and self._says_nothing(text),
            route=intent.route,
            reply=intent.reply,
        )

    def _says_nothing(self, text: str) -> bool:
        """Whether the encoder knows none of the words: it takes them to pieces of two letters or fewer."""
        letters = [letter for letter in text if letter.isalpha()]
        if any(letter > LAST_LATIN for letter in letters):
            return False  # other scripts are always taken to pieces
        pieces = self._encoder.count_tokens("".join(each if each.isalpha() else " " for each in text))
        return len(letters) < FEWEST_LETTERS or pieces >= PIECES_A_LETTER * len(letters)
