"""Files that visitors attach: small text files, read at once and never kept as files."""

from pathlib import PurePath

from graph.errors import AttachmentRefused

MOST = 3
TYPES = {
    "text/plain": [".txt", ".log", ".text"],
    "text/markdown": [".md"],
    "text/csv": [".csv"],
    "text/html": [".html", ".htm"],
    "application/json": [".json", ".jsonl"],
    "application/yaml": [".yaml", ".yml"],
    "application/xml": [".xml"],
}
"""Media types that are read, with the endings of their names."""

_ENDINGS = frozenset(ending for endings in TYPES.values() for ending in endings)


def size_in_words(size_bytes: int) -> str:
    """A size as people read it."""
    if size_bytes >= 1_000_000:
        return f"{size_bytes / 1_000_000:.3g} MB"
    return f"{size_bytes / 1000:.3g} kB" if size_bytes >= 1000 else f"{size_bytes} bytes"


def read_text(name: str, content: bytes, *, largest_bytes: int) -> str:
    """Return the text of a file.

    Raises:
        AttachmentRefused: it is too large, empty, or no text; the sentence says which.
    """
    short = name if len(name) <= 60 else name[:57] + "…"
    if largest_bytes == 0:
        raise AttachmentRefused("Files cannot be attached here. Please paste the text that matters.")
    if len(content) > largest_bytes:
        raise AttachmentRefused(
            f"{short} is larger than {size_in_words(largest_bytes)}. "
            "Please attach a shorter text or paste the part that matters."
        )
    if PurePath(name).suffix.lower() not in _ENDINGS:
        raise AttachmentRefused(f"{short} cannot be read here. Please attach a text file, such as .txt, .md or .csv.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if not text.strip():
        raise AttachmentRefused(f"{short} is empty.")
    if "\0" in text:
        raise AttachmentRefused(
            f"{short} is not a text file in UTF-8. Please attach a text or paste the part that matters."
        )
    return text
