"""The agent: what happens between a visitor's message and an answer. Knows nothing of HTTP, Chainlit or SQL."""
