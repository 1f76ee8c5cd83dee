"""The rungs of the ladder of answers: a model that phrases, a small model that may only repeat, the documents alone."""
