"""The folder of Chainlit in this process of the tests: it reads it once, while it is imported."""

import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="parley-chat-"))
