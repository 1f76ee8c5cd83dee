"""Chainlit's folder below `home`: its configuration, texts and look, written anew at every start.

Chainlit reads and writes its folder while it is imported, so this runs first, and this module imports nothing of it.
"""

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app.attachments import MOST, TYPES
from app.chat.no_traceloop import stand_in
from app.settings import Settings

ASSETS = Path(__file__).parent / "assets"
WELCOME = Path(__file__).resolve().parents[2] / "chainlit.md"
SESSION_S = 3600
"""How long a page that lost its connection may come back to the same session."""
SIGNED_IN_S = 15 * 24 * 3600


def prepare(settings: Settings, token_secret: str) -> Path:
    """Write the folder, tell Chainlit through the environment where it is, and return it.

    Raises:
        RuntimeError: Chainlit was imported before, with another folder.
    """
    root = settings.home.resolve() / "chainlit"
    if "chainlit.config" in sys.modules and os.environ.get("CHAINLIT_APP_ROOT") != str(root):
        raise RuntimeError("Chainlit was imported before its folder was prepared")
    (root / ".chainlit" / "translations").mkdir(parents=True, exist_ok=True)
    shutil.rmtree(root / ".files", ignore_errors=True)  # what visitors uploaded to a process that was killed
    _write(root / ".chainlit" / "config.toml", config_of(settings))
    _write(root / ".chainlit" / "translations" / "en-US.json", json.dumps(_texts(settings), indent=1))
    shutil.copytree(ASSETS, root / "public", dirs_exist_ok=True)
    for theme in ("light", "dark"):
        drawn = (ASSETS / f"logo_{theme}.svg").read_text(encoding="utf-8")
        _write(root / "public" / f"logo_{theme}.svg", drawn.replace("Parley", _xml(settings.chat.name)))
    _write(root / "chainlit.md", WELCOME.read_text(encoding="utf-8") if WELCOME.is_file() else "")
    stand_in()
    os.environ["CHAINLIT_APP_ROOT"] = str(root)
    os.environ["CHAINLIT_AUTH_SECRET"] = token_secret
    return root


def config_of(settings: Settings) -> str:
    """Chainlit's `config.toml`: all that is not used is switched off."""
    megabytes = max(1, -(-settings.turn.attachment_bytes // 1_000_000))
    sections: dict[str, dict[str, Any]] = {
        "project": {
            "session_timeout": SESSION_S,
            "user_session_timeout": SIGNED_IN_S,
            "allow_origins": list(settings.server.origins),
            "transports": ["websocket"],
            "cache": False,
        },
        "features": {
            "unsafe_allow_html": False,
            "latex": False,
            "user_message_markdown": False,
            "edit_message": True,
            "allow_thread_sharing": False,
            "favorites": False,
        },
        "features.spontaneous_file_upload": {
            "enabled": settings.turn.attachment_bytes > 0,
            "max_files": MOST,
            "max_size_mb": megabytes,
        },
        "features.spontaneous_file_upload.accept": dict(TYPES),
        "features.mcp": {"enabled": False},
        "features.audio": {"enabled": False},
        "UI": {
            "name": settings.chat.name,
            "description": f"{settings.chat.name} answers questions about {settings.chat.subject}, with sources.",
            "language": "en-US",
            "cot": "full",
            "default_sidebar_state": "open",
            "confirm_new_chat": False,
            "custom_css": "/public/style.css",
            "custom_js": "/public/page.js",
            "custom_js_attributes": "",
            "custom_meta_url": "/",
            "custom_meta_image_url": "/public/favicon.svg",
            "login_page_image": "/public/quiet.svg",
            "avatar_size": 28,
        },
        "meta": {"generated_by": "2.12.0"},
    }
    if settings.embedded if settings.chat.guests is None else settings.chat.guests:
        # Shown to guests only: the script in the page hides it from whom it does not concern.
        link = {
            "name": "Sign in",
            "display_name": "Sign in",
            "icon_url": "/public/sign_in.svg",
            "url": "/login",
            "target": "_self",
        }
        sections["UI"]["header_links"] = [link]
    return "\n".join(_section(name, values) for name, values in sections.items())


def _section(name: str, values: dict[str, Any]) -> str:
    return "\n".join([f"[{name}]", *(f"{json.dumps(key)} = {_toml(value)}" for key, value in values.items()), ""])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value)  # strings, numbers and truth values are written alike in both


def _texts(settings: Settings) -> dict[str, Any]:
    """Chainlit's English texts with our own over them."""
    spec = find_spec("chainlit")
    if spec is None or spec.origin is None:
        raise RuntimeError("Chainlit is not installed")
    own: dict[str, Any] = json.loads((ASSETS / "texts.json").read_text(encoding="utf-8"))
    stock: dict[str, Any] = json.loads(
        (Path(spec.origin).parent / "translations" / "en-US.json").read_text(encoding="utf-8")
    )
    for path, text in own.items():
        *parents, last = path.split(".")
        place = stock
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = text.replace("{name}", settings.chat.name)
    return stock


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
