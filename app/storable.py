"""Text as PostgreSQL can hold it."""


def storable(text: str) -> str:
    """Text without NUL and without halves of surrogate pairs, both of which JSON can bring."""
    return text.replace("\0", "").encode(errors="ignore").decode()
