"""The OpenAI-compatible API: the whole agent behind the protocol that programs know already."""
