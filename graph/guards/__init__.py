"""What stands between a visitor's words and the rest: injected instructions, personal data, pseudonyms."""
