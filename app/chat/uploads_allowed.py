"""Which files visitors may attach. Apart from `uploads`, because it is read before Chainlit can be imported."""

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
