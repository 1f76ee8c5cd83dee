"""One pass over a message: its sentence vector, which search, intents and the injection screen read."""
