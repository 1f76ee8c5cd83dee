"""Chainlit reads its folder while it is imported, so the folder is made before the tests here are."""

import tempfile

from app.chat.prepared_home import prepare
from app.settings import load_settings

HOME = tempfile.mkdtemp(prefix="parley-chat-")
prepare(load_settings({"PARLEY_HOME": HOME}), "a secret of the tests, long enough")
