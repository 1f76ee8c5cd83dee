"""`python -m deploy.secrets`: make the files below `secrets/` that `compose.yaml` hands to the containers."""

import os
import secrets
from pathlib import Path

FOLDER = Path("secrets")


def make(folder: Path) -> list[str]:
    """Make the secrets that are missing and return their names; those that are there stay as they are.

    The folder is closed to others; its files can be read by the containers' unprivileged user.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    password = folder / "database_password"
    url = folder / "database_url"
    if url.exists() and not password.exists():
        raise SystemExit(f"{url} is there without {password}; put that back, or remove both to begin anew.")
    made = [_write(password, secrets.token_hex(24))]
    made.append(_write(url, f"postgresql://parley:{password.read_text(encoding='utf-8')}@database/parley"))
    made.append(_write(folder / "parley_secret", secrets.token_urlsafe(48)))
    made.append(_write(folder / "openai_api_key", ""))
    return [name for name in made if name]


def _write(path: Path, text: str) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return ""
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path.name


if __name__ == "__main__":
    print("Made:", ", ".join(make(FOLDER)) or "nothing, all are there")
    print("Write the hosted model's key into secrets/openai_api_key if there is one; empty means none.")
