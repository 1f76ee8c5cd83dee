"""What a message wants: intents from a file, told apart by the sentence vector."""
