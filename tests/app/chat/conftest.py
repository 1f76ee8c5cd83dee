"""Chainlit reads its folder while it is imported, so the folder is made before the tests here are."""

from app.chat.prepared_home import prepare
from app.settings import load_settings
from tests.app.chainlit_home import HOME

prepare(load_settings({"PARLEY_HOME": str(HOME)}), "a secret of the tests, long enough")
