"""Tells intents apart by a head on the sentence vector, trained on their examples when the program starts."""

from collections.abc import Sequence

import numpy as np

from graph.context import Encoder, FloatArray, IntentGuess
from graph.errors import ConfigError
from graph.intents.load import Intent
from graph.intents.regression import balanced, fit, softmax, with_bias

C = 20.0
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
    """Logistic regression over the examples' vectors. Safe in many threads.

    A message is led past the documents only when the head is sure that it asks them nothing, and which of the other
    intents it is, and an example of that one is like it; else it counts as the likeliest intent that they answer.

    Out of scope is what the documents can hold nothing about because it says nothing: it is unlike every example and
    made of no words that the encoder knows. Whether they answer a question on a strange subject, the search finds out.
    """

    def __init__(self, intents: Sequence[Intent], encoder: Encoder) -> None:
        """Encode the examples and train the head: half a second for the starter set.

        Raises:
            ConfigError: there are fewer than two intents, or none that the documents answer.
        """
        self._intents = tuple(intents)
        self._answers = [row for row, intent in enumerate(self._intents) if intent.route == "answer"]
        self._past = [row for row in range(len(self._intents)) if row not in self._answers]
        if len(self._intents) < 2 or not self._answers:
            raise ConfigError('The intents need at least two entries, one of them with the route "answer".')
        texts = [example for intent in self._intents for example in intent.examples]
        self._encoder = encoder
        self._examples = encoder.encode(texts)
        self._labels = np.repeat(np.arange(len(self._intents)), [len(intent.examples) for intent in self._intents])
        self._head = fit(self._examples.astype(np.float64), self._labels, balanced(self._labels), c=C)

    def classify(self, text: str, vector: FloatArray) -> IntentGuess:
        """Guess what `text` wants. `vector` is its unit vector, of shape `(dimensions,)`."""
        probabilities = softmax(with_bias(vector[None].astype(np.float64)) @ self._head)[0]
        similarity = self._examples @ vector
        best = max(self._past or self._answers, key=lambda row: probabilities[row])
        short = len(text) <= SHORT_CHARS and "?" not in text and self._intents[best].route != "decline"
        clear, alike = (CLEAR_SHORT, ALIKE_SHORT) if short else (CLEAR, ALIKE)
        sure = probabilities[self._past].sum() >= SURE and probabilities[best] >= clear
        if not sure or similarity[self._labels == best].max() < alike:
            best = max(self._answers, key=lambda row: probabilities[row])
        others = [row for row in probabilities.argsort()[::-1] if row != best]
        intent = self._intents[best]
        return IntentGuess(
            name=intent.name,
            score=float(probabilities[best]),
            runner_up=self._intents[others[0]].name,
            out_of_scope=float(similarity.max()) < STRANGE and self._says_nothing(text),
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
