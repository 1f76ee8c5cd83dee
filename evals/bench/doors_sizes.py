"""What a browser has to load: the widget's loader, all of an open widget, and Chainlit's own embed beside them."""

import gzip
from importlib.util import find_spec
from pathlib import Path

from app.widget.assets import LOADER, read_client
from evals.bench.figure import Figure

KB = 1000
WORDS = "words/"
LANGUAGE = "words/en.js"


def measure_sizes() -> list[Figure]:
    """Compressed sizes, as they are sent. An open widget loads the words of one language."""
    _, assets = read_client()
    packed = {name: len(asset.packed) / KB for name, asset in assets.items()}
    opened = sum(size for name, size in packed.items() if not name.startswith(WORDS) or name == LANGUAGE)
    figures = [
        Figure("script that a host page loads, compressed", packed[LOADER], "kB", 5),
        Figure("all that an open widget loads, compressed", opened, "kB", 40),
    ]
    if (theirs := _chainlit_embed()) is not None:
        figures.append(Figure("Chainlit's embed, compressed alike", len(gzip.compress(theirs, 9)) / KB, "kB"))
        figures.append(Figure("Chainlit's embed, plain", len(theirs) / KB, "kB"))
    return figures


def _chainlit_embed() -> bytes | None:
    found = find_spec("chainlit")  # not imported: it writes files
    if found is None or found.origin is None:
        return None
    script = Path(found.origin).parent / "copilot" / "dist" / "index.js"
    return script.read_bytes() if script.is_file() else None
